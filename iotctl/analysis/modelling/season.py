"""Seasons: the periods with which a series repeats, and the profile of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.modelling.amplitude import Amplitude, find_amplitude
from iotctl.analysis.modelling.hours import Counted, Hours
from iotctl.analysis.robust import grouped_median

Floats = NDArray[np.float64]

DAY, WEEK = 24.0, 168.0

_BINS, _BINS_OF_LONG = 96, 168
_LONG_HOURS = 48.0
_FEWEST_CYCLES = 4
# The trend follows longer periods, such as a year: a few cycles do not make a profile. An exception is a series with
# one reading a day: ten days have too few rows for a trend.
_LONGEST_HOURS, _LONGEST_ROWS = 840.0, 400.0
_ROWS_PER_BIN = 6  # in the half of the cycles from which a profile is learnt

# A profile learnt from half of the cycles must cut the mean absolute residual of the other half by this part.
_GAIN = 0.07

_GRID = 1 << 15
_CORRELATED = 0.2


@dataclass(frozen=True)
class Season:
    """A period in hours, counted from x = 0, and its profile: the value at the middle of each phase bin, (bins,).

    counted: which kind of hours x is. amplitude: the factor of the profile, where it changes over time.
    """

    period_hours: float
    profile: Floats
    counted: Counted = Counted.ELAPSED
    amplitude: Amplitude | None = None

    def bins(self, x: Floats) -> NDArray[np.intp]:
        """The phase bin of each x in hours; (n,)."""
        return _phase_bins(x, self.period_hours, len(self.profile))

    def at(self, x: Floats) -> Floats:
        """The profile at each x in hours, linear between the middles of bins; (n,)."""
        bins = len(self.profile)
        phase = (x / self.period_hours % 1.0) * bins - 0.5
        around = np.concatenate([self.profile[-1:], self.profile, self.profile[:1]])
        seasonal: Floats = np.interp(phase, np.arange(-1, bins + 1), around)
        return seasonal if self.amplitude is None else seasonal * self.amplitude.at(x)


def find_seasons(
    hours: Hours, residual: Floats, step_hours: float, periods: Sequence[float], known: Sequence[float] = ()
) -> tuple[Season, ...]:
    """The seasons in a series without trend, among candidate periods in hours; empty where there are none.

    hours: of (n,) rows, in order of time. residual: (n,). step_hours: between two readings; no bin is narrower. Each
    period is tested on what the earlier seasons leave, by cross-validation over even and odd cycles. A day and a week
    are counted by the clock or by elapsed time, a week also with holidays as Sundays, whichever fits best. known:
    periods that the sensor has had before; it is enough that they help at all.
    """
    found: list[Season] = []
    for period in periods:
        if any(abs(period / season.period_hours - 1) < 0.03 for season in found):
            continue
        fitted = []
        for counted in _ways_to_count(hours, period):
            x = hours.counted(counted)
            gain = 0.0 if period in known else _GAIN
            if (season := fit_season(x, residual, period, step_hours, gain)) is not None:
                rest = residual - season.at(x)
                fitted.append((float(np.abs(rest - np.median(rest)).mean()), replace(season, counted=counted), rest))
        if fitted:
            _, season, residual = min(fitted, key=lambda one: one[0])
            found.append(season)
    return tuple(found)


def _ways_to_count(hours: Hours, period_hours: float) -> list[Counted]:
    if period_hours not in (DAY, WEEK):
        return [Counted.ELAPSED]
    ways = [Counted.CLOCK]
    if hours.is_changed:
        ways.append(Counted.ELAPSED)
    if hours.free is not None and period_hours == WEEK:
        ways.append(Counted.FREE)
    return ways


def fit_season(
    x: Floats, residual: Floats, period_hours: float, step_hours: float, gain: float = _GAIN
) -> Season | None:
    """The season of a period; None where it does not cut the residuals of cycles that it was not learnt from."""
    span = float(x.max() - x.min())
    cycles = span / period_hours
    longest = max(_LONGEST_HOURS, _LONGEST_ROWS * step_hours)
    if cycles < _FEWEST_CYCLES or not 4 * step_hours <= period_hours <= longest:
        return None
    most = _BINS_OF_LONG if period_hours > _LONG_HOURS else _BINS
    bins = int(min(most, period_hours / step_hours, len(x) / (2 * _ROWS_PER_BIN)))
    if bins < 4:
        return None
    phase = _phase_bins(x, period_hours, bins)
    cycle = np.floor(x / period_hours).astype(np.intp)
    cycle -= cycle.min()
    # Each cycle about its own median: a change of level that the trend has missed must not hide the season.
    residual = residual - grouped_median(cycle, residual, int(cycle.max()) + 1)[cycle]
    even = cycle % 2 == 0
    for learnt in (even, ~even):
        profile = _profile(phase[learnt], residual[learnt], bins)
        if profile is None:
            return None
        other = residual[~learnt]
        before = np.abs(other - np.median(other)).mean()
        after = np.abs(other - Season(period_hours, profile).at(x[~learnt])).mean()
        if not after < (1 - gain) * before:
            return None
    whole = _profile(phase, residual, bins)
    if whole is None:
        return None
    season = Season(period_hours, whole - float(np.median(whole)))
    return replace(season, amplitude=find_amplitude(x, residual, season.at(x), period_hours))


def _phase_bins(x: Floats, period_hours: float, bins: int) -> NDArray[np.intp]:
    return np.minimum((x / period_hours % 1.0) * bins, bins - 1).astype(np.intp)


def _profile(phase: NDArray[np.intp], residual: Floats, bins: int) -> Floats | None:
    """The median of each bin, with few empty bins bridged; None where more than a tenth of the bins are empty."""
    profile = grouped_median(phase, residual, bins)
    there = np.isfinite(profile)
    if there.mean() < 0.9:
        return None
    return np.interp(np.arange(bins), np.flatnonzero(there), profile[there], period=bins)


def correlated_periods(x: Floats, residual: Floats, step_hours: float) -> list[float]:
    """The periods, in hours, of the two highest peaks of the autocorrelation, up to a quarter of the whole time.

    x: (n,) hours, ascending. residual: (n,), without trend. step_hours: between two of these rows.
    """
    span = float(x[-1] - x[0])
    points = int(min(_GRID, span / step_hours))
    if points < 32:
        return []
    grid = np.interp(np.linspace(0.0, span, points), x - x[0], residual)
    limit = np.quantile(np.abs(grid), 0.99)
    grid = np.clip(grid, -limit, limit)
    grid -= grid.mean()
    spectrum = np.fft.rfft(grid, 2 << points.bit_length())  # a power of two: others take up to ten times as long
    correlation = np.fft.irfft(np.abs(spectrum) ** 2)[: points // _FEWEST_CYCLES]
    if len(correlation) < 8 or correlation[0] <= 0:
        return []
    correlation = correlation / correlation[0]
    # Beyond the first dip, so that slow noise is not taken for a period.
    begin = int(np.argmax(correlation < 0.5 * _CORRELATED))
    if begin == 0:
        return []
    peaks = np.flatnonzero((correlation[1:-1] > correlation[:-2]) & (correlation[1:-1] >= correlation[2:])) + 1
    peaks = peaks[(peaks > begin) & (correlation[peaks] > _CORRELATED)]
    best = peaks[np.argsort(correlation[peaks])[::-1][:2]]
    return [_exact_lag(correlation, int(lag)) * span / (points - 1) for lag in best]


def _exact_lag(correlation: Floats, lag: int) -> float:
    """A peak's lag to a fraction of a step, by its farthest multiple: half a step of error adds up over 100 cycles."""
    exact, multiple = _peak(correlation, lag - 1, lag + 1), 1
    # At twice the lag the error has doubled, to a step or two. The peak of another multiple may be four steps away.
    reach = 2 if lag > 8 else 1
    while (around := round(2 * multiple * exact)) + reach + 1 < len(correlation):
        peak = _peak(correlation, around - reach, around + reach)
        if correlation[round(peak)] < _CORRELATED:
            break
        multiple *= 2
        exact = peak / multiple
    return exact


def _peak(a: Floats, first: int, last: int) -> float:
    """The highest point of the parabola through the highest of a[first..last] and its neighbours."""
    at = first + int(np.argmax(a[first : last + 1]))
    before, here, after = (float(v) for v in a[at - 1 : at + 2])
    bend = before - 2 * here + after
    # On a slope that is nearly straight, the peak of the parabola may be anywhere.
    return at + (min(1.0, max(-1.0, 0.5 * (before - after) / bend)) if bend < 0 else 0.0)

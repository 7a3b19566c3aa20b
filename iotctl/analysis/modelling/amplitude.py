"""The amplitude of a season over the year: days that swing widely in summer and hardly in winter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import mad_sigma

Floats = NDArray[np.float64]

# An amplitude is taken from two weeks, or from so many cycles. An anomaly is shorter, so it lies in one stretch of
# three.
_STRETCH_HOURS, _STRETCH_CYCLES = 336.0, 4.0
_FEWEST_STRETCHES = 6
_FEWEST_ROWS = 24
_REACH_SIGMAS = 4.0
# An amplitude for each stretch, estimated from its two neighbours, must cut the mean absolute residual by this part.
_GAIN = 0.04


@dataclass(frozen=True)
class Amplitude:
    """The factor of a profile over time: factor (k,) at the middles of stretches, in hours (k,); linear in between."""

    middle: Floats
    factor: Floats

    def at(self, x: Floats) -> Floats:
        """The factor at each x, (n,)."""
        factor: Floats = np.interp(x, self.middle, self.factor)
        return factor


def find_amplitude(x: Floats, residual: Floats, seasonal: Floats, period_hours: float) -> Amplitude | None:
    """How the amplitude of a season changes; None where it does not.

    x: (n,) hours. residual: (n,), each cycle about its own median. seasonal: (n,), the season's profile at each row.
    """
    stretch = max(_STRETCH_HOURS, _STRETCH_CYCLES * period_hours)
    first = float(x.min())
    count = int((float(x.max()) - first) / stretch)
    if count < _FEWEST_STRETCHES:
        return None
    at = np.minimum(((x - first) / stretch).astype(np.intp), count - 1)
    swing = seasonal - float(np.median(seasonal))
    sigma = mad_sigma(residual - seasonal)
    near = np.clip(residual, swing - _REACH_SIGMAS * sigma, swing + _REACH_SIGMAS * sigma)
    power = np.bincount(at, swing * swing, count)
    usual = float(np.median(power))
    there = np.bincount(at, minlength=count)
    known = (power > 0.1 * usual) & (there >= _FEWEST_ROWS)
    if usual <= 0 or np.count_nonzero(known) < _FEWEST_STRETCHES:
        return None
    factor = np.bincount(at, near * swing, count)[known] / power[known]
    middle = np.asarray(first + (np.flatnonzero(known) + 0.5) * stretch, dtype=np.float64)
    if not _neighbours_predict(residual - swing, swing, at, known, factor):
        return None
    around = np.concatenate([factor[:1], factor, factor[-1:]])
    smooth = np.median(np.stack([around[:-2], factor, around[2:]]), axis=0)
    return Amplitude(middle, np.maximum(smooth, 0.0))


def _neighbours_predict(
    rest: Floats, swing: Floats, at: NDArray[np.intp], known: NDArray[np.bool_], factor: Floats
) -> bool:
    """Whether the amplitudes beside each stretch describe it better than one amplitude for all."""
    beside = (np.append(factor[1], factor[:-1]) + np.append(factor[1:], factor[-2])) / 2
    guess = np.interp(np.arange(len(known)), np.flatnonzero(known), beside)
    there = known[at]
    one = float(np.median(factor))
    before = np.abs(rest[there] - (one - 1.0) * swing[there]).mean()
    after = np.abs(rest[there] - ((guess - 1.0)[at] * swing)[there]).mean()
    return bool(after < (1 - _GAIN) * before)

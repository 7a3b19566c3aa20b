"""Detection on a page: rows, trend, season, regimes, residuals, components, score, severity, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.components import Components, measure_components
from iotctl.analysis.events import Modelled, find_beyond_limits, find_events, find_gaps
from iotctl.analysis.options import DetectOptions
from iotctl.analysis.regimes import Trend, fit_trend
from iotctl.analysis.robust import dithered, grouped_median, mad_sigma, quantum, thin
from iotctl.analysis.season import DAY, WEEK, Season, correlated_periods, find_seasons
from iotctl.analysis.segmentation import segment
from iotctl.analysis.severity import severity
from iotctl.analysis.still import changes, held, stands_still
from iotctl.analysis.textbook import textbook_trend
from iotctl.model import Detection, Method, Regime

Floats = NDArray[np.float64]

_HOUR = 3_600_000_000.0
_FEWEST_ROWS = 8

# A profile rests on 100 rows per bin or more.
_SEASON_ROWS = 16_384
# Of the least change of a series that stands still.
_STILL_SCALE = 1e-6
_COARSE_BLOCKS, _COARSE_PENALTY = 300, 8.0


def detect(time: NDArray[np.int64], value: Floats, options: DetectOptions | None = None, unit: str = "") -> Detection:
    """What is wrong with one sensor's readings.

    time: int64 (n,), microseconds since 1970-01-01 UTC, in any order. value: float64 (n,), any unit. Rows that are
    not finite, or repeat a time, are left out and counted. Fewer than 8 rows left: no events but gaps and limits.
    A series that stands still is modelled by its levels, whatever the method. unit: of the values, for explanations.
    Raises ValueError where time and value are not two columns of one length.
    """
    if time.ndim != 1 or time.shape != value.shape:
        raise ValueError(f"time and value must be columns of one length, not of shapes {time.shape} and {value.shape}")
    options = options or DetectOptions()
    row, dropped = _usable_rows(time, value)
    time, value = time[row], value[row].astype(np.float64)
    x = (time - time[0]) / _HOUR if len(time) else np.empty(0)
    step_hours = float(np.median(np.diff(x))) if len(x) > 1 else 1.0
    # By a power of two, which is exact: squares of what is left neither overflow nor vanish.
    size = float(2.0 ** (np.frexp(np.abs(value).max())[1] - 1)) if value.any() else 1.0
    y = value / size
    seasons: tuple[Season, ...] = ()
    # The textbook has no answer where there is no noise: its sigma is that of the anomalies.
    method = Method.PIECEWISE if (still := stands_still(y)) else options.method
    if still:
        trend = _still_trend(x, y, step_hours)
    elif len(value) < _FEWEST_ROWS or method is Method.RUPTURES:
        trend = _plain_trend(x, y, method)
    else:
        trend, seasons = _model(x, dithered(y), step_hours)
    expected = trend.expected + _seasonal(x, seasons)
    scale = _scale(x, y - expected, trend.scale, seasons)
    u = (y - expected) / scale
    known_good = None
    if options.reference is not None:
        known_good = (time >= options.reference[0]) & (time < options.reference[1])
    components = _components(u, value, method, known_good)
    score = np.maximum.reduce([np.zeros(len(u)), *components.scores.values()])
    rarities = [*components.scores.values(), *components.slow.values()]
    rare = severity(rarities, known_good) if rarities else np.zeros(len(u))
    expected, scale = expected * size, np.maximum(scale * size, np.finfo(float).tiny)
    series = Modelled(time, value, expected, scale, score, rare, unit)
    events = find_events(series, components, options.threshold, options.min_severity) if len(u) >= _FEWEST_ROWS else []
    events += find_gaps(series, options.threshold)
    if options.limits is not None:
        events += find_beyond_limits(series, options.limits, options.threshold)
    return Detection(
        row=row,
        time=time,
        value=value,
        expected=expected,
        scale=scale,
        score=score,
        severity=rare,
        regimes=tuple(_regimes(time, trend, size)),
        change_points=tuple(int(time[line.start]) for line in trend.lines[1:]),
        events=tuple(sorted(events, key=lambda event: (event.start, event.end, event.kind))),
        periods_hours=tuple(season.period_hours for season in seasons),
        dropped=dropped,
    )


def _usable_rows(time: NDArray[np.int64], value: Floats) -> tuple[NDArray[np.int64], dict[str, int]]:
    """The rows to look at, in order of time, and how many were left out for what."""
    finite = np.flatnonzero(np.isfinite(value))
    order = finite[np.argsort(time[finite], kind="stable")]
    repeated = np.concatenate([[False], np.diff(time[order]) == 0])[: len(order)]
    dropped = {"not finite": len(value) - len(finite), "repeated time": int(repeated.sum())}
    return order[~repeated].astype(np.int64), {reason: count for reason, count in dropped.items() if count}


def _model(x: Floats, y: Floats, step_hours: float) -> tuple[Trend, tuple[Season, ...]]:
    """The seasons, and the trend without them."""
    seasons = _seasons(x, y, step_hours)
    without = y - _seasonal(x, seasons)
    trend = fit_trend(x, without, segment(x, without), step_hours)
    # No regime is quieter than this: what is learnt from few equal values is no noise.
    floor = max(0.3 * mad_sigma(without - trend.expected), _least_scale(y))
    return replace(trend, scale=np.maximum(trend.scale, floor)), seasons


def _seasons(all_x: Floats, all_y: Floats, step_hours: float) -> tuple[Season, ...]:
    """The seasons about a coarse trend, from evenly spread rows; short periods show in a stretch of all rows alone."""
    x, y = thin(all_x, _SEASON_ROWS), thin(all_y, _SEASON_ROWS)
    trend = _coarse_trend(x, y)
    first = max(0, (len(all_x) - _SEASON_ROWS) // 2)
    stretch = slice(first, first + _SEASON_ROWS)
    near = all_y[stretch] - np.interp(all_x[stretch], x, trend)
    periods = [
        *(DAY, WEEK),
        *correlated_periods(x, y - trend, step_hours * len(all_x) / len(x)),
        *correlated_periods(all_x[stretch], near, step_hours),
    ]
    seasons = find_seasons(x, y - trend, step_hours, periods)
    if not seasons:
        return ()
    # Once more: a trend without the season in it gives a better season.
    trend = _coarse_trend(x, y - _seasonal(x, seasons))
    return find_seasons(x, y - trend, step_hours, [season.period_hours for season in seasons])


def _coarse_trend(x: Floats, y: Floats) -> Floats:
    breaks = segment(x, y, blocks=_COARSE_BLOCKS, penalty=_COARSE_PENALTY)
    return fit_trend(x, y, breaks, float(x[-1] - x[0]) / (len(x) - 1)).expected


def _seasonal(x: Floats, seasons: Sequence[Season]) -> Floats:
    return sum((season.at(x) for season in seasons), np.zeros(len(x)))


def _plain_trend(x: Floats, y: Floats, method: Method) -> Trend:
    """The trend of a handful of rows, or that of the textbook."""
    if not len(y):
        return Trend(np.empty(0), np.empty(0), ())
    trend = textbook_trend(x, y) if method is Method.RUPTURES else fit_trend(x, y, np.empty(0, dtype=np.intp), 1.0)
    return replace(trend, scale=np.maximum(trend.scale, _least_scale(y)))


def _still_trend(x: Floats, y: Floats, step_hours: float) -> Trend:
    """The levels of a series that stands still, without its odd readings; it has no noise, and no season."""
    level = held(y)
    trend = fit_trend(x, level, changes(level), step_hours)
    # So small that the least change is odd, so large that rounding is not.
    at = changes(y)
    least = _STILL_SCALE * float(np.abs(y[at] - y[at - 1]).min()) if len(at) else 0.0
    floor = max(least, 1e-12 * float(np.abs(level).max()), 1e-300)
    return replace(trend, scale=np.full(len(y), floor))


def _least_scale(y: Floats) -> float:
    return max(0.3 * quantum(y), 1e-3 * float(y.std()), 1e-12 * float(np.abs(y).max()), 1e-300)


def _scale(x: Floats, residual: Floats, scale: Floats, seasons: Sequence[Season]) -> Floats:
    """The regimes' scale, raised where the sensor is noisier at that hour: the MAD around a phase bin."""
    for season in seasons:
        bins = len(season.profile)
        spread = 1.4826 * np.nan_to_num(grouped_median(season.bins(x), np.abs(residual), bins))
        widest = np.maximum.reduce([np.roll(spread, -1), spread, np.roll(spread, 1)])
        scale = np.maximum(scale, widest[season.bins(x)])
    return scale


def _components(u: Floats, value: Floats, method: Method, known_good: NDArray[np.bool_] | None) -> Components:
    if len(u) < _FEWEST_ROWS:
        return Components({}, {})
    if method is Method.RUPTURES:
        nothing = np.zeros(len(u))
        return Components({"point": np.abs(u), "local": nothing, "stuck": nothing}, {})
    return measure_components(u, value, known_good)


def _regimes(time: NDArray[np.int64], trend: Trend, unit: float) -> list[Regime]:
    return [
        Regime(
            start=int(time[line.start]),
            end=int(time[line.end - 1]),
            rows=line.end - line.start,
            level=line.level * unit,
            slope_per_hour=line.slope * unit,
            scale=line.scale * unit,
        )
        for line in trend.lines
    ]

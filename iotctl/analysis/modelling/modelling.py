"""The model of a series: seasons about a trend of regimes, or levels where it stands still, and a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.blocks import blocks
from iotctl.analysis.modelling.hours import Hours
from iotctl.analysis.modelling.lasting import Lasting, find_changes, find_noise
from iotctl.analysis.modelling.long_series import place
from iotctl.analysis.modelling.regimes import Line, Trend, drawn, fit_trend
from iotctl.analysis.modelling.season import DAY, WEEK, Season, correlated_periods, find_seasons
from iotctl.analysis.modelling.segmentation import segment
from iotctl.analysis.modelling.textbook import textbook_trend
from iotctl.analysis.robust import (
    MAD_TO_SIGMA,
    MODEL_ROWS,
    dithered,
    grouped_median,
    mad_sigma,
    quantum,
    thin,
    thin_rows,
)
from iotctl.analysis.sensor_kinds.intermittent import is_intermittent, usual_amount
from iotctl.analysis.still import changes, held, stands_still
from iotctl.model import Method

Floats = NDArray[np.float64]

_FEWEST_ROWS = 8

# A profile needs 100 rows a bin or more.
_SEASON_ROWS = 16_384
# As a part of the smallest change of a series that stands still.
_STILL_SCALE = 1e-6
_COARSE_BLOCKS, _COARSE_PENALTY = 300, 8.0


@dataclass(frozen=True)
class Model:
    """expected, scale: (n,), with seasons. lines: its regimes. still: whether it stands still.

    step: of a quantised series, in sigma. changes: lasting changes, by row.
    """

    expected: Floats
    scale: Floats
    lines: tuple[Line, ...]
    seasons: tuple[Season, ...]
    still: bool
    step: float
    changes: tuple[Lasting, ...]


def fit_model(
    hours: Hours,
    y: Floats,
    step_hours: float,
    method: Method,
    least_change: float,
    keep_scale: bool = False,
    known_periods: Sequence[float] = (),
) -> Model:
    """The model of a series; a long series is modelled by evenly spread rows.

    hours: of (n,) rows, in order of time. y: (n,), of a size near 1, finite. step_hours: usual time between two rows.
    least_change: the smallest lasting change, in sigma. keep_scale: lasting noise stays odd; the scale does not follow.
    known_periods: of seasons that the sensor has had before.
    """
    still = stands_still(y)
    rows = slice(0, len(y)) if still else thin_rows(len(y), MODEL_ROWS)
    fitted = hours.at(rows)
    if isinstance(rows, np.ndarray):
        step_hours *= len(y) / len(rows)
    x, z = fitted.elapsed, y[rows]
    seasons: tuple[Season, ...] = ()
    if still:
        trend = _still_trend(x, z, step_hours)
    elif len(y) < _FEWEST_ROWS or method is Method.RUPTURES:
        trend = _plain_trend(x, z, method)
    else:
        trend, seasons = _model(fitted, dithered(z), step_hours, known_periods)
    seasonal = _seasonal(fitted, seasons)
    residual = z - (trend.expected + seasonal)
    changes: list[Lasting] = []
    noise: Floats | None = None
    if method is Method.PIECEWISE and len(y) >= _FEWEST_ROWS:
        changes = find_changes(x, z - seasonal, trend, step_hours, least_change)
        # On a coarse scale the variation depends on where the level lies between two steps.
        if not still and quantum(z) < float(np.median(trend.scale)):
            noisier, noise = find_noise(x, residual, step_hours, least_change)
            changes = sorted([*changes, *noisier], key=lambda change: change.row)
    spreads = _spreads(fitted, residual, seasons)
    if isinstance(rows, np.ndarray):
        places = place(rows, trend.lines, hours.elapsed, lambda near: y[near] - _seasonal(hours.at(near), seasons))
        least = float(trend.scale.min())
        trend = drawn(hours.elapsed, places.lines(trend.lines, hours.elapsed))
        np.maximum(trend.scale, least, out=trend.scale)
        changes, noise = places.changes(changes), None if noise is None else places.pieces(noise)
    expected, scale = trend.expected, trend.scale
    for part in blocks(len(y)):
        near = hours.at(part)
        expected[part] += _seasonal(near, seasons)
        scale[part] = _scale(near, scale[part], seasons, spreads)
    if noise is not None and not keep_scale:
        scale *= noise
    if not seasons and method is Method.PIECEWISE and not still and is_intermittent(z):
        np.maximum(scale, usual_amount(z), out=scale)
    step = quantum(z) / float(np.median(thin(scale, MODEL_ROWS))) if len(y) else 0.0
    return Model(expected, scale, trend.lines, seasons, still, step, tuple(changes))


def _model(hours: Hours, y: Floats, step_hours: float, known: Sequence[float]) -> tuple[Trend, tuple[Season, ...]]:
    """The seasons, and the trend without them."""
    seasons = _seasons(hours, y, step_hours, known)
    x, without = hours.elapsed, y - _seasonal(hours, seasons)
    trend = fit_trend(x, without, segment(x, without), step_hours)
    # The lowest scale of a regime: a few equal values say nothing about noise.
    floor = max(0.3 * mad_sigma(without - trend.expected), _least_scale(y))
    return replace(trend, scale=np.maximum(trend.scale, floor)), seasons


def _seasons(all_hours: Hours, all_y: Floats, step_hours: float, known: Sequence[float]) -> tuple[Season, ...]:
    """The seasons about a coarse trend, from evenly spread rows; short periods show only in a stretch of all rows."""
    hours, y = all_hours.thinned(_SEASON_ROWS), thin(all_y, _SEASON_ROWS)
    all_x, x = all_hours.elapsed, hours.elapsed
    trend = _coarse_trend(x, y)
    first = max(0, (len(all_x) - _SEASON_ROWS) // 2)
    stretch = slice(first, first + _SEASON_ROWS)
    near = all_y[stretch] - np.interp(all_x[stretch], x, trend)
    periods = [
        *(DAY, WEEK),
        *known,
        *correlated_periods(x, y - trend, step_hours * len(all_x) / len(x)),
        *correlated_periods(all_x[stretch], near, step_hours),
    ]
    seasons = find_seasons(hours, y - trend, step_hours, periods, known)
    if not seasons:
        return ()
    # A second time: a trend without the season in it gives a better season.
    trend = _coarse_trend(x, y - _seasonal(hours, seasons))
    return find_seasons(hours, y - trend, step_hours, [season.period_hours for season in seasons], known)


def _coarse_trend(x: Floats, y: Floats) -> Floats:
    breaks = segment(x, y, blocks=_COARSE_BLOCKS, penalty=_COARSE_PENALTY)
    return fit_trend(x, y, breaks, float(x[-1] - x[0]) / (len(x) - 1)).expected


def _seasonal(hours: Hours, seasons: Sequence[Season]) -> Floats:
    return sum((season.at(hours.counted(season.counted)) for season in seasons), np.zeros(len(hours.elapsed)))


def _plain_trend(x: Floats, y: Floats, method: Method) -> Trend:
    """The trend of a few rows, or of the textbook method."""
    if not len(y):
        return Trend(np.empty(0), np.empty(0), ())
    trend = textbook_trend(x, y) if method is Method.RUPTURES else fit_trend(x, y, np.empty(0, dtype=np.intp), 1.0)
    return replace(trend, scale=np.maximum(trend.scale, _least_scale(y)))


def _still_trend(x: Floats, y: Floats, step_hours: float) -> Trend:
    """The levels of a series that stands still, without odd readings. Such a series has no noise and no season."""
    level = held(y)
    trend = fit_trend(x, level, changes(level), step_hours)
    # Small enough that the smallest change is odd, large enough that rounding is not.
    at = changes(y)
    least = _STILL_SCALE * float(np.abs(y[at] - y[at - 1]).min()) if len(at) else 0.0
    floor = max(least, 1e-12 * float(np.abs(level).max()), 1e-300)
    return replace(trend, scale=np.full(len(y), floor))


def _least_scale(y: Floats) -> float:
    return max(0.3 * quantum(y), 1e-3 * float(y.std()), 1e-12 * float(np.abs(y).max()), 1e-300)


def _spreads(hours: Hours, residual: Floats, seasons: Sequence[Season]) -> list[Floats]:
    """The noise of the sensor in each phase bin of each season: the MAD around it, (bins,)."""
    widest = []
    for season in seasons:
        bins, phase = len(season.profile), season.bins(hours.counted(season.counted))
        spread = MAD_TO_SIGMA * np.nan_to_num(grouped_median(phase, np.abs(residual), bins))
        widest.append(np.maximum.reduce([np.roll(spread, -1), spread, np.roll(spread, 1)]))
    return widest


def _scale(hours: Hours, scale: Floats, seasons: Sequence[Season], spreads: Sequence[Floats]) -> Floats:
    """The regimes' scale, raised where the sensor is noisier at that hour."""
    for season, spread in zip(seasons, spreads, strict=True):
        scale = np.maximum(scale, spread[season.bins(hours.counted(season.counted))])
    return scale

"""Regimes and the pieces between them: which pieces are the sensor's normal state, and which are events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import MODEL_ROWS, mad_sigma, thin_rows

Floats = NDArray[np.float64]

_REGIME_PART = 0.08
_REGIME_HOURS = 240.0
_HUBER_SIGMAS = 1.345
_FAR_SIGMAS = 50.0

# Two regimes are one if the line through both is off by less than this at the ends of each.
_SAME_SIGMAS = 0.75


@dataclass(frozen=True)
class Line:
    """A regime, rows [start, end): value = level + slope (x - x[start]). scale: robust sigma of its residuals."""

    start: int
    end: int
    level: float
    slope: float
    scale: float

    def at(self, x: Floats, start: int, end: int) -> Floats:
        """The line at rows [start, end), also outside its own rows."""
        values: Floats = self.level + self.slope * (x[start:end] - x[self.start])
        return values


@dataclass(frozen=True)
class Trend:
    """expected and scale: (n,), of every row, bridged between regimes. lines: the regimes in order."""

    expected: Floats
    scale: Floats
    lines: tuple[Line, ...]


def fit_trend(x: Floats, y: Floats, breaks: NDArray[np.intp], step_hours: float) -> Trend:
    """The trend through the pieces between breaks.

    x: (n,) hours, ascending. y: (n,), any unit. breaks: rows at which a piece begins, ascending, without 0.
    step_hours: the usual time between two rows. Pieces longer than 8 % of the rows, or 10 days, are regimes; each gets
    a robust line. Shorter pieces are events. They are bridged from regime to regime, so that the model does not contain
    the anomaly. Without any regime the whole series is one.
    """
    n = len(y)
    edges = np.concatenate([[0], breaks, [n]])
    least = min(_REGIME_PART * n, _REGIME_HOURS / step_hours)
    long = np.flatnonzero(np.diff(edges) > least)
    spans = [(int(edges[i]), int(edges[i + 1])) for i in long] or [(0, n)]
    lines = _continued(x, y, [_robust_line(x, y, start, end) for start, end in spans])
    return drawn(x, _widened(x, y, lines, list(pairwise(edges.tolist()))))


def drawn(x: Floats, lines: Sequence[Line]) -> Trend:
    """The trend of regimes at each x, (n,) hours, ascending."""
    expected, scale = np.empty(len(x)), np.empty(len(x))
    for line in lines:
        rows = slice(line.start, line.end)
        # In place, to save one array of a long series.
        here = np.subtract(x[rows], x[line.start], out=expected[rows])
        here *= line.slope
        here += line.level
        scale[rows] = line.scale
    before: Line | None = None
    for after in [*lines, None]:
        _bridge(x, expected, scale, before, after)
        before = after
    return Trend(expected, scale, tuple(lines))


def _continued(x: Floats, y: Floats, lines: list[Line]) -> list[Line]:
    """The regimes; two regimes are joined if only an event divides them, and the second goes on like the first."""
    kept = lines[:1]
    for line in lines[1:]:
        before = kept[-1]
        if line.start == before.end:
            kept.append(line)
            continue
        whole = _robust_line(x, y, before.start, line.end)
        if all(_fits(x, whole, part) for part in (before, line)):
            kept[-1] = whole
        else:
            kept.append(line)
    return kept


def _fits(x: Floats, whole: Line, part: Line) -> bool:
    """Whether a longer line describes a regime as well as its own line: it is never off by more than the noise."""
    off = whole.at(x, part.start, part.end) - part.at(x, part.start, part.end)
    return bool(np.abs(off[[0, -1]]).max() < _SAME_SIGMAS * part.scale)


def _widened(x: Floats, y: Floats, lines: list[Line], pieces: list[tuple[int, int]]) -> list[Line]:
    """The regimes, each extended over the short pieces beside it that go on as it does.

    A piece between an event and a change of regime is the sensor's normal state, too, however short.
    """
    kept: list[Line] = []
    for line, after in zip(lines, [*(line.start for line in lines[1:]), len(x)], strict=True):
        before = kept[-1].end if kept else 0
        starts = [s for s, e in pieces if before <= s and e <= line.start and _goes_on(x, y, line, s, e)]
        ends = [e for s, e in pieces if line.end <= s and e <= after and _goes_on(x, y, line, s, e)]
        start = min(starts, default=line.start)
        level = line.level + line.slope * float(x[start] - x[line.start])
        kept.append(replace(line, start=start, end=max(ends, default=line.end), level=level))
    return kept


def _goes_on(x: Floats, y: Floats, line: Line, start: int, end: int) -> bool:
    """Whether both halves of a piece lie about a regime's line, extended to the piece."""
    off = y[start:end] - line.at(x, start, end)
    middle = len(off) // 2
    halves = np.median(off[: middle + 1]), np.median(off[middle:])
    return bool(np.abs(halves).max() < _SAME_SIGMAS * line.scale)


def _bridge(x: Floats, expected: Floats, scale: Floats, before: Line | None, after: Line | None) -> None:
    """Fill the rows between two regimes; at both ends of the series the outermost regime goes on level."""
    start = before.end if before else 0
    end = after.start if after else len(x)
    if start >= end:
        return
    rows = slice(start, end)
    if before and after:
        expected[rows] = np.interp(x[rows], [x[start - 1], x[end]], [expected[start - 1], expected[end]])
        scale[rows] = (before.scale + after.scale) / 2
    elif before:
        expected[rows], scale[rows] = expected[start - 1], before.scale
    elif after:
        expected[rows], scale[rows] = expected[end], after.scale


def _robust_line(x: Floats, y: Floats, start: int, end: int) -> Line:
    """Huber's M-estimate in two steps of reweighting (Huber, "Robust Statistics", 1981, chapter 7)."""
    rows = thin_rows(end - start, 2 * MODEL_ROWS)
    t, v = x[start:end][rows] - x[start], y[start:end][rows]
    level = slope = 0.0
    residual = v
    # Two steps are not enough if one reading of 1e10 has moved the start far away.
    reach = _FAR_SIGMAS * mad_sigma(v)
    centre = float(np.median(v))
    near = np.clip(v, centre - reach, centre + reach) if reach > 0 else v
    weight = np.ones(len(v))
    for step in range(3):
        if step:
            sigma = max(mad_sigma(residual), 1e-300)
            weight = np.minimum(1.0, _HUBER_SIGMAS * sigma / np.maximum(np.abs(residual), 1e-300))
        # Sums, not dot products: these use threads, and wait for them where all cores are busy (20 ms instead of 1 for
        # 65,000 rows).
        total = weight.sum()
        fitted = v if step else near
        mean_t, mean_v = float((weight * t).sum()) / total, float((weight * fitted).sum()) / total
        away = t - mean_t
        weighted = weight * away
        var_t = float((weighted * away).sum())
        slope = float((weighted * (fitted - mean_v)).sum()) / var_t if var_t > 0 else 0.0
        level = mean_v - slope * mean_t
        residual = v - (level + slope * t)
    return Line(start, end, level, slope, mad_sigma(residual))

"""The textbook method, for comparison: change points by ruptures, a least-squares line for each segment, k sigma.

Truong, Oudre and Vayatis, "Selective review of offline change point detection methods", Signal Processing 2020. Safe
for any input, but not good: change points hide the anomalies, outliers enlarge the sigma that should find them, and
there is no season.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.modelling.regimes import Line, Trend

Floats = NDArray[np.float64]

# BottomUp on l2 takes about 1 s for this many points; longer series are searched on means of blocks.
_MOST_POINTS = 4000
_SHORTEST = 5
_PENALTY = 10.0


def textbook_trend(x: Floats, y: Floats) -> Trend:
    """Segments between the change points that ruptures finds, and a least-squares line through each."""
    import ruptures  # 0.8 s, only for this method

    n = len(y)
    size = -(-n // _MOST_POINTS)
    points = n // size
    means = y[: points * size].reshape(points, size).mean(axis=1)
    breaks: list[int] = []
    variance = float(np.var(np.diff(means))) / 2 if points > 1 else 0.0
    if points >= 2 * _SHORTEST and variance > 0:
        search = ruptures.BottomUp(model="l2", min_size=_SHORTEST, jump=1).fit(means)
        # The last of its breaks is the end of the series.
        breaks = [int(at) * size for at in search.predict(pen=_PENALTY * variance * np.log(points))[:-1]]
    lines = tuple(least_squares(x, y, start, end) for start, end in zip([0, *breaks], [*breaks, n], strict=True))
    expected, scale = np.empty(n), np.empty(n)
    for line in lines:
        rows = slice(line.start, line.end)
        expected[rows] = line.level + line.slope * (x[rows] - x[line.start])
        scale[rows] = line.scale
    return Trend(expected, scale, lines)


def least_squares(x: Floats, y: Floats, start: int, end: int) -> Line:
    """The least-squares line through rows [start, end); its scale is the standard deviation of the residuals."""
    t, v = x[start:end] - x[start], y[start:end]
    var_t = float(((t - t.mean()) ** 2).sum())
    slope = float(((t - t.mean()) * (v - v.mean())).sum()) / var_t if var_t > 0 else 0.0
    level = float(v.mean()) - slope * float(t.mean())
    return Line(start, end, level, slope, float((v - level - slope * t).std()))

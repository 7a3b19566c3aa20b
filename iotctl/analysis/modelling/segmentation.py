"""Piecewise linear segmentation: where a series changes level or slope, in spite of trends and autocorrelated noise.

The search is PELT (Killick, Fearnhead and Eckley, "Optimal Detection of Changepoints With a Linear Computational
Cost", JASA 2012) over block medians; breaks are then placed, and weak ones dropped, at full resolution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import clip_spikes, mad_sigma, quantum

Floats = NDArray[np.float64]

_FEW_BLOCKS = 300
_SHORTEST_BLOCKS = 5
_SHORTEST_OF_FEW = 3
_REFINE_BLOCKS = 3

# v2 / v1 as a function of the autocorrelation r, see noise(); it grows with r.
_R = np.linspace(0.0, 0.95, 96)
_RATIO = (1 + _R) * (3 - _R**2) / (3 - _R)


def segment(x: Floats, y: Floats, *, blocks: int = 1500, penalty: float = 10.0) -> NDArray[np.intp]:
    """The rows at which a new piece begins, ascending, without 0; each piece is a constant or a line plus noise.

    x: (n,) ascending, any unit. y: (n,), any unit. blocks: resolution of the search. penalty: per break, in units of
    the noise's long-run variance times log n. Raises ValueError where a value is not finite: every sum would be NaN,
    and the answer wrong without an error.
    """
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("segment needs finite x and y; leave out other rows first")
    n = len(y)
    if n < 2 * _SHORTEST_OF_FEW:
        return np.empty(0, dtype=np.intp)
    smooth = clip_spikes(y)
    edges = _block_edges(n, blocks)
    size = int(edges[1])
    if size == 1:
        block_x, block_y = x, smooth
    else:
        block_x, block_y = _block_middles(x, edges), _block_medians(y, edges)
    breaks = edges[_pelt(block_x, block_y, penalty)]
    fine = _Costs(x, smooth, noise_unit(smooth), n)
    breaks = _refine(fine, breaks, _REFINE_BLOCKS * size)
    breaks = _eliminate(fine, breaks, penalty)
    return _refine(fine, breaks, _REFINE_BLOCKS * size)


def noise_unit(y: Floats) -> float:
    """The long-run variance of the noise in y (its variance for white noise); trends and breaks do not change it.

    From the MAD of second differences at lags 1 and 2, assuming AR(1) noise: their variances are
    2 s^2 (1-r)(3-r) and 2 s^2 (1-r^2)(3-r^2).
    """
    if len(y) < 5:
        return max(float(np.var(y)), 1e-300) if len(y) else 1e-300
    v1 = mad_sigma(y[:-2] - 2 * y[1:-1] + y[2:]) ** 2
    v2 = mad_sigma(y[:-4] - 2 * y[2:-2] + y[4:]) ** 2
    floor = max((0.3 * quantum(y)) ** 2, 1e-12 * float(np.var(y)), 1e-300)
    if v1 <= 0:
        return floor
    r = float(np.interp(v2 / v1, _RATIO, _R))
    variance = v1 / (2 * (1 - r) * (3 - r))
    return max(variance * (1 + r) / (1 - r), floor)


class _Costs:
    """Cost of pieces [start, end): the smaller of SSE about a constant, and SSE about a line plus unit log n."""

    def __init__(self, x: Floats, y: Floats, unit: float, n: int) -> None:
        x = x - x.mean()
        x = x / max(float(np.abs(x).max()), 1e-300)
        y = y - y.mean()
        self.n = n
        self.unit = unit
        self.line_price = unit * np.log(n)
        # Prefix sums, (n + 1,) each.
        self._sums = [np.append(0.0, np.cumsum(a)) for a in (x, y, x * x, x * y, y * y)]

    def __call__(self, start: NDArray[np.intp] | int, end: NDArray[np.intp] | int) -> Floats:
        x, y, xx, xy, yy = (total[end] - total[start] for total in self._sums)
        count = np.maximum(np.subtract(end, start), 1)
        mean_x = x / count
        var_x = xx - x * mean_x
        cov = xy - y * mean_x
        constant = np.maximum(yy - y * y / count, 0.0)
        line = np.maximum(constant - cov * cov / np.maximum(var_x, 1e-15), 0.0) + self.line_price
        cost: Floats = np.minimum(constant, line)
        return cost


def _block_edges(n: int, blocks: int) -> NDArray[np.intp]:
    size = -(-n // blocks)
    return np.append(np.arange(0, n - size // 2, size), n).astype(np.intp)


def _block_medians(a: Floats, edges: NDArray[np.intp]) -> Floats:
    size = int(edges[1])
    whole = len(edges) - 2
    medians = np.median(a[: whole * size].reshape(whole, size), axis=1)
    return np.append(medians, np.median(a[edges[-2] :]))


def _block_middles(x: Floats, edges: NDArray[np.intp]) -> Floats:
    """The median of each block of an ascending array."""
    both = edges[:-1] + edges[1:]
    middles: Floats = (x[(both - 1) // 2] + x[both // 2]) / 2
    return middles


def _pelt(x: Floats, y: Floats, penalty: float) -> NDArray[np.intp]:
    """Break positions among blocks."""
    m = len(y)
    shortest = _SHORTEST_BLOCKS if m >= _FEW_BLOCKS else _SHORTEST_OF_FEW
    if m < 2 * shortest:
        return np.empty(0, dtype=np.intp)
    costs = _Costs(x, y, noise_unit(y), m)
    price = penalty * costs.unit * np.log(m)
    # A line may cost line_price more than its two halves as constants; so the slack is that much.
    slack = price + 2 * costs.line_price
    best = np.full(m + 1, np.inf)
    best[0] = -price
    last = np.zeros(m + 1, dtype=np.intp)
    candidates = np.zeros(1, dtype=np.intp)
    # As many ends at a time as the shortest piece has blocks: no piece between two of these ends is possible. This
    # takes a third of the time of one end after the other.
    for first in range(shortest, m + 1, shortest):
        ends = np.arange(first, min(first + shortest, m + 1))[:, None]
        totals = best[candidates] + costs(candidates, ends) + price
        totals[ends - candidates < shortest] = np.inf
        chosen = totals.argmin(axis=1)[:, None]
        best[ends] = np.take_along_axis(totals, chosen, axis=1)
        last[ends] = candidates[chosen]
        kept = (totals <= best[ends] + slack).any(axis=0)
        candidates = np.append(candidates[kept], ends)
    breaks = []
    at = int(last[m])
    while at > 0:
        breaks.append(at)
        at = int(last[at])
    return np.array(breaks[::-1], dtype=np.intp)


def _refine(costs: _Costs, breaks: NDArray[np.intp], reach: int) -> NDArray[np.intp]:
    """Each break, moved by at most `reach` rows to where the pieces on both sides fit best."""
    moved = breaks.copy()
    for i, at in enumerate(breaks):
        left = int(moved[i - 1]) if i else 0
        right = int(breaks[i + 1]) if i + 1 < len(breaks) else costs.n
        places = np.arange(max(left + 2, at - reach), min(right - 2, at + reach) + 1)
        if len(places):
            moved[i] = places[np.argmin(costs(left, places) + costs(places, right))]
    return moved


def _eliminate(costs: _Costs, breaks: NDArray[np.intp], penalty: float) -> NDArray[np.intp]:
    """The breaks that each save more than the penalty; the weakest are dropped first."""
    price = penalty * costs.unit * np.log(costs.n)
    while len(breaks):
        edges = np.concatenate([[0], breaks, [costs.n]])
        left, at, right = edges[:-2], edges[1:-1], edges[2:]
        saved = costs(left, right) - costs(left, at) - costs(at, right)
        weakest = int(np.argmin(saved))
        if saved[weakest] >= price:
            break
        breaks = np.delete(breaks, weakest)
    return breaks

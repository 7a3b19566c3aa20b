"""The rows over which the level of a series has moved, also where few rows are odd by themselves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from iotctl.analysis.events.described import Floats, Modelled
from iotctl.analysis.scores.components import CLIP
from iotctl.analysis.scores.rolling import Column

_WINDOWS = (16, 64, 256)  # windows that show where a level has moved
_MOST_ROUNDS = 10


def moved_rows(
    series: Modelled, scores: Mapping[str, Column], start: int, end: int, threshold: float
) -> list[tuple[int, int]]:
    """[first, last) of the rows over which the level has moved, counted from the start of a run [start, end).

    One for each window that shows it. In a shift of four sigma, few rows are odd by themselves, and these may lie
    anywhere in it. A window shows a shift too early, by less than half of the window.
    """
    moved = []
    for w in _WINDOWS:
        if f"level{w}" not in scores:
            continue
        level = scores[f"level{w}"]
        n, rows = len(level), np.flatnonzero(level[start:end] >= threshold)
        if not len(rows):
            continue
        first, last = int(rows[0]) + w // 2, int(rows[-1]) + 1 - w // 2
        # At both ends of the series the outermost window is used, which does not show which of its rows moved.
        if start + rows[0] == 0:
            first = highest_rows(series.u(0, w))[0]
        if start + rows[-1] + 1 == n:
            last = min(n - w + highest_rows(series.u(n - w, n))[1], end) - start
        if first < last:
            moved.append((first, last))
    return moved


def highest_rows(u: Floats) -> tuple[int, int]:
    """[first, last) of the rows that have moved in the direction of the mean, nearer to their own mean than to 0.

    u: (rows,), residuals in sigma, at least one.
    """
    away = np.clip(u, -CLIP, CLIP)
    away = away * np.sign(away.mean())
    first, last = 0, len(u)
    for _ in range(_MOST_ROUNDS):
        # The stretch with the largest sum above half of the mean.
        total = np.concatenate([[0.0], np.cumsum(away - away[first:last].mean() / 2)])
        lowest = np.minimum.accumulate(total)
        until = int(np.argmax(total[1:] - lowest[:-1])) + 1
        since = int(np.argmin(total[:until]))
        if (since, until) == (first, last):
            break
        first, last = since, until
    return first, last

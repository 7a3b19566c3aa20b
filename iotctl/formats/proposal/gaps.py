"""Cells that are blank within lines that blanks divide: what stands behind them would be read one column too early."""

from __future__ import annotations

import re

_CELL = re.compile(r'"[^"]*"|\S+')
_RUN = re.compile(r"[ \t]{2,}")


class Gaps:
    """Looks for short lines that lack another cell than their last ones. width: how many cells whole lines have."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._begin: list[int] = []  # of each column, in whole lines
        self._end: list[int] = []
        self._short: list[list[tuple[int, int]]] = []
        self._has_runs = self._has_short_runs = False

    def add(self, line: str) -> None:
        """Look at a line."""
        line = line.rstrip()
        places = [cell.span() for cell in _CELL.finditer(line)]
        has_run = _RUN.search(line.strip()) is not None
        if len(places) < self._width:
            self._short.append(places)
            self._has_short_runs |= has_run
        elif len(places) == self._width:
            self._has_runs |= has_run
            begin, end = zip(*places, strict=True)
            self._begin = list(map(min, self._begin or begin, begin))
            self._end = list(map(max, self._end or end, end))

    def found(self) -> bool:
        """Whether some short line may have a cell where whole lines have one of another column.

        Runs of blanks tell of it where whole lines have none, or where their columns do not stand below each other.
        """
        is_aligned = all(end <= begin for end, begin in zip(self._end, self._begin[1:], strict=False))
        if self._has_short_runs and not (self._has_runs and is_aligned):
            return True
        return is_aligned and any(
            end <= self._begin[at] or begin >= self._end[at] or end > self._begin[at + 1]
            for places in self._short
            for at, (begin, end) in enumerate(places)
            if self._begin
        )

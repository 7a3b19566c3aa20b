"""Finds blank cells in lines divided by blanks. The cells after them would be read in the wrong column."""

from __future__ import annotations

import re

_CELL = re.compile(r'"[^"]*"|\S+')
_RUN = re.compile(r"[ \t]{2,}")


class Gaps:
    """Finds short lines that lack a cell before the last one. width: the number of cells of whole lines."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._begin: list[int] = []  # of each column, in whole lines
        self._end: list[int] = []
        self._short: list[list[tuple[int, int]]] = []
        self._has_runs = self._has_short_runs = False

    def add(self, line: str) -> None:
        """Add a line."""
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
        """Whether a cell of some short line may belong to another column.

        If whole lines have no runs of blanks, or their columns are not aligned, runs of blanks show it.
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

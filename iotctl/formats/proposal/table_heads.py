"""Finds lines between rows that may begin another table: in joined files, or files with several series."""

from __future__ import annotations

from collections.abc import Sequence

from iotctl.formats.proposal.cells import is_null_word, is_number, is_time, number_and_unit
from iotctl.formats.proposal.delimiters import split
from iotctl.formats.proposal.headers import Start

# Lines with the same beginning describe each table.
_ALIKE = 6
_MOST_KEPT = 3


class TableHeads:
    """Finds lines that look like the lines before the first row of a table, but have another content."""

    def __init__(self, start: Start, lines: Sequence[str]) -> None:
        self.others: list[str] = []
        before = [line.strip() for line in lines[: start.first] if line.strip()]
        self._known = set(before)
        self._begins = {line[:_ALIKE] for line in before if len(line) > _ALIKE}
        self._has_names = bool(start.names)
        self._delimiter = start.division.delimiter
        # Names of columns can be recognised only above numbers or times.
        row = split(lines[start.first], self._delimiter)
        self._measured = [at for at, cell in enumerate(row) if _is_measured(cell)]

    def look_at(self, line: str, cells: Sequence[str], *, is_row: bool) -> None:
        """Add a line after the first row. is_row: whether it has more than one cell, and no more cells than a row."""
        text = line.strip()
        if not text or text in self._known or len(self.others) >= _MOST_KEPT:
            return
        are_names = is_row and self._has_names and self._are_names(cells)
        if are_names or (not is_row and text[:_ALIKE] in self._begins):
            self.others.append(text)

    def _are_names(self, cells: Sequence[str]) -> bool:
        if not self._measured or len(cells) <= max(self._measured):
            return False
        names = [cells[at] for at in self._measured]
        # Marks of missing values are not names; nor is the same word in all columns.
        return (
            all(name and not _is_measured(name) and not is_null_word(name) for name in names)
            and any(char.isalpha() for name in names for char in name)
            and len(set(names)) == len(names) > 1
        )


def _is_measured(cell: str) -> bool:
    return is_number(cell) or is_time(cell) or number_and_unit(cell) is not None

"""Finds the delimiter of lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.formats.layouts.layout import BLANKS
from iotctl.formats.proposal.cells import is_number, is_time

# In order of preference: if two divide a file equally well, the first one counts.
_DELIMITERS = ("\t", ";", "|", ",", BLANKS)
_AS_GOOD = 0.05
_LOOKED_AT = 2000
_WORD = re.compile(r'"(?:[^"]|"")*"|\S+')
_NUMBERS_APART = re.compile(r"\d\s+[+-]?\d")


@dataclass(frozen=True, slots=True)
class Division:
    """delimiter: as in TextLayout. width: the number of cells of most lines."""

    delimiter: str
    width: int


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line, without blanks around them, and without quotes."""
    if delimiter == BLANKS:
        return [word.strip('"') for word in _WORD.findall(line)]
    if '"' not in line:
        return [cell.strip() for cell in line.split(delimiter)]
    try:
        return [cell.strip() for row in csv.reader([line], delimiter=delimiter, skipinitialspace=True) for cell in row]
    except csv.Error:  # a carriage return inside, or a field of more than 128 kB
        return [cell.strip() for cell in line.split(delimiter)]


def find_division(lines: Sequence[str]) -> Division | None:
    """The delimiter of the lines of a table; None if there is none. lines: of its later part, where rows are."""
    step = max(1, len(lines) // _LOOKED_AT)
    some = [line for line in lines[::step] if line.strip()]
    rated = [(_rating(some, delimiter), delimiter) for delimiter in _DELIMITERS] if some else []
    best = max((rating[0] for rating, _ in rated), default=0.0)
    if not best:
        return None
    (_, width), delimiter = next(found for found in rated if found[0][0] >= best - _AS_GOOD)
    return Division(delimiter, width)


def _rating(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter divides the lines, 0..1, and the number of cells of most lines."""
    rows = [split(line, delimiter) for line in lines]
    width, count = Counter(map(len, rows)).most_common(1)[0]
    if delimiter == BLANKS:
        # A blank cell at the end of a line is invisible, so shorter lines also count.
        longest = max(size for size, found in Counter(map(len, rows)).items() if found >= 0.05 * len(rows))
        width, count = longest, sum(1 < len(row) <= longest for row in rows)
    if width < 2:
        return 0.0, width
    cells = [cell for row in rows if len(row) == width for cell in row]
    clean = sum(_is_one_cell(cell, delimiter) for cell in cells) / max(len(cells), 1)
    return count / len(rows) * clean, width


def _is_one_cell(cell: str, delimiter: str) -> bool:
    """Whether nothing in a cell looks like another delimiter."""
    if not cell or is_time(cell):
        return True
    if is_number(cell):
        # 12.5 33.1 could be one number with blanks between its groups of digits.
        return not re.search(r"[.,]\d+\s+\d", cell)
    others = [other for other in ("\t", ";", "|", ",") if other != delimiter]
    return not any(other in cell for other in others) and not _NUMBERS_APART.search(cell)

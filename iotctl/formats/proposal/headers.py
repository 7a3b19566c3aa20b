"""Finds the beginning of a table in a text: lines before it, names of columns, and lines of units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from iotctl.formats.layouts.layout import BLANKS
from iotctl.formats.proposal.cells import is_null_word, is_number, is_time, number_and_unit
from iotctl.formats.proposal.delimiters import Division, find_division, split
from iotctl.formats.proposal.units import bare_unit, is_type_line, is_unit, is_unit_line
from iotctl.formats.proposal.words import is_time_name

_COMMENTS = ("#", "//", "%", "!")
_MARK = re.compile(r"\[[^\[\]]{1,40}\]|\*\*\*.*\*\*\*|-{3,}.*|={3,}.*")
_APART = re.compile(r"\S(?: [ \t]|\t)\s*\S")
_RULE = re.compile(r"[-+| =]{4,}")
_UNIT_LABEL = re.compile("unit|einheit", re.IGNORECASE)
_UNITS_ABOVE = 40
_TYPED = 0.8
_LOOKED_AT = 400
_MOST_PREAMBLE = 2000
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Start:
    """The beginning of a table.

    names: of the columns, blank if one has none; empty if there is no line of names. units: of each column, from a line
    below the names. header: the number of the line of names, from 0; None if there are no names, or if they are not in
    a single line. first: the number of the first row. comment: the beginning of lines that are skipped. preamble: the
    lines before the names.
    """

    division: Division
    names: tuple[str, ...]
    units: tuple[str, ...]
    header: int | None
    first: int
    comment: str
    preamble: tuple[str, ...]
    in_comment: bool = False


def find_start(lines: Sequence[str]) -> Start | None:
    """The beginning of the table; None if there is no table."""
    comment = _comment(lines)
    later = [line for line in lines[max(1, len(lines) // 3) :] or lines if not (comment and line.startswith(comment))]
    division = find_division(later) or find_division([line for line in lines if line.strip()])
    if division is None:
        return None
    delimiter, width = division.delimiter, division.width
    rows = [row for line in later if len(row := split(line, delimiter)) == width][-_LOOKED_AT:]
    types = [_cell_type([row[at] for row in rows if row[at]]) for at in range(width)]
    if wider := _wider_names(lines, types, division, comment):
        division = replace(division, width=wider)
        types += ["text"] * (wider - width)
    first = next(
        (
            number
            for number, line in enumerate(lines[:_MOST_PREAMBLE])
            if not (comment and line.startswith(comment)) and _is_row(split(line, delimiter), types, width)
        ),
        None,
    )
    if first is None:
        return None
    while delimiter == BLANKS and first and _is_row(split(lines[first - 1], delimiter), types, _SHORTEST):
        first -= 1  # a line with a blank cell is also a row
    if delimiter == BLANKS and any(_has_more_cells(line, types) for line in lines[:_MOST_PREAMBLE]):
        return None  # a blank cell is invisible in shorter rows
    above = _block(lines, first, division, types, comment)
    if above:
        return _with_names(lines, above, first, division, comment)
    if comment and (found := _names_in_comments(lines[:first], comment, division)):
        header, names, units = found
        return Start(division, names, units, header, first, comment, tuple(lines[:header]), in_comment=True)
    return Start(division, (), (), None, first, comment, tuple(lines[:first]))


def _comment(lines: Sequence[str]) -> str:
    """The beginning of comments: a sign at the beginning of some lines, but not of most; empty if there is none."""
    for prefix in _COMMENTS:
        if 0 < sum(line.startswith(prefix) for line in lines) < 0.5 * len(lines):
            return prefix
    return ""


def _is_number_or_has_unit(cell: str) -> bool:
    return is_number(cell) or number_and_unit(cell) is not None


# From the strictest to the loosest type; other cells are text.
_FITS: dict[str, Callable[[str], bool]] = {
    "time": lambda cell: is_time(cell) and not is_number(cell),
    "number": is_number,
    "unit": _is_number_or_has_unit,
}


def _cell_type(cells: Sequence[str]) -> str:
    """time, number or unit, if most cells of a column are of that type; else text."""
    for name, fits in _FITS.items():
        if cells and sum(map(fits, cells)) >= _TYPED * len(cells):
            return name
    return "text"


def _wider_names(lines: Sequence[str], types: Sequence[str], division: Division, comment: str) -> int:
    """The number of names in the line above the rows, if it is more than the cells of most rows; else 0."""
    rows = [(line, split(line, division.delimiter)) for line in lines[:_LOOKED_AT] if line.strip()]
    for (line, names), (_, cells) in pairwise(rows):
        if len(names) <= division.width or (comment and line.startswith(comment)) or not all(names):
            continue
        if not any(map(is_number, names)) and _is_row(cells[: division.width], types, division.width):
            return len(names) if division.width <= len(cells) <= len(names) else 0
    return 0


def _is_row(cells: list[str], types: Sequence[str], shortest: int) -> bool:
    """Whether a line looks like the rows of the later part of the file."""
    if not shortest <= len(cells) <= len(types):
        return False
    types = types[: len(cells)]
    typed = [(cell, kind) for cell, kind in zip(cells, types, strict=True) if kind != "text" and cell]
    fitting = [_FITS[kind](cell) or is_null_word(cell) for cell, kind in typed]
    times = [_FITS[kind](cell) for cell, kind in typed if kind == "time"]
    if not typed or not all(times) or (not times and "time" in types):
        return False
    return sum(fitting) >= 0.75 * len(fitting) and (types[0] == "text" or not cells[0] or fitting[0])


def _has_more_cells(line: str, types: Sequence[str]) -> bool:
    """Whether a line looks like the rows with more numbers after them, or has names of more columns."""
    cells, width = split(line, BLANKS), len(types)
    if len(cells) <= width:
        return False
    are_names = is_time_name(cells[0]) and not any(map(is_number, cells)) and _APART.search(line) is not None
    return are_names or (all(map(is_number, cells[width:])) and _is_row(cells[:width], types, width))


def _block(lines: Sequence[str], first: int, division: Division, types: Sequence[str], comment: str) -> list[int]:
    """The numbers of the lines directly above the first row with names, units and the like; from the top."""
    found: list[int] = []
    for number in range(first - 1, -1, -1):
        line = lines[number]
        if not line.strip(' \t;,|"') or (comment and line.startswith(comment)):
            if found:
                break
            continue
        if _RULE.fullmatch(line.strip()):  # psql draws a line below the names
            found.insert(0, number)
            continue
        cells = split(line, division.delimiter)
        if _MARK.fullmatch(line.strip()) or cells[0].startswith(("TOA5", "TOB1", "***")):
            break
        wide = division.width
        # Only the rows may end in a delimiter, and R writes no name for its row numbers.
        if len(cells) not in {wide, wide - 1, wide + 1} or (len(cells) == wide + 1 and cells[-1]):
            if found or division.delimiter != BLANKS:
                break
            continue
        numbers = sum(is_number(cell) for cell, kind in zip(cells, types, strict=False) if kind in {"number", "unit"})
        if numbers and not is_type_line(cells):
            break
        found.insert(0, number)
    return found


def _with_names(lines: Sequence[str], above: list[int], first: int, division: Division, comment: str) -> Start:
    """The start of a table with lines of names above it."""
    width = division.width
    rows = [split(lines[number], division.delimiter) for number in above]
    short = [row for row in rows if len(row) > 1]
    row_numbers = division.delimiter == BLANKS and all(len(row) == width - 1 for row in short)
    rows = [(["", *row] if row_numbers else row + [""] * width)[:width] for row in rows]
    candidates = [
        at
        for at, row in enumerate(rows)
        if not is_type_line(row)
        and not _RULE.fullmatch(lines[above[at]].strip())
        and sum(map(bool, row)) >= 0.5 * width
    ]
    plain = [at for at in candidates if not is_unit_line(rows[at])] or candidates[:1] or [0]
    # The fullest line has the names. Lines above it, such as ;Kessel;Kessel;Puffer, become part of the names; lines
    # below only if the names are not yet different.
    fullest = max(plain, key=lambda at: (sum(map(bool, rows[at])), -at))
    used = [at for at in plain if at <= fullest]
    names = _stacked(rows[at] for at in used)
    for at in plain:
        if at > fullest and len({name for name in names if name}) < sum(map(bool, names)):
            used.append(at)
            names = _stacked(rows[at] for at in used)
    below = [at for at in range(used[0] + 1, len(rows)) if at not in used]
    is_toa5 = above[0] > 0 and "TOA5" in lines[above[0] - 1][:6]
    unit_line = next((at for at in below if is_toa5 or is_unit_line(rows[at])), None)
    units = tuple(map(bare_unit, rows[unit_line])) if unit_line is not None else ()
    units = units or _labelled_units(lines[: above[0]], division)
    header = above[used[0]] if len(used) == 1 and not row_numbers else None
    if header is not None and any(not line.strip() for line in lines[header:first]):
        header = None
    return Start(
        division,
        tuple(names),
        units,
        header,
        first,
        comment,
        tuple(lines[: above[used[0]]]),
    )


def _stacked(rows: Iterable[Sequence[str]]) -> list[str]:
    """The cells of several lines, from the top, as one text for each column."""
    return [" ".join(filter(None, dict.fromkeys(cells))) for cells in zip(*rows, strict=True)]


def _labelled_units(lines: Sequence[str], division: Division) -> tuple[str, ...]:
    """The units in a line of the preamble with a label for units, such as Y_Unit_Label of LabVIEW."""
    for line in lines[-_UNITS_ABOVE:]:
        cells = split(line, division.delimiter)
        if len(cells) > 1 and _UNIT_LABEL.search(cells[0]) and any(map(is_unit, cells[1:])):
            return ("", *cells[1 : division.width])
    return ()


def _names_in_comments(
    lines: Sequence[str], comment: str, division: Division
) -> tuple[int, tuple[str, ...], tuple[str, ...]] | None:
    """Names in the last comments before the rows, # STN,YYYYMMDD,   HH: the number of their line, the names, and the
    units in a comment below."""
    found = []
    for number in range(max(0, len(lines) - 6), len(lines)):
        line = lines[number]
        cells = split(line.removeprefix(comment), division.delimiter)
        wide = len(cells) == division.width or (len(cells) == division.width + 1 and not cells[-1])
        if line.startswith(comment) and wide and not any(is_number(cell) for cell in cells if cell):
            found.append((number, cells[: division.width]))
    if not found:
        return None
    units = found[-1][1] if len(found) > 1 and any(map(is_unit, found[-1][1])) else []
    number, names = found[-2] if units else found[-1]
    return number, tuple(names), tuple(map(bare_unit, units))

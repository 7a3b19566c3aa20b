"""Reads lines of fields as a table, and describes their form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from iotctl.formats.csv.table_head import column_names
from iotctl.formats.layouts.layout import BLANKS, TextLayout
from iotctl.formats.proposal.delimiters import split
from iotctl.formats.proposal.file_names import as_pattern
from iotctl.formats.proposal.gaps import Gaps
from iotctl.formats.proposal.headers import Start, find_start
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.table_heads import TableHeads
from iotctl.formats.proposal.text_sample import TextSample
from iotctl.formats.proposal.units import name_and_unit

_MANY = 0.01


@dataclass(frozen=True)
class TextTable:
    """A table in a text. start: its beginning. short: number of rows that end early. broken: number of bad lines.

    other_heads: lines between rows that look like those before the table, or like names, and say something else.
    has_gaps: whether some of the short rows lack a cell before others, where blanks divide and nothing shows which.
    """

    table: Table
    start: Start
    sample: TextSample
    short: int
    broken: int
    has_gaps: bool = False
    other_heads: tuple[str, ...] = ()

    @property
    def has_short_rows(self) -> bool:
        """Whether rows may end early. One or two such rows may be cut lines."""
        return self.short > 1 and self.short >= _MANY * self.table.rows and not self.has_gaps

    def layout(self, names: Mapping[str, str], decimal: str, thousands: str) -> TextLayout:
        """The [text] part of a layout. names: column -> name, for columns that no line names."""
        start, lines = self.start, self.sample.lines
        comment = start.comment if self._has_comments() else ""
        columns: tuple[str, ...] = ()
        skip_lines, skip_until, below = 0, "", 0
        if start.header is None:
            columns = tuple(names.get(column.name, column.name) for column in self.table.columns)
            above = lines[: start.first]
            skip_lines = 0 if all(self._is_passed_over(line, comment) for line in above) else start.first
        else:
            units = [at for at in range(start.header + 1, start.first) if not self._is_passed_over(lines[at], comment)]
            below = units[-1] - start.header if units else 0
            if start.in_comment or not all(self._is_passed_over(line, comment) for line in start.preamble):
                skip_until = self._header_pattern(start.header)
                skip_lines = 0 if skip_until else start.header
        return TextLayout(
            encoding=self.sample.encoding.name,
            delimiter=start.division.delimiter,
            decimal=decimal,
            thousands=thousands,
            skip_lines=skip_lines,
            skip_until=skip_until,
            comment=comment,
            header=start.header is not None,
            columns=columns,
            below_header=below,
            short_rows=self.has_short_rows,
        )

    def _has_comments(self) -> bool:
        comment = self.start.comment
        return bool(comment) and any(line.startswith(comment) for line in (*self.sample.lines, *self.sample.further))

    def _is_passed_over(self, line: str, comment: str) -> bool:
        return not line.strip() or bool(comment and line.startswith(comment))

    def _header_pattern(self, header: int) -> str:
        """A regular expression that first matches the line of names: as much of its beginning as needed."""
        line = self.sample.lines[header]
        delimiter = r"\s+" if self.start.division.delimiter == BLANKS else as_pattern(self.start.division.delimiter)
        cells = line.split() if self.start.division.delimiter == BLANKS else line.split(self.start.division.delimiter)
        for count in range(1, len(cells) + 1):
            pattern = "^" + delimiter.join(as_pattern(cell) for cell in cells[:count])
            first = next(number for number, other in enumerate(self.sample.lines) if re.search(pattern, other))
            if first == header and cells[0].strip():
                return pattern
        return ""


def read_text_table(sample: TextSample) -> TextTable | None:
    """The table in a text; None if there is none."""
    start = find_start(sample.lines)
    if start is None:
        return None
    width, delimiter = start.division.width, start.division.delimiter
    rows: list[list[str]] = []
    heads = TableHeads(start, sample.lines)
    short = broken = 0
    gaps = Gaps(width) if delimiter == BLANKS else None
    for line in (*sample.lines[start.first :], *sample.further):
        is_comment = bool(start.comment) and line.startswith(start.comment)
        cells = [] if is_comment or not line.strip() else split(line, delimiter)
        heads.look_at(line, cells, is_row=1 < len(cells) <= width)
        if not cells:
            continue
        if gaps is not None:
            gaps.add(line)
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]
        if len(cells) > width:
            broken += 1
        elif len(cells) == width:
            rows.append(cells)
        elif len(cells) > 1:
            short += 1
            rows.append(cells + [""] * (width - len(cells)))
        else:
            broken += 1
    names = column_names(start.names) if start.names else tuple(f"column {at}" for at in range(1, width + 1))
    columns = [_column(place, names[place], start, [row[place] for row in rows]) for place in range(width)]
    has_gaps = gaps is not None and gaps.found()
    return TextTable(Table(tuple(columns)), start, sample, short, broken, has_gaps, tuple(heads.others))


def _column(place: int, name: str, start: Start, texts: list[str]) -> Column:
    written = start.names[place] if place < len(start.names) else ""
    title, unit = name_and_unit(name) if written else (name, None)
    below = start.units[place] if place < len(start.units) else ""
    return Column(name, title, below or unit, texts, named=bool(written))

"""CSV by a layout: pyarrow reads a block of lines at once, and odd lines are read one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.bad_rows import BadRows, bad_rows, joined_bad_rows
from iotctl.formats.containers.compression import open_text
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.text_blocks import BlockLines, TextBlocks, is_finished, unfinished
from iotctl.formats.csv.columns import OddBlockError, read_texts, read_typed
from iotctl.formats.csv.header import Header
from iotctl.formats.csv.last_line import is_cut_time
from iotctl.formats.csv.later_headers import LaterHeaders
from iotctl.formats.csv.odd_lines import find_blank_lines, find_odd_lines, find_wrong_widths, has_odd_lines
from iotctl.formats.csv.split import BadRow
from iotctl.formats.csv.table_head import TableHead, as_utf8, read_table_head, split_fields
from iotctl.formats.layouts.layout import BLANKS, ISO, Layout
from iotctl.formats.records.records import RecordFile, Records, check_fields, constant_column
from iotctl.model import Position, RejectReason

_NO_TEXT = "\N{REPLACEMENT CHARACTER}"


def read_csv_records(source: RecordFile) -> Iterator[Records]:
    """See ReadRecords. If a whole block fits, values are float64 with nulls and times are typed; else texts.

    Raises FileError if the header lacks a field that the layout needs.
    """
    file, layout = source.file, source.layout
    with open_text(source.open_at, file.uri) as text:
        finished = is_finished(file, text, source.options)
        head = read_table_head(text, layout.text, file.uri)
        if not finished and (head is None or (head.header and not head.header.endswith(b"\n"))):
            raise unfinished(file.uri)
        if head is None:
            return
        begin = Position(head.offset, head.line) if source.start.offset <= head.offset else source.start
        text.go_to(begin.offset)
        table = CsvTable(head, layout, file.uri)
        blocks = TextBlocks(file, text, source.open_at, source.options, begin)
        if source.start.offset < head.offset:  # a file may have a header and no rows
            yield table.read(b"", head.line, head.offset, head.line, head.offset)
        for block in blocks:
            if not block.is_ended and table.is_cut(block.data):
                line = np.array([block.line])
                bad = bad_rows(line, RejectReason.TIME)
                yield Records(table.no_columns(), line[:0], bad, block.lines, block.end, block.next_line)
            else:
                yield table.read(block.data, block.line, block.offset, block.next_line, block.end)
        blocks.check_end()


@dataclass(frozen=True, slots=True)
class _Rows:
    """Lines of a block as columns. at: intp (n,), the lines, from 0."""

    columns: dict[str, pa.Array]
    at: NDArray[np.intp]


class CsvTable:
    """The lines of one file as columns: the fields that its layout needs."""

    def __init__(self, head: TableHead, layout: Layout, where: str) -> None:
        self._head = head
        self._layout = layout
        self._is_blanks = layout.text.delimiter == BLANKS
        self._delimiter = " " if self._is_blanks else layout.text.delimiter
        wanted = layout.record_fields()
        self._wanted = [name for name in head.columns if wanted is None or name in wanted]
        place = f"{where}, line {head.line - 1 - layout.text.below_header}" if head.header else where
        check_fields(head.columns, layout, place)
        self._header = Header(
            self._delimiter, len(head.columns), {name: head.columns.index(name) for name in self._wanted}
        )
        self._preamble = find_in_preamble(head.preamble, layout, where)
        values = {value.field for value in layout.values if not value.part}
        if layout.other_values:
            values |= {name for name in self._wanted if not layout.ignores(name)}
        values -= set(layout.other_fields())
        self._value_type: dict[str, pa.DataType] = dict.fromkeys(values & set(self._wanted), pa.float64())
        if layout.text.thousands:
            self._value_type = {}
        is_iso = layout.time.format == ISO and len(layout.time.fields) == 1 and not layout.preamble
        self._time = layout.time.fields[0] if is_iso and layout.time.fields[0] in self._wanted else None
        self._time_types: list[pa.DataType] = [pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.string()]
        sensor = [name for name in layout.sensor_fields() if name in self._wanted]
        self._text_type = {name: pa.string() for name in self._wanted} | {
            name: pa.dictionary(pa.int32(), pa.string()) for name in sensor
        }
        self._header_line = self._divided((head.header or b"").rstrip(b"\r\n"))
        self._later_headers = LaterHeaders(
            self._header_line,
            layout.text.delimiter,
            next(iter(layout.time.fields), ""),
            self._header.at.values(),
            where,
        )
        self._nulls = ["", *layout.missing]
        self._point = layout.text.decimal

    def is_cut(self, line: bytes) -> bool:
        """Whether a last line without an end is cut within its time."""
        at = self._header.at.get(self._layout.time.fields[-1])
        if at is None or self._head.first_row is None:
            return False
        cut, whole = (self._divided(text) for text in (as_utf8(line, self._layout.text.encoding), self._head.first_row))
        return is_cut_time(cut, whole, Header(self._delimiter, self._header.width, {"timestamp": at}))

    def no_columns(self) -> dict[str, pa.Array]:
        """The columns, without records."""
        return {name: pa.array([], kind) for name, kind in self._text_type.items()} | {
            name: pa.array([], pa.string()) for name in self._preamble
        }

    def read(self, stored: bytes, first_line: int, offset: int, next_line: int, end: int) -> Records:
        """The records of a block of lines."""
        written = as_utf8(stored, self._layout.text.encoding)
        data = self._divided(written)
        self._later_headers.check(data, first_line)
        lines = BlockLines(written, first_line, offset, stored)
        rows = self._whole(data) if data else None
        bad = bad_rows(np.empty(0, dtype=np.int64), RejectReason.FIELDS)
        if rows is None:
            rows, bad = self._by_lines(data, first_line)
        columns = dict(rows.columns)
        columns |= {name: constant_column(text, len(rows.at)) for name, text in self._preamble.items()}
        return Records(columns, first_line + rows.at.astype(np.int64), bad, lines, end, next_line)

    def _divided(self, written: bytes) -> bytes:
        """The lines with one delimiter between two fields."""
        return _one_blank(written) if self._is_blanks else written

    def _whole(self, data: bytes) -> _Rows | None:
        """All lines as rows, with typed columns; None if a line does not fit the types."""
        comment, header = self._layout.text.comment, self._header_line
        if (comment and comment.encode() in data) or (header and header in data):
            return None
        if has_odd_lines(data, self._delimiter) or _NO_TEXT.encode() in data:
            return None
        # pyarrow reads an empty line as a row of nulls.
        if data.startswith((b"\n", b"\r\n")) or b"\n\n" in data or b"\n\r\n" in data:
            return None
        for time_type in self._time_types if self._time else [pa.string()]:
            types = self._text_type | self._value_type | ({self._time: time_type} if self._time else {})
            try:
                columns = read_typed(data, self._header, types, self._point, self._nulls)
            except OddBlockError:
                continue
            if self._time and time_type != self._time_types[0]:  # the rest of the file will have it, too
                self._time_types.remove(time_type)
                self._time_types.insert(0, time_type)
            rows = len(next(iter(columns.values())))
            return _Rows(columns, np.arange(rows))
        return None

    def _by_lines(self, data: bytes, first_line: int) -> tuple[_Rows, BadRows]:
        """The lines as rows of texts, and the lines that are not rows."""
        lines = Lines(data)
        no_rows = find_blank_lines(lines) | self._find_passed_over(lines)
        odd = find_odd_lines(lines, self._delimiter) & ~no_rows
        wrong = ~no_rows & ~odd & find_wrong_widths(lines, self._delimiter, self._header.width)
        found = read_texts(lines, self._header, self._text_type, ~(no_rows | odd | wrong))
        one_by_one = odd.copy()
        one_by_one[found.others] = True
        if self._layout.text.short_rows:
            one_by_one |= wrong
            wrong[:] = False
        careful, bad = self._careful(lines, np.flatnonzero(one_by_one), first_line)
        rows = (
            self._merged([_Rows(found.texts, found.at), careful]) if len(careful.at) else _Rows(found.texts, found.at)
        )
        if not len(found.at) and not len(careful.at):
            rows = _Rows(self.no_columns(), found.at)
        no_text = self._find_no_text(rows)
        bad = joined_bad_rows(
            [
                bad,
                bad_rows(first_line + np.flatnonzero(wrong), RejectReason.FIELDS),
                bad_rows(first_line + rows.at[no_text].astype(np.int64), RejectReason.ENCODING),
            ]
        )
        if no_text.any():
            kept = pa.array(~no_text)
            rows = _Rows({name: column.filter(kept) for name, column in rows.columns.items()}, rows.at[~no_text])
        return rows, bad

    def _careful(self, lines: Lines, at: NDArray[np.intp], first_line: int) -> tuple[_Rows, BadRows]:
        """Some lines, read one by one."""
        texts: dict[str, list[str | None]] = {name: [] for name in self._wanted}
        good: list[int] = []
        bad: list[BadRows] = []
        width = self._header.width
        for line in at.tolist():
            try:
                fields: list[str] = split_fields(lines[line], self._layout.text.delimiter)
                if len(fields) > width or (len(fields) < width and not self._layout.text.short_rows):
                    raise BadRow(RejectReason.FIELDS)
            except BadRow as found:
                bad.append(bad_rows(np.array([first_line + line]), found.reason))
                continue
            good.append(line)
            for name, column in texts.items():
                place = self._header.at[name]
                column.append(fields[place] if place < len(fields) else None)
        columns = {name: pa.array(column, pa.string()) for name, column in texts.items()}
        return _Rows(columns, np.array(good, dtype=np.intp)), joined_bad_rows(bad)

    def _merged(self, pieces: Sequence[_Rows]) -> _Rows:
        at = np.concatenate([piece.at for piece in pieces])
        order = pa.array(np.argsort(at, kind="stable"))
        columns = {
            name: pa.concat_arrays([piece.columns[name].cast(pa.string()) for piece in pieces if len(piece.at)]).take(
                order
            )
            for name in self._wanted
        }
        return _Rows(columns, np.sort(at))

    def _find_passed_over(self, lines: Lines) -> NDArray[np.bool_]:
        """Lines that are comments or repeat the header, as in joined files; bool (n,)."""
        found = np.zeros(len(lines), dtype=np.bool_)
        if not len(lines):
            return found
        first = lines.byte[lines.offset[:-1]]
        for text, is_whole in ((self._layout.text.comment.encode(), False), (self._header_line, True)):
            if text:
                for line in np.flatnonzero(first == text[0]).tolist():
                    written = lines[line].rstrip(b"\r")
                    found[line] |= written == text if is_whole else written.startswith(text)
        return found

    def _find_no_text(self, rows: _Rows) -> NDArray[np.bool_]:
        """Rows with bytes outside of the encoding in a field that is read; bool (n,)."""
        found = np.zeros(len(rows.at), dtype=np.bool_)
        for column in rows.columns.values():
            texts = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
            if pa.types.is_string(texts.type):
                found |= pc.match_substring(texts, _NO_TEXT).fill_null(False).to_numpy(zero_copy_only=False)
        return found


def _one_blank(data: bytes) -> bytes:
    """The lines with one blank for each run of blanks and tabs, and none at their ends."""
    data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = data.replace(b"  ", b" ")
    return data.replace(b"\n ", b"\n").replace(b" \r\n", b"\r\n").replace(b" \n", b"\n").strip(b" ")


def find_in_preamble(preamble: str, layout: Layout, where: str) -> dict[str, str]:
    """The [preamble] fields of a layout, from the lines before the rows."""
    found = {}
    for name, pattern in layout.preamble.items():
        match = re.search(pattern, preamble, re.MULTILINE)
        if match is None or match[1] is None:
            raise FileError(
                f"The lines before the first row do not have the layout's {name!r}.",
                where=where,
                hint=f"It is looked for by the regular expression {pattern!r} ([preamble]).",
            )
        found[name] = match[1].strip()
    return found

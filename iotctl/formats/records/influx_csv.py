"""CSV of InfluxDB: tables one below the other, each with its header, with or without annotations.

Annotations are lines above a header, such as #datatype,string,long,double. Only #default changes the result. A header
may also follow a blank line. It differs from a row in that none of its fields begins with a digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from iotctl.errors import FileError
from iotctl.formats.containers.text_blocks import TextBlock, is_blank, open_text_blocks
from iotctl.formats.csv.split import BadRow, split_line
from iotctl.formats.csv.table import CsvTable
from iotctl.formats.csv.table_head import TableHead
from iotctl.formats.records.records import RecordFile, Records
from iotctl.model import Position

_DEFAULT = "#default"
_ERROR = ("error", "reference")

# Lines that are not rows: blank ones and annotations.
_BETWEEN = re.compile(rb"^(?:#|[ \t]*\r?$)", re.MULTILINE)
_NUMBER = re.compile(r"[+-]?\.?\d")


def read_influx_csv(source: RecordFile) -> Iterator[Records]:
    """The rows of all tables of a file as records, see ReadRecords. Columns have the types of the CSV form."""
    layout = replace(source.layout, text=replace(source.layout.text, delimiter=",", comment=""))
    reader = _Tables(replace(source, layout=layout))
    if source.start.offset:
        reader.go_to(source.start.offset)
    with open_text_blocks(source.file, source.open_at, source.options, source.start) as blocks:
        for block in blocks:
            yield from reader.read(block)
        blocks.check_end()


class _Tables:
    """The tables of one file. A line belongs to the table that began last."""

    def __init__(self, source: RecordFile) -> None:
        self._source = source
        self._known: dict[bytes, CsvTable] = {}
        self._table: CsvTable | None = None
        self._is_between = True  # the next line may be a header
        self._columns: tuple[str, ...] = ()
        self._defaults: tuple[str, ...] = ()  # of those columns
        self._next_defaults: tuple[str, ...] = ()

    def go_to(self, offset: int) -> None:
        """Find the table at an offset: search the text before it for headers."""
        source = self._source
        with open_text_blocks(source.file, source.open_at, source.options, Position()) as blocks:
            for block in blocks:
                for _ in self._rows(block.data[: max(0, offset - block.offset)], block.line):
                    pass
                if block.end >= offset:
                    return

    def read(self, block: TextBlock) -> Iterator[Records]:
        """The records of a block, one piece for each stretch of rows in it."""
        line, offset = block.line, block.offset
        for begin, end, first_line in self._rows(block.data, block.line):
            assert self._table is not None
            data = block.data[begin:end]
            line = first_line + data.count(b"\n") + (not data.endswith(b"\n"))
            offset = block.end if end == len(block.data) else block.offset + end
            records = self._table.read(data, first_line, block.offset + begin, line, offset)
            yield replace(records, columns=self._with_defaults(records.columns))
        if offset < block.end and self._table is not None:  # the lines after the last row
            yield self._table.read(b"", block.next_line, block.end, block.next_line, block.end)

    def _rows(self, data: bytes, line: int) -> Iterator[tuple[int, int, int]]:
        """The stretches of rows in whole lines: begin and end of each, and the number of its first line."""
        at = 0
        while at < len(data):
            if self._is_between:
                end = data.find(b"\n", at) + 1 or len(data)
                if self._is_row(data[at:end], line):
                    self._is_between = False
                else:
                    at, line = end, line + 1
                continue
            found = _BETWEEN.search(data, at)
            end = found.start() if found and found.start() < len(data) else len(data)
            if end > at:
                yield at, end, line
                line += data.count(b"\n", at, end)
            at, self._is_between = end, True

    def _is_row(self, written: bytes, line: int) -> bool:
        """Whether a line between tables is a row. Else it is blank, an annotation or a header, and used here."""
        if is_blank(written):
            return False
        try:
            fields = tuple(split_line(written.rstrip(b"\r\n"), ",", text_only=False))
        except BadRow:
            fields = ()
        if written.startswith(b"#"):
            if fields[:1] == (_DEFAULT,):
                self._next_defaults = fields
            return False
        if self._table is not None and (not fields or any(_NUMBER.match(field) for field in fields)):
            return True
        self._begin(fields, written.rstrip(b"\r\n"), line)
        self._is_between = False
        return False

    def _begin(self, fields: tuple[str, ...], header: bytes, line: int) -> None:
        """Begin a table with a header. Raises FileError if the line is not a header."""
        where = f"{self._source.file.uri}, line {line}"
        if fields[-2:] == _ERROR:
            raise FileError(
                "The query that wrote this file failed: it has an error instead of rows.",
                where=where,
                hint="Run the query again, and export what it gives.",
            )
        if not fields:
            raise FileError("This is not a header.", where=where, hint="A table begins with the names of its columns.")
        if header not in self._known:
            names = tuple(name or f"column {number}" for number, name in enumerate(fields, 1))
            if len(set(names)) < len(names):
                twice = next(name for name in names if names.count(name) > 1)
                raise FileError(f"The header has the column {twice!r} twice.", where=where, hint="Rename one of them.")
            head = TableHead(names, header, 0, line + 1)
            self._known[header] = CsvTable(head, self._source.layout, self._source.file.uri)
        self._table = self._known[header]
        self._columns, self._defaults, self._next_defaults = fields, self._next_defaults, ()

    def _with_defaults(self, columns: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        found = dict(columns)
        for name, default in zip(self._columns, self._defaults, strict=False):
            if default and name in found and name:
                column = found[name]
                if pa.types.is_dictionary(column.type):
                    column = column.dictionary_decode()
                if column.null_count or pa.types.is_string(column.type):
                    texts = column.cast(pa.string()).fill_null("")
                    found[name] = pc.if_else(pc.equal(texts, ""), pa.scalar(default), texts)
        return found

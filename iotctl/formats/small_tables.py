"""Reads the rows of a small table as texts, one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from iotctl.formats.containers.blocks import read_blocks
from iotctl.formats.containers.compression import Text, open_text
from iotctl.formats.containers.content import is_parquet
from iotctl.formats.containers.text_blocks import is_blank, reject_text
from iotctl.formats.csv.header import WantedColumns, find_columns, read_start
from iotctl.formats.csv.split import BadRow, is_text, split_line
from iotctl.formats.options import OpenAt
from iotctl.formats.parquet.opened import open_parquet
from iotctl.model import RejectReason, StoredFile

_BLOCK_BYTES = 1024 * 1024
_ROWS_AT_ONCE = 100_000
_UUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row. line: from 1. text: of the row, for people. fields: wanted column -> text; empty if it has a reason.

    Columns that are only wanted as others (WantedColumns.others) may have bytes that are not text.
    """

    line: int
    text: str
    fields: Mapping[str, str]
    reason: RejectReason | None = None


def read_table_rows(file: StoredFile, open_at: OpenAt, wanted: WantedColumns) -> Iterator[TableRow]:
    """The rows of a file with the wanted columns, in text or Parquet. The same rows are bad as in read_batches.

    Raises FileError if a column is missing, and what open_at raises.
    """
    with open_text(open_at, file.uri) as text:
        if not is_parquet(text.head):
            yield from _read_text(file, text, wanted)
            return
    yield from _read_parquet(file, open_at, wanted)


def _read_text(file: StoredFile, text: Text, wanted: WantedColumns) -> Iterator[TableRow]:
    found = read_start(text, wanted, file.uri)
    if found is None:
        return
    line, header = found.line, found.header
    known = {column[0] for column in (*wanted.needed, *wanted.optional)}
    for block in read_blocks(text, found.offset, _BLOCK_BYTES, found.begun):
        for row in block.data.removesuffix(b"\n").split(b"\n"):
            if not is_blank(row):
                try:
                    fields = split_line(row, header.delimiter, text_only=False)
                    if len(fields) != header.width:
                        raise BadRow(RejectReason.FIELDS)
                    chosen = {column: fields[at] for column, at in header.at.items()}
                    if not all(is_text(text) for column, text in chosen.items() if column in known):
                        raise BadRow(RejectReason.ENCODING)
                    yield TableRow(line, reject_text(row), chosen)
                except BadRow as bad:
                    yield TableRow(line, reject_text(row), {}, bad.reason)
            line += 1


def _read_parquet(file: StoredFile, open_at: OpenAt, wanted: WantedColumns) -> Iterator[TableRow]:
    opened = open_parquet(file, open_at, is_known=True)
    assert opened is not None
    names = opened.parquet.schema_arrow.names
    at = find_columns(names, wanted, file.uri)
    columns = [names[place] for place in at.values()]
    opened.choose(columns)
    line = 1
    for group in range(opened.parquet.num_row_groups):
        for page in opened.pages(group, columns, _ROWS_AT_ONCE):
            for row in page.to_pylist():
                fields = {column: _text_of(row[names[place]]) for column, place in at.items()}
                yield TableRow(line, reject_text(";".join(fields.values()).encode("utf-8", "backslashreplace")), fields)
                line += 1


def _text_of(value: object) -> str:
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == _UUID_BYTES else value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)

"""Parquet files as records: rows of typed columns. A field within a struct is named by its path, as in body.temp.

Lists and maps are not fields. Positions count rows, and lines count them from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.arrow_types import is_bytes_type
from iotctl.formats.bad_rows import listed_bad_rows
from iotctl.formats.parquet.opened import OpenParquet, PageLines, open_parquet
from iotctl.formats.records.records import RecordFile, Records, check_fields
from iotctl.model import Int96

_UUID_BYTES = 16

# For wide files, fewer rows are decoded at once.
_MOST_VALUES, _FEWEST_ROWS = 4_000_000, 1024


def read_parquet_table(source: RecordFile) -> Iterator[Records]:
    """The rows of a file as records, see ReadRecords, with a few row groups in memory at a time."""
    file = source.file
    opened = open_parquet(file, source.open_at)
    if opened is None:
        if not file.size:
            return
        raise FileError("This is not a Parquet file.", where=file.uri, hint="To see its type: iotctl inspect FILE")
    table = _Table(opened, source)
    names = list(table.leaves)
    opened.choose(names)
    most_rows = min(source.options.batch_rows, max(_FEWEST_ROWS, _MOST_VALUES // max(1, len(names))))
    start, row = source.start.offset, 0
    for group in range(opened.parquet.num_row_groups):
        rows_in_group = opened.parquet.metadata.row_group(group).num_rows
        if row + rows_in_group <= start:
            row += rows_in_group
            continue
        for page in opened.pages(group, names, most_rows):
            unread = page.slice(min(len(page), max(0, start - row)))
            row += len(page)
            first_line = row - len(unread) + 1
            columns = table.columns(unread)
            line = np.arange(first_line, row + 1, dtype=np.int64)
            lines = PageLines(pa.RecordBatch.from_pydict(columns), list(columns), first_line)
            yield Records(columns, line, listed_bad_rows([]), lines, row, row + 1)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A column of single values: the names of the structs around it, and its own name."""

    path: tuple[str, ...]
    is_instant: bool  # a time without a zone, in UTC


class _Table:
    """The columns of one file that its layout needs."""

    def __init__(self, opened: OpenParquet, source: RecordFile) -> None:
        layout, where = source.layout, source.file.uri
        every = [path for field in opened.parquet.schema_arrow for path in _paths((), field)]
        count = Counter(".".join(path) for path in every)
        wanted = layout.record_fields()
        chosen = list(count) if wanted is None else [name for name in wanted if name in count]
        check_fields(list(count), layout, where)
        if twice := next((name for name in chosen if count[name] > 1), None):
            raise FileError(f"The column {twice} occurs twice.", where=where, hint="Rename one of them.")
        is_utc = source.options.int96 is Int96.UTC
        self.leaves = {
            ".".join(path): _Leaf(path, is_utc and opened.is_int96(".".join(path)))
            for path in every
            if ".".join(path) in chosen
        }

    def columns(self, page: pa.RecordBatch) -> dict[str, pa.Array]:
        """The columns of a page by their names."""
        found = {}
        for name, leaf in self.leaves.items():
            column = page.column(leaf.path[0])
            for key in leaf.path[1:]:
                column = column.flatten()[column.type.get_field_index(key)]
            column = _plain(column)
            if leaf.is_instant and pa.types.is_timestamp(column.type):
                column = column.cast(pa.timestamp(column.type.unit, "UTC"))
            found[name] = column
        return found


def _paths(before: tuple[str, ...], field: pa.Field) -> Iterator[tuple[str, ...]]:
    """The columns of single values in a field."""
    kind = field.type.storage_type if isinstance(field.type, pa.BaseExtensionType) else field.type
    if pa.types.is_struct(kind):
        for inner in kind:
            yield from _paths((*before, field.name), inner)
    elif not pa.types.is_nested(kind):
        yield (*before, field.name)


def _plain(column: pa.Array) -> pa.Array:
    """A column in a type for layouts: texts as string, 16 bytes as a UUID."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    kind = column.type
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(column.indices, _plain(column.dictionary))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.string())
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width == _UUID_BYTES:
        encoded = column.dictionary_encode()
        texts = pa.array([str(UUID(bytes=value)) for value in encoded.dictionary.to_pylist()], pa.string())
        return pa.DictionaryArray.from_arrays(encoded.indices, texts)
    if is_bytes_type(kind):
        return _decoded(column.cast(pa.binary()))
    return column


def _decoded(column: pa.BinaryArray) -> pa.StringArray:
    """Bytes as texts: older programs do not mark a column of texts."""
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        values = column.to_pylist()
        return pa.array([None if value is None else value.decode("utf-8", "backslashreplace") for value in values])

"""An open Parquet file: its columns in pages of bounded memory, even if the file states wrong sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from iotctl.errors import FileError
from iotctl.formats.arrow_types import is_text_type
from iotctl.formats.containers.text_blocks import reject_text
from iotctl.formats.options import OpenAt
from iotctl.formats.parquet.footer import Chunk, read_chunks
from iotctl.formats.parquet.pages import FEW_ROWS_AT_ONCE, ROWS_AT_ONCE, ColumnWatch
from iotctl.formats.parquet.stored import MAGIC, ParquetBytes
from iotctl.model import StoredFile

_BUFFER_BYTES, _LEAST_BUFFER_BYTES = 4 * 1024 * 1024, 64 * 1024
_MOST_BUFFERS_BYTES = 64 * 1024 * 1024
_DAMAGE = (pa.ArrowException, OSError, UnicodeDecodeError)
_HINT = "Rows committed before stay. Fetch the file again from its source."


class OpenParquet:
    """A Parquet file and its stored bytes."""

    def __init__(self, parquet: pq.ParquetFile, stored: ParquetBytes, footer: bytes, where: str) -> None:
        self.parquet = parquet
        self._stored = stored
        self._footer = footer
        self._where = where
        self._chunks: list[list[Chunk]] = []

    def choose(self, columns: list[str]) -> None:
        """Set the columns to read. Raises FileError if the footer is damaged."""
        try:
            self._chunks = read_chunks(self._footer, columns)
        except ValueError as error:
            raise self._damaged(error) from error
        if len(self._chunks) != self.parquet.num_row_groups:
            raise self._damaged(ValueError("row groups are missing"))
        # Each column has its own buffer.
        if (buffer_bytes := max(_LEAST_BUFFER_BYTES, _MOST_BUFFERS_BYTES // max(1, len(columns)))) < _BUFFER_BYTES:
            self.parquet = _opened(self._stored, buffer_bytes, self.parquet.metadata)

    def is_int96(self, column: str) -> bool:
        """Whether a column has the old timestamps of 96 bits."""
        leaves = (self.parquet.schema.column(at) for at in range(len(self.parquet.schema)))
        return any(leaf.path == column and leaf.physical_type == "INT96" for leaf in leaves)

    def pages(self, group: int, columns: list[str], most_rows: int) -> Iterator[pa.RecordBatch]:
        """Some columns of a row group, at most most_rows at a time, even if the file states wrong sizes.

        Raises FileError if the data is damaged, or would take too much memory.
        """
        chunks = [chunk for chunk in self._chunks[group] if chunk.column in columns]
        may_share = any(chunk.may_share for chunk in chunks)
        rows = min(most_rows, FEW_ROWS_AT_ONCE if may_share else ROWS_AT_ONCE)
        try:
            with self._stored.watched(ColumnWatch(chunk, self._where, len(chunks)) for chunk in chunks):
                for page in self.parquet.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False):
                    yield _decodable(page)
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> FileError:
        return FileError(f"The Parquet data is damaged: {_first_line(error)}.", where=self._where, hint=_HINT)


def open_parquet(file: StoredFile, open_at: OpenAt, *, is_known: bool = False) -> OpenParquet | None:
    """A file as Parquet; None if it is not Parquet. is_known: it begins like Parquet, so anything else is damage.

    Raises FileError if it is damaged.
    """
    stored = ParquetBytes(open_at, file.size, file.uri)
    try:
        footer = stored.footer()
        parquet = _opened(stored, _BUFFER_BYTES)
        _ = parquet.schema_arrow.names
    except _DAMAGE as error:
        with open_at(0) as begin:
            begins = begin.read(len(MAGIC)) == MAGIC
        if not begins and not is_known:
            return None
        if begins and not stored.ends():
            raise FileError("The Parquet file is cut short: its end is missing.", where=file.uri, hint=_HINT) from error
        raise FileError(f"This is not a Parquet file: {_first_line(error)}.", where=file.uri, hint=_HINT) from error
    return OpenParquet(parquet, stored, footer or b"", file.uri)


def _opened(stored: ParquetBytes, buffer_bytes: int, metadata: pq.FileMetaData | None = None) -> pq.ParquetFile:
    return pq.ParquetFile(
        stored,
        metadata=metadata,
        # A column is read through a buffer of this size, and not as a whole.
        buffer_size=buffer_bytes,
        coerce_int96_timestamp_unit="us",  # nanoseconds, the default, overflow in 2262
    )


@dataclass(frozen=True, slots=True)
class PageLines:
    """The rows of a page as lines. first_line: the number of the first one."""

    page: pa.RecordBatch
    columns: list[str]
    first_line: int

    def text(self, line: int) -> str:
        """See FileLines."""
        fields = (str(self.page.column(name)[line - self.first_line].as_py()) for name in self.columns)
        return reject_text(";".join(fields).encode())

    def offset(self, line: int) -> int:
        """See FileLines."""
        return line - 1


def stored_type(kind: pa.DataType) -> pa.DataType:
    """The type of the stored values: of an extension its storage, of a dictionary its values."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def stored_values(column: pa.Array) -> pa.Array:
    """A column as an array of its stored_type."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _decodable(page: pa.RecordBatch) -> pa.RecordBatch:
    """The page with invalid UTF-8 escaped: programs that write Parquet do not check their texts."""
    try:
        page.validate(full=True)
    except pa.ArrowInvalid:
        return pa.RecordBatch.from_arrays([_escaped(column) for column in page.columns], page.schema.names)
    return page


def _escaped(column: pa.Array) -> pa.Array:
    column = stored_values(column)
    if not is_text_type(column.type):
        return column
    values = column.cast(pa.binary()).to_pylist()
    return pa.array([None if value is None else value.decode("utf-8", "backslashreplace") for value in values])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")

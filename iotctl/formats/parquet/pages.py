"""Checks the pages of a Parquet file while their bytes are read, so that their memory is bounded before decoding.

The sizes in the footer may be wrong. The header of each page has its decompressed size, and the decompressor enforces
it (parquet.thrift, PageHeader). So the headers are read while the bytes pass by.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.parquet.footer import Chunk
from iotctl.formats.parquet.thrift import CompactReader, Value

# Rows that are decoded at once, and rows of a column with shared beginnings (see _DELTA_BYTE_ARRAY).
ROWS_AT_ONCE = 131_072
FEW_ROWS_AT_ONCE = 128

# Writers make pages of 1 MiB. A page is decompressed as a whole.
_MOST_PAGE_BYTES = 32 * 1024 * 1024
_MOST_PAGES_BYTES, _LEAST_PAGE_BYTES = 512 * 1024 * 1024, 2 * 1024 * 1024
_MOST_HEADER_BYTES = 1024 * 1024
# For a text in a dictionary: all rows that are decoded at once may have it.
_MOST_REPEATED_BYTES = 512
_STEP_BYTES = 64 * 1024
# For all texts of the rows that are decoded at once.
_MOST_TEXT_BYTES = 64 * 1024 * 1024

_DATA, _DICTIONARY, _DATA_V2 = 5, 7, 8  # the fields of the header
# Each value is stored as an addition to the value before: a small page may contain many long values.
_DELTA_BYTE_ARRAY = 7
_MOST_DELTA_BYTES = 1536 * 1024


class ColumnWatch:
    """Checks the pages of a column of a row group, in the order in which their bytes are read.

    start, end: of its bytes in the file. columns: number of columns that are read together; each holds a page.
    """

    def __init__(self, chunk: Chunk, where: str, columns: int = 1) -> None:
        self._most_page_bytes = min(_MOST_PAGE_BYTES, max(_MOST_PAGES_BYTES // columns, _LEAST_PAGE_BYTES))
        self.start, self.end = chunk.start, chunk.start + chunk.size
        self._chunk = chunk
        self._where = where
        self._next = self.start  # where the next page begins
        self._begun = b""  # of that page
        self._wanted = 0  # number of bytes needed of it
        self._rows = self._bytes = 0

    def see(self, position: int, data: bytes) -> None:
        """Check bytes that were read from a position of the file. Raises FileError if a page takes too much memory."""
        have = self._next + len(self._begun)
        while have < position + len(data) and self._next < self.end:
            if have < position:
                raise self._refused("cannot be followed page by page")
            self._begun += data[have - position : have - position + max(_STEP_BYTES, self._wanted - len(self._begun))]
            have = self._next + len(self._begun)
            header = _page_header(self._begun)
            if header is None:
                if len(self._begun) > _MOST_HEADER_BYTES:
                    raise self._refused("has a page with a header of over 1 MiB")
                continue
            self._check(header)
            whole = header.length + header.compressed
            if self._chunk.has_texts and header.is_dictionary:
                self._wanted = whole
                if len(self._begun) < whole:
                    continue
                self._check_dictionary(self._begun[header.length : whole], header)
            self._next += whole
            self._begun, self._wanted = b"", 0
            have = self._next

    def _check(self, header: _PageHeader) -> None:
        if min(header.uncompressed, header.compressed, header.values) < 0:
            raise self._refused("has a page of a size below zero")
        size = max(header.uncompressed, header.compressed)
        if size > self._most_page_bytes:
            most = self._most_page_bytes // 1024**2
            raise self._refused(f"has a page of {size // 1024**2} MiB; at most {most} are read")
        if not self._chunk.has_texts or header.is_dictionary:
            return
        if header.encoding == _DELTA_BYTE_ARRAY and not (self._chunk.may_share and size <= _MOST_DELTA_BYTES):
            raise self._refused("has a DELTA_BYTE_ARRAY page that may expand to any size")
        if self._rows >= ROWS_AT_ONCE:
            self._rows = self._bytes = 0
        self._rows += header.values
        self._bytes += size
        if self._bytes > _MOST_TEXT_BYTES:
            raise self._refused(f"has more than {_MOST_TEXT_BYTES // 1024**2} MiB of text in {ROWS_AT_ONCE} rows")

    def _check_dictionary(self, page: bytes, header: _PageHeader) -> None:
        """Refuse a long text in a dictionary: rows of a few bits may repeat it a million times."""
        try:
            values = _decompressed(page, self._chunk.codec, header.uncompressed)
            longest = _longest(values, header.values)
        except (pa.ArrowException, OSError, ValueError, struct.error) as error:
            raise self._refused("has a dictionary that cannot be read") from error
        if longest > _MOST_REPEATED_BYTES:
            raise self._refused(f"repeats a text of {longest} bytes; at most {_MOST_REPEATED_BYTES} are read")

    def _refused(self, problem: str) -> FileError:
        return FileError(
            f"Column {self._chunk.column} {problem}.",
            where=self._where,
            hint="Rows committed before stay. Write the file with smaller pages, and without long texts.",
        )


def _decompressed(page: bytes, compression: str, size: int) -> bytes:
    if compression == "UNCOMPRESSED":
        return page
    if not compression.startswith("LZ4"):
        return bytes(pa.decompress(page, size, compression.lower(), asbytes=True))
    try:
        return bytes(pa.decompress(page, size, "lz4_raw", asbytes=True))
    except OSError:  # in the form of Hadoop: after two lengths
        return bytes(pa.decompress(page[8:], size, "lz4_raw", asbytes=True))


def _longest(values: bytes, count: int) -> int:
    """The longest of count texts, each of them after its length in four bytes (PLAIN)."""
    longest = at = 0
    for _ in range(count):
        (length,) = struct.unpack_from("<I", values, at)
        # If all texts have one length, as UUIDs, the others need not be read one by one.
        if not at and length + 4 == len(values) / count:
            rows = np.frombuffer(values, dtype=np.uint8).reshape(count, length + 4)
            if (rows[:, :4] == rows[0, :4]).all():
                return int(length)
        longest = max(longest, length)
        at += 4 + length
    return longest


@dataclass(frozen=True, slots=True)
class _PageHeader:
    """The header of a page. length: of the header itself, in bytes."""

    length: int
    uncompressed: int
    compressed: int
    values: int
    encoding: int
    is_dictionary: bool


def _page_header(data: bytes) -> _PageHeader | None:
    """The header at the beginning of some bytes; None if more bytes are needed, or if it is not a header."""
    reader = CompactReader(data)
    try:
        fields = reader.struct()
    except (IndexError, ValueError):
        return None
    kind = next((fields[kind] for kind in (_DATA, _DATA_V2, _DICTIONARY) if isinstance(fields.get(kind), dict)), {})
    assert isinstance(kind, dict)
    return _PageHeader(
        length=reader.at,
        uncompressed=_number(fields.get(2)),
        compressed=_number(fields.get(3)),
        values=_number(kind.get(1)),
        encoding=_number(kind.get(4 if _DATA_V2 in fields else 2)),
        is_dictionary=_DICTIONARY in fields,
    )


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0

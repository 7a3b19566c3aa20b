"""Stored bytes to text: gzip, bzip2, xz, Zstandard and UTF-16. Damage never looks like the end of the file."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import shlex
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, cast

import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.containers.content import (
    HEAD_BYTES,
    Packing,
    binary_kind_of,
    is_office,
    is_parquet,
    packing_of,
    wide_encoding_of,
)
from iotctl.formats.options import OpenAt

_READ_BYTES = 1024 * 1024
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowException)

# Some programs pack a file twice; more layers are a decompression bomb.
_MOST_PACKINGS = 3

# xz -9 needs 65 MiB, and a file may ask for 4 GiB. Zstandard's own limit is 128 MiB.
_XZ_MEMORY_BYTES = 128 * 1024 * 1024


@contextmanager
def open_text(open_at: OpenAt, name: str, offset: int = 0) -> Iterator[Text]:
    """The text of a file from an offset on, in bytes of the text.

    Raises FileError if the file is not text (Parquet is allowed here), or if its compressed data is damaged.
    """
    with Text(open_at, name) as text:
        if offset:
            text.go_to(offset)
        yield text


class Text:
    """The text of a file: decompressed, UTF-16 and UTF-32 converted to UTF-8; other encodings as they are.

    Lines that end in a carriage return alone, as from Excel for Mac, end in a line feed here.
    head: the first bytes. packing: the compression, if there is one; such a file is complete, or it cannot be read.
    """

    def __init__(self, open_at: OpenAt, name: str) -> None:
        self._open_at = open_at
        self._name = name
        self._stored: BinaryIO
        self._stream: BinaryIO
        self._unread: bytes
        self._position: int
        self._is_stored_text: bool
        self._has_returns: bool
        self._begin()

    def __enter__(self) -> Text:
        return self

    def __exit__(self, *_: object) -> None:
        self._stored.close()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most size, all with -1; none at the end."""
        head, self._unread = self._unread, b""
        if head and size >= 0:
            data, self._unread = head[:size], head[size:]
        else:
            data = head + self._read(self._stream, size)
        self._position += len(data)
        return data.replace(b"\r", b"\n") if self._has_returns else data

    def go_to(self, offset: int) -> None:
        """Go on reading from another offset."""
        if self._is_stored_text:
            self._stored.close()
            self._stored = self._stream = self._open_at(offset)
            self._unread, self._position = b"", offset
            return
        if offset < self._position:
            self._stored.close()
            self._begin()
        while self._position < offset:
            if not self.read(min(_READ_BYTES, offset - self._position)):
                raise self._damaged(EOFError("it is shorter than at the first reading"))

    def _begin(self) -> None:
        self._stored = self._open_at(0)
        self.packing: Packing | None = None
        self._position = 0
        self._stream = self._stored
        try:
            self._unpack()
        except BaseException:
            self._stored.close()
            raise

    def _unpack(self) -> None:
        head = self._head()
        for _ in range(_MOST_PACKINGS):
            packing = packing_of(head)
            if packing is None:
                break
            self._stream = self._decompressed(_rejoined(head, self._stream), packing)
            self.packing = packing
            head = self._head()
        if is_office(head) and not self.packing:
            raise FileError(
                f"This is {binary_kind_of(head)}.",
                where=self._name,
                hint=f"A workbook needs a layout: iotctl inspect {shlex.quote(self._name)}",
            )
        if (kind := binary_kind_of(head) or (packing_of(head) and "packed more than three times")) is not None:
            raise FileError(
                f"This is {kind}{self._within}.",
                where=self._name,
                hint="Readings are read from text (CSV) and Parquet files: unpack or convert it.",
            )
        if self.packing and is_parquet(head):
            raise FileError(
                f"This is a Parquet file{self._within}.", where=self._name, hint="Unpack it; Parquet compresses itself."
            )
        self._is_stored_text = self.packing is None
        if wide := wide_encoding_of(head):
            encoding, mark = wide
            self._stream = io.BufferedReader(_Recoded(_rejoined(head[mark:], self._stream), encoding), _READ_BYTES)
            self._is_stored_text = False
            head = self._head()
        self.head = self._unread = head
        # A line that ends in both would be followed by a blank line, which is not a row.
        self._has_returns = b"\r" in (head[: head.find(b"\n") + 1] or head).rstrip(b"\r\n")

    @property
    def _within(self) -> str:
        return f" within {self.packing} data" if self.packing else ""

    def _head(self) -> bytes:
        head = b""
        while len(head) < HEAD_BYTES and (data := self._read(self._stream, HEAD_BYTES - len(head))):
            head += data
        return head

    def _read(self, stream: BinaryIO, size: int) -> bytes:
        if self.packing is None:
            return stream.read(size)
        try:
            return stream.read(None if size < 0 else size)  # type: ignore[arg-type]  # None means all, for all of them
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def _decompressed(self, packed: BinaryIO, packing: Packing) -> BinaryIO:
        try:
            return _decompressed(packed, packing)
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> FileError:
        if "emory" in str(error):  # of xz: Memory usage limit exceeded; of Zstandard: requires too much memory
            return FileError(
                f"To unpack this {self.packing} data would take more than 128 MiB of memory.",
                where=self._name,
                hint="Compress it again with a smaller dictionary or window.",
            )
        return FileError(
            f"The compressed data is damaged: {str(error).rstrip('.')}.",
            where=self._name,
            hint="Rows committed before stay. Fetch the file again from its source.",
        )


def _decompressed(packed: BinaryIO, packing: Packing) -> BinaryIO:
    match packing:
        case Packing.GZIP:
            return cast("BinaryIO", gzip.GzipFile(fileobj=packed))
        case Packing.BZIP2:
            return io.BufferedReader(_Members(packed, bz2.BZ2Decompressor), _READ_BYTES)
        case Packing.XZ:
            new = partial(lzma.LZMADecompressor, memlimit=_XZ_MEMORY_BYTES)
            return io.BufferedReader(_Members(packed, new), _READ_BYTES)
        case Packing.ZSTD:
            # The standard library has Zstandard only from Python 3.14 on.
            return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd"))


def _rejoined(head: bytes, rest: BinaryIO) -> BinaryIO:
    return io.BufferedReader(_Rejoined(head, rest), _READ_BYTES)


class _Rejoined(io.RawIOBase):
    """Bytes that were read already, followed by the rest of the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        data = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


def _no_character(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


_NO_CHARACTER = "iotctl.no_character"
codecs.register_error(_NO_CHARACTER, _no_character)


class _Recoded(io.RawIOBase):
    """A text in UTF-16 or UTF-32 as UTF-8. Invalid characters become bytes that are invalid in UTF-8."""

    def __init__(self, wide: BinaryIO, encoding: str) -> None:
        self._wide = wide
        self._decoder = codecs.getincrementaldecoder(encoding)(_NO_CHARACTER)
        self._rest = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        while not self._rest and not self._ended:
            data = self._wide.read(len(buffer))
            self._ended = not data
            self._rest = self._decoder.decode(data, final=not data).encode("utf-8", "surrogatepass")
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


class _Members(io.RawIOBase):
    """The members of a bzip2 or xz file, one after the other, up to padding with zeros.

    The standard library silently ignores anything else after a member. So a damaged second member would lose rows.
    """

    def __init__(self, stored: BinaryIO, new: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> None:
        self._stored = stored
        self._new = new
        self._member: bz2.BZ2Decompressor | lzma.LZMADecompressor | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        data = b""
        while not data:
            member, packed = self._member, b""
            if member is None or member.eof:
                packed = self._next_member(member.unused_data if member else b"")
                if not packed:
                    return 0
                member = self._member = self._new()
            elif member.needs_input and not (packed := self._stored.read(_READ_BYTES)):
                raise EOFError("it ends early")
            data = member.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _next_member(self, packed: bytes) -> bytes:
        """The first bytes of the next member; none at the end of the file."""
        while not (begun := packed.lstrip(b"\0")):
            packed = self._stored.read(_READ_BYTES)
            if not packed:
                return b""
        return begun

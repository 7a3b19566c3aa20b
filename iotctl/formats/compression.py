"""Stored bytes to text: gzip, bzip2, xz and Zstandard, where damage never looks like the end of the file."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.options import COMPRESSIONS, OpenAt

_READ_BYTES = 1024 * 1024
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, pa.ArrowException)


@contextmanager
def open_text(open_at: OpenAt, name: str, offset: int) -> Iterator[BinaryIO]:
    """The decompressed bytes from an offset on; reading them raises FileError where the compressed form is damaged."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in COMPRESSIONS:
        with open_at(offset) as plain:
            yield plain
        return
    with open_at(0) as stored:
        text = _Checked(stored, suffix, name)
        text.skip(offset)
        yield cast("BinaryIO", text)


class _Checked:
    """A decompressed stream whose errors are those of its file."""

    def __init__(self, stored: BinaryIO, suffix: str, name: str) -> None:
        self._name = name
        try:
            self._text = _decompressed(stored, suffix)
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def read(self, size: int = -1) -> bytes:
        try:
            return self._text.read(None if size < 0 else size)  # type: ignore[arg-type]  # None is all, with each
        except _DAMAGE as error:
            raise self._damaged(error) from error

    def skip(self, count: int) -> None:
        while count:
            data = self.read(min(_READ_BYTES, count))
            if not data:
                raise self._damaged(EOFError("it is shorter than when it was read before"))
            count -= len(data)

    def _damaged(self, error: Exception) -> FileError:
        return FileError(
            f"The compressed data is damaged: {str(error).rstrip('.')}.",
            where=self._name,
            hint="Rows committed before stay. Mend the file, or fetch it again from where it came.",
        )


def _decompressed(stored: BinaryIO, suffix: str) -> BinaryIO:
    match suffix:
        case ".gz":
            return cast("BinaryIO", gzip.GzipFile(fileobj=stored))
        case ".bz2":
            return io.BufferedReader(_Members(stored, bz2.BZ2Decompressor), _READ_BYTES)
        case ".xz":
            return io.BufferedReader(_Members(stored, lzma.LZMADecompressor), _READ_BYTES)
        case _:
            # The standard library knows Zstandard from Python 3.14 on only.
            return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(stored, "r"), "zstd"))


class _Members(io.RawIOBase):
    """The members of a bzip2 or xz file, one after the other, up to padding with zeros.

    The standard library's files pass silently over anything else behind a member: a damaged second one would be rows
    lost without a word.
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

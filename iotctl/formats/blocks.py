"""A file as blocks of whole lines, decompressed; a line that never ends costs no memory."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO, cast

import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.options import OpenAt

MAX_LINE_BYTES = 1024 * 1024
_READ_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines. end: offset in the decompressed text of the byte after them. Only a file's last may lack its \\n.

    A line over MAX_LINE_BYTES stands in data cut off a little above that.
    """

    data: bytes
    end: int


@contextmanager
def open_text(open_at: OpenAt, name: str, offset: int) -> Iterator[BinaryIO]:
    """The decompressed bytes from an offset on; damage in the compressed form comes out as FileError."""
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in (".gz", ".bz2", ".xz", ".zst"):
        with open_at(offset) as plain:
            yield plain
        return
    with open_at(0) as stored:
        try:
            text = _decompressed(stored, suffix)
            skipped = 0
            while skipped < offset:
                data = text.read(min(_READ_BYTES, offset - skipped))
                if not data:
                    raise EOFError("shorter than when it was read before")
                skipped += len(data)
            yield text
        except (EOFError, gzip.BadGzipFile, lzma.LZMAError, OSError, pa.ArrowInvalid) as error:
            raise FileError(
                f"The compressed data is damaged: {error}.",
                where=name,
                hint="Rows committed before stay. Mend the file.",
            ) from error


def _decompressed(stored: BinaryIO, suffix: str) -> BinaryIO:
    match suffix:
        case ".gz":
            return cast("BinaryIO", gzip.GzipFile(fileobj=stored))
        case ".bz2":
            return cast("BinaryIO", bz2.BZ2File(stored))
        case ".xz":
            return cast("BinaryIO", lzma.LZMAFile(stored))
        case _:
            # The standard library knows Zstandard from Python 3.14 on only.
            return cast("BinaryIO", pa.CompressedInputStream(pa.PythonFile(stored, "r"), "zstd"))


def read_blocks(text: BinaryIO, offset: int, block_bytes: int, begun: bytes = b"") -> Iterator[Block]:
    """Blocks of about block_bytes from a text at offset; begun: what was read from there already."""
    rest = b""
    data = begun or text.read(block_bytes)
    while data:
        cut = data.rfind(b"\n") + 1
        if cut:
            whole = rest + data[:cut] if rest else data[:cut]
            rest = data[cut:]
            offset += len(whole)
            yield Block(whole, offset)
        else:
            rest += data
            if len(rest) > MAX_LINE_BYTES + block_bytes:
                offset, rest = yield from _over_long_line(text, rest, offset)
        data = text.read(block_bytes)
    if rest:
        yield Block(rest, offset + len(rest))


def _over_long_line(text: BinaryIO, begun: bytes, offset: int) -> Generator[Block, None, tuple[int, bytes]]:
    """Pass over a line without end; returns the offset after it and the begun line in the bytes read behind it."""
    length = len(begun)
    while data := text.read(_READ_BYTES):
        cut = data.find(b"\n") + 1
        if not cut:
            length += len(data)
            continue
        offset += length + cut
        yield Block(begun[: MAX_LINE_BYTES + 1] + b"\n", offset)
        last = data.rfind(b"\n") + 1
        if last > cut:
            offset += last - cut
            yield Block(data[cut:last], offset)
        return offset, data[last:]
    offset += length
    yield Block(begun[: MAX_LINE_BYTES + 1], offset)
    return offset, b""

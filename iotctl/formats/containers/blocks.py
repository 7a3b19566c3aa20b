"""A text as blocks of whole lines. A line that never ends takes no memory."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from iotctl.formats.options import Readable

MAX_LINE_BYTES = 1024 * 1024
_READ_BYTES = 1024 * 1024
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines. end: offset in the text of the byte after them. Only the last line of a file may lack its \\n.

    A line over the limit is cut in data, a little above the limit.
    """

    data: bytes
    end: int


def read_blocks(
    text: Readable, offset: int, block_bytes: int, begun: bytes = b"", max_line_bytes: int = MAX_LINE_BYTES
) -> Iterator[Block]:
    """Blocks of about block_bytes from a text at offset. begun: bytes that were already read from there."""
    rest = bytearray()  # grows without copies if a line is longer than many blocks
    data = begun or text.read(block_bytes)
    while data:
        cut = data.rfind(b"\n") + 1
        if cut:
            whole = b"".join((rest, memoryview(data)[:cut]))  # one copy; other threads wait for it (GIL)
            rest = bytearray(memoryview(data)[cut:])
            offset += len(whole)
            yield Block(whole, offset)
        else:
            rest += data
            if len(rest) > max_line_bytes + block_bytes:
                offset, begun = yield from _over_long_line(text, bytes(rest), offset, max_line_bytes)
                rest = bytearray(begun)
        data = text.read(block_bytes)
    if rest:
        yield Block(bytes(rest), offset + len(rest))


def line_pieces(data: bytes) -> Iterator[bytes]:
    """A block in pieces of whole lines, so that only pieces with an odd line are read line by line."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _PIECE_BYTES) + 1 or data.find(b"\n", start + _PIECE_BYTES) + 1
        yield data[start : end or len(data)]
        start = end or len(data)


def _over_long_line(
    text: Readable, begun: bytes, offset: int, max_line_bytes: int
) -> Generator[Block, None, tuple[int, bytes]]:
    """Skip a line that is too long. Returns the offset after it, and the begun next line."""
    length = len(begun)
    while data := text.read(_READ_BYTES):
        cut = data.find(b"\n") + 1
        if not cut:
            length += len(data)
            continue
        offset += length + cut
        yield Block(begun[: max_line_bytes + 1] + b"\n", offset)
        last = data.rfind(b"\n") + 1
        if last > cut:
            offset += last - cut
            yield Block(data[cut:last], offset)
        return offset, data[last:]
    offset += length
    yield Block(begun[: max_line_bytes + 1], offset)
    return offset, b""

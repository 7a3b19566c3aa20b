"""Samples the lines of a text: all lines of a small text, and pieces from all parts of a large one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from iotctl.formats.containers.compression import Text, open_text
from iotctl.formats.options import OpenAt
from iotctl.formats.proposal.encodings import Encoding, decoded, guess_encoding
from iotctl.model import StoredFile

# Read from the beginning of a text; a larger text also gives pieces from its other parts.
_WHOLE_BYTES = 4 * 1024 * 1024
_PIECES = 32
_PIECE_BYTES = 128 * 1024


@dataclass(frozen=True, slots=True)
class TextSample:
    """lines: from the first one on, without their ends. further: lines from all parts of the rest, in order.

    complete: whether lines are all lines of the text.
    """

    lines: tuple[str, ...]
    further: tuple[str, ...]
    complete: bool
    encoding: Encoding


def read_sample(
    file: StoredFile, open_at: OpenAt, encoding: str | None, *, begin_bytes: int = _WHOLE_BYTES, everywhere: bool = True
) -> TextSample:
    """A sample of a text. encoding: None to guess it. Raises FileError if the file is not text.

    begin_bytes: read from the beginning. everywhere: whether to read pieces of the rest, too.
    """
    with open_text(open_at, file.uri) as text:
        begin = _read(text, begin_bytes)
        rest = text.read(1)
        pieces = list(_pieces(text, file.size)) if rest and everywhere else []
    if rest and b"\n" in begin:
        begin = begin[: begin.rfind(b"\n") + 1]
    guessed = Encoding(encoding) if encoding else guess_encoding(begin + b"\n" + b"".join(pieces))
    lines = _lines(decoded(begin, guessed.name))
    further = [line for piece in pieces for line in _lines(decoded(piece, guessed.name))]
    return TextSample(tuple(lines), tuple(further), not rest, guessed)


def _pieces(text: Text, size: int) -> Iterator[bytes]:
    """Whole lines from all parts of a text, including the last ones; of a compressed text, the next lines."""
    starts = [_WHOLE_BYTES + (size - _WHOLE_BYTES - _PIECE_BYTES) * part // (_PIECES - 1) for part in range(_PIECES)]
    for start in starts:
        if text.packing is None and start > _WHOLE_BYTES:
            text.go_to(start)
        piece = _read(text, _PIECE_BYTES)
        begins, ends = piece.find(b"\n") + 1, piece.rfind(b"\n") + 1
        if begins < ends:
            yield piece[begins:ends]


def _read(text: Text, size: int) -> bytes:
    """The next size bytes, or all that are left."""
    found = b""
    while len(found) < size and (data := text.read(size - len(found))):
        found += data
    return found


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.rstrip("\r") for line in lines]

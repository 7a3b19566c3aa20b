"""The text of a file as blocks of whole lines with line numbers, up to a last line that may still grow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial

from iotctl.errors import FileError, UnfinishedFileError
from iotctl.formats.containers.blocks import MAX_LINE_BYTES, Block, read_blocks
from iotctl.formats.containers.compression import Text, open_text
from iotctl.formats.containers.content import is_parquet
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.read_ahead import ReadAhead
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.model import Position, StoredFile

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TEXT_BYTES = 1024
_LONGEST_CHARACTER = 4


def is_blank(line: bytes) -> bool:
    """Whether a line has only blanks."""
    return not line.strip(b" \t\r\n")


def reject_text(line: bytes) -> str:
    """The text of a line for a reject: its first kB, with NUL (PostgreSQL has none) and invalid UTF-8 escaped."""
    text = line[: _TEXT_BYTES + _LONGEST_CHARACTER].decode("utf-8", "backslashreplace").rstrip("\r")
    return text.replace("\0", "\\x00").encode()[:_TEXT_BYTES].decode("utf-8", "ignore")


class BlockLines:
    """The lines of a block, indexed when they are needed. offset: of the block in the text.

    stored: the same lines in the encoding of the file, if data has another one.
    """

    def __init__(self, data: bytes, first_line: int, offset: int, stored: bytes | None = None) -> None:
        self._data = data
        self._stored = data if stored is None else stored
        self._first_line = first_line
        self._offset = offset

    def text(self, line: int) -> str:
        """See FileLines."""
        return reject_text(self._lines[line - self._first_line])

    def offset(self, line: int) -> int:
        """See FileLines."""
        return self._offset + int(self._stored_lines.offset[line - self._first_line])

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._data)

    @cached_property
    def _stored_lines(self) -> Lines:
        return self._lines if self._stored is self._data else Lines(self._stored)


class TextBlock:
    """Whole lines of a text. A last line without a line end is a separate block.

    line: the number of its first line, from 1. offset, end: of its first byte in the text, and of the byte after it.
    """

    def __init__(self, data: bytes, line: int, offset: int) -> None:
        self.data = data
        self.line = line
        self.offset = offset
        self.end = offset + len(data)

    @property
    def is_ended(self) -> bool:
        """Whether its last line has an end, or is blank."""
        return self.data.endswith(b"\n") or is_blank(self.data)

    @cached_property
    def next_line(self) -> int:
        """The number of the line after it. Code that has counted the lines may set it."""
        return self.line + self.data.count(b"\n") + (not self.data.endswith(b"\n"))

    @cached_property
    def lines(self) -> BlockLines:
        """Texts and offsets of its lines."""
        return BlockLines(self.data, self.line, self.offset)


class TextBlocks:
    """The blocks of an open text from a position on."""

    def __init__(
        self,
        file: StoredFile,
        text: Text,
        open_at: OpenAt,
        options: ReadOptions,
        start: Position,
        begun: bytes = b"",
        max_line_bytes: int = MAX_LINE_BYTES,
    ) -> None:
        self.is_finished = is_finished(file, text, options)
        self._file = file
        self._line, self._offset = start.line, start.offset
        self._is_open = False
        self._blocks = ReadAhead(
            read_blocks(text, start.offset, options.block_bytes, begun, max_line_bytes),
            partial(_read_again, file, open_at, options.block_bytes, max_line_bytes),
        )

    def __iter__(self) -> Iterator[TextBlock]:
        for read in self._blocks:
            # A line that is too long is cut in the data, but counts in full in offsets.
            block = TextBlock(read.data, self._line, self._offset)
            block.end = read.end
            if not block.is_ended and not self.is_finished:
                self._is_open = True
                return
            yield block
            self._line, self._offset = block.next_line, block.end

    def following(self) -> Iterator[bytes]:
        """The bytes of the next blocks, to the end of the text. Iteration still gives these blocks later."""
        return self._blocks.following()

    def check_end(self) -> None:
        """Raise UnfinishedFileError if the text ends in a line that may still be being written, and was left out."""
        if self._is_open:
            raise unfinished(self._file.uri)

    @property
    def is_open(self) -> bool:
        """Whether the blocks ended before a line that may still be being written."""
        return self._is_open


@contextmanager
def open_plain_text(file: StoredFile, open_at: OpenAt) -> Iterator[tuple[Text, int]]:
    """The text of a file, after its byte order mark, and the length of the mark in bytes.

    Raises what open_text raises, and FileError for a Parquet file.
    """
    with open_text(open_at, file.uri) as text:
        if is_parquet(text.head):
            raise FileError(
                "This is a Parquet file, and not text.", where=file.uri, hint="To see its content: iotctl inspect FILE"
            )
        mark = len(BYTE_ORDER_MARK) if text.head.startswith(BYTE_ORDER_MARK) else 0
        text.read(mark)
        yield text, mark


@contextmanager
def open_text_blocks(
    file: StoredFile,
    open_at: OpenAt,
    options: ReadOptions,
    start: Position,
    *,
    max_line_bytes: int = MAX_LINE_BYTES,
) -> Iterator[TextBlocks]:
    """The blocks of a file from a position on, without a byte order mark. Raises what open_plain_text raises."""
    with open_plain_text(file, open_at) as (text, mark):
        if start.offset:
            text.go_to(start.offset)
        yield TextBlocks(file, text, open_at, options, Position(start.offset or mark, start.line), b"", max_line_bytes)


def is_finished(file: StoredFile, text: Text, options: ReadOptions) -> bool:
    """Whether a last line without an end counts as complete."""
    return text.packing is not None or file.has_settled(options.settle_seconds)


def unfinished(where: str) -> UnfinishedFileError:
    """The error for a file with a last line that may still be being written."""
    return UnfinishedFileError(
        "The file ends in a line that may still be being written.",
        where=where,
        hint="It is loaded when the file has not changed for a while (--settle).",
    )


def _read_again(
    file: StoredFile, open_at: OpenAt, block_bytes: int, max_line_bytes: int, offset: int
) -> Iterator[Block]:
    with open_text(open_at, file.uri, offset) as text:
        yield from read_blocks(text, offset, block_bytes, max_line_bytes=max_line_bytes)

"""A file as batches of readings: the front door for everything that ingest loads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from iotctl.formats.batches import BatchBuilder
from iotctl.formats.blocks import open_text, read_blocks
from iotctl.formats.columns import FastReader, OddBlockError
from iotctl.formats.header import BYTE_ORDER_MARK, Header, parse_header
from iotctl.formats.line_index import Lines, count_lines
from iotctl.formats.lines import CarefulReader, reject_text
from iotctl.formats.options import PARQUET, OpenAt, ReadOptions
from iotctl.formats.parquet import read_parquet
from iotctl.formats.rows import Rows, Sensors, joined
from iotctl.model import FileBatch, Position, Reject, StoredFile

COLUMNS = (("timestamp",), ("sensor_uuid",), ("sensor_value",))

_HEADER_BYTES = 64 * 1024


def read_batches(
    file: StoredFile, open_at: OpenAt, options: ReadOptions, start: Position | None = None
) -> Iterator[FileBatch]:
    """The readings of a file from a position on, in file order, in batches of about options.batch_rows.

    The rows are the same whatever the batch size, and whether read at once or from any batch's end. A header without
    rows gives a batch without rows; an empty file gives none.
    Raises FileError where the file cannot be read as readings, and what open_at raises.
    """
    start = start or Position()
    if PurePosixPath(file.uri).suffix.lower() in PARQUET:
        return read_parquet(file, open_at, options, start)
    return _read_text(file, open_at, options, start)


def _read_text(file: StoredFile, open_at: OpenAt, options: ReadOptions, start: Position) -> Iterator[FileBatch]:
    with ExitStack() as opened:
        text = opened.enter_context(open_text(open_at, file.uri, 0))
        begun = text.read(_HEADER_BYTES)
        first, blank_lines, length = _first_line(begun)
        if not first:
            return
        header = parse_header(first, COLUMNS, file.uri)
        builder = BatchBuilder(options, start)
        reader = _LineReader(header, builder.sensors, options)
        if start.offset:
            opened.close()
            offset, line, begun = start.offset, start.line, b""
            text = opened.enter_context(open_text(open_at, file.uri, offset))
        else:
            offset, line, begun = length, 2 + blank_lines, begun[length:]
        for block in read_blocks(text, offset, options.block_bytes, begun):
            builder.add(*reader.read(block.data, line), partial(_text_of, block.data, line))
            line += count_lines(block.data)
            offset = block.end
            if builder.rows_read >= options.batch_rows:
                yield builder.batch(offset, line)
        if builder.rows_read or builder.start.offset < offset:
            yield builder.batch(offset, line)


def _text_of(data: bytes, first_line: int, line: int) -> str:
    """What a reject keeps of a line of a block."""
    return reject_text(data.split(b"\n")[line - first_line])


def _first_line(data: bytes) -> tuple[bytes, int, int]:
    """The first line with text in it, how many blank lines come before, and the offset after it."""
    offset = blank = 0
    while offset < len(data):
        end = data.find(b"\n", offset) + 1 or len(data)
        line = data[offset:end]
        if line.removeprefix(BYTE_ORDER_MARK).strip():
            return line, blank, end
        offset, blank = end, blank + 1
    return b"", blank, offset


class _LineReader:
    """Reads blocks: fast as a whole where it can; else the plain lines fast and the others one by one."""

    def __init__(self, header: Header, sensors: Sensors, options: ReadOptions) -> None:
        self._fast = FastReader(header, sensors, allow_nan=options.allow_nan)
        self._careful = CarefulReader(header, sensors, allow_nan=options.allow_nan)

    def read(self, data: bytes, first_line: int) -> tuple[Rows, list[Reject]]:
        """The rows and rejects of a block, in the order of its lines."""
        try:
            return self._fast.read(data, first_line), []
        except OddBlockError:
            lines = Lines(data)
        plain = lines.matching(self._fast.plain_line)
        try:
            fast = [self._fast.read(lines.only(plain), first_line, np.flatnonzero(plain))] if plain.any() else []
            odd = np.flatnonzero(~plain)
        except OddBlockError:
            fast, odd = [], np.arange(len(lines))
        careful, rejects = self._careful.read((first_line + at, lines[at]) for at in odd.tolist())
        rows = joined([*fast, careful])
        return rows[np.argsort(rows.line)], rejects

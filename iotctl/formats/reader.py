"""A file as batches of readings: the front door for everything that ingest loads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import PurePosixPath

from iotctl.formats.batches import BatchBuilder
from iotctl.formats.blocks import read_blocks
from iotctl.formats.compression import open_text
from iotctl.formats.header import read_start
from iotctl.formats.options import PARQUET, OpenAt, ReadOptions
from iotctl.formats.parquet import read_parquet
from iotctl.formats.row_reader import RowReader
from iotctl.formats.split import reject_text
from iotctl.model import FileBatch, Position, StoredFile

COLUMNS = (("timestamp",), ("sensor_uuid",), ("sensor_value",))


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
        found = read_start(text, COLUMNS, file.uri)
        if found is None:
            return
        builder = BatchBuilder(options, start)
        reader = RowReader(found.header, builder.sensors, allow_nan=options.allow_nan)
        offset, line, begun = found.offset, found.line, found.begun
        if start.offset:
            opened.close()
            offset, line, begun = start.offset, start.line, b""
            text = opened.enter_context(open_text(open_at, file.uri, offset))
        for block in read_blocks(text, offset, options.block_bytes, begun):
            rows, rejects, lines = reader.read(block.data, line)
            builder.add(rows, rejects, partial(_text_of, block.data, line))
            line += lines
            offset = block.end
            if builder.rows_read >= options.batch_rows:
                yield builder.batch(offset, line)
        if builder.rows_read or builder.start.offset < offset:
            yield builder.batch(offset, line)


def _text_of(data: bytes, first_line: int, line: int) -> str:
    """What a reject keeps of a line of a block."""
    return reject_text(data.split(b"\n")[line - first_line])

"""A file as batches of readings: the front door for all readings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import PurePosixPath

import numpy as np

from iotctl.formats.bad_rows import bad_rows
from iotctl.formats.batches import BatchBuilder
from iotctl.formats.containers.blocks import Block, read_blocks
from iotctl.formats.containers.compression import Text, open_text
from iotctl.formats.containers.content import is_parquet
from iotctl.formats.containers.read_ahead import ReadAhead
from iotctl.formats.csv.header import Wanted, read_start, unfinished
from iotctl.formats.csv.last_line import is_cut_time
from iotctl.formats.csv.line_index import Lines
from iotctl.formats.csv.row_reader import RowReader
from iotctl.formats.csv.split import is_blank, reject_text
from iotctl.formats.options import PARQUET, OpenAt, ReadOptions
from iotctl.formats.parquet.reader import open_parquet, read_parquet
from iotctl.formats.rows import Sensors, joined
from iotctl.model import FileBatch, Position, RejectReason, StoredFile

READINGS = Wanted((("timestamp",), ("sensor_uuid",), ("sensor_value",)))


def read_batches(
    file: StoredFile,
    open_at: OpenAt,
    options: ReadOptions,
    start: Position | None = None,
    *,
    wanted: Wanted = READINGS,
    sensors: Sensors | None = None,
) -> Iterator[FileBatch]:
    """The readings of a file from a position on, in file order, in batches of about options.batch_rows.

    The rows are the same whatever the batch size, and whether read at once or from any batch's end. A header without
    rows gives a batch without rows; an empty file gives none. What a file is, its content says, and not its name.
    Raises FileError where the file cannot be read as readings, and what open_at raises; UnfinishedFileError, after the
    last batch, where a last line without an end may still be being written: reading can go on from there later.
    wanted: the columns, if other than those of readings; where sensor_uuid is optional and not there, all rows are of
    one sensor. sensors: are numbered there.
    """
    start = start or Position()
    builder = BatchBuilder(options, start, sensors or Sensors())
    if PurePosixPath(file.uri).suffix.lower() in PARQUET and file.size and (parquet := open_parquet(file, open_at)):
        yield from read_parquet(file, parquet, builder, options, wanted)
        return
    with open_text(open_at, file.uri) as text:
        if not is_parquet(text.head):
            yield from _read_text(file, text, open_at, builder, options, wanted)
            return
    if known := open_parquet(file, open_at, is_known=True):
        yield from read_parquet(file, known, builder, options, wanted)


def _read_text(
    file: StoredFile, text: Text, open_at: OpenAt, builder: BatchBuilder, options: ReadOptions, wanted: Wanted
) -> Iterator[FileBatch]:
    start = builder.start
    finished = text.packing is not None or file.has_settled(options.settle_seconds)
    found = read_start(text, wanted, file.uri, finished=finished)
    if found is None:
        return
    reader = RowReader(found.header, builder.sensors, builder.forms, options, file.modified)
    example = _first_row(found.begun)
    offset, line, begun = found.offset, found.line, found.begun
    if start.offset:
        offset, line, begun = start.offset, start.line, b""
        text.go_to(offset)
    is_open = False
    blocks = ReadAhead(
        read_blocks(text, offset, options.block_bytes, begun), partial(_read_again, file, open_at, options.block_bytes)
    )
    for block in blocks:
        # A line without an end is a file's last one, and a block of its own.
        is_ended = block.data.endswith(b"\n") or is_blank(block.data)
        if not is_ended and not finished:
            is_open = True
            break
        texts = _BlockLines(block.data, line, offset)
        if not is_ended and is_cut_time(block.data, example, found.header):
            builder.add(joined([]), bad_rows(np.array([line]), RejectReason.TIME), texts)
            line += 1
        else:
            for rows, bad, lines in reader.read(block.data, line, blocks.following):
                builder.add(rows, bad, texts)
                line += lines
        offset = block.end
        if builder.rows_read >= options.batch_rows and (batch := builder.batch(offset, line)) is not None:
            yield batch
    if not is_open:
        builder.end()
    if (builder.rows_read or builder.start.offset < offset) and (batch := builder.batch(offset, line)) is not None:
        yield batch
    if is_open:
        raise unfinished(file.uri)


def _first_row(begun: bytes) -> bytes:
    """The first line that is not blank, if it has an end; the same wherever reading starts."""
    return next((line for line in begun.split(b"\n")[:-1] if not is_blank(line)), b"")


def _read_again(file: StoredFile, open_at: OpenAt, block_bytes: int, offset: int) -> Iterator[Block]:
    with open_text(open_at, file.uri, offset) as text:
        yield from read_blocks(text, offset, block_bytes)


class _BlockLines:
    """The lines of a block, which are looked for once they are asked for; offset: of the block in the text."""

    def __init__(self, data: bytes, first_line: int, offset: int) -> None:
        self._data = data
        self._first_line = first_line
        self._offset = offset

    def text(self, line: int) -> str:
        """See FileLines."""
        return reject_text(self._lines[line - self._first_line])

    def offset(self, line: int) -> int:
        """See FileLines."""
        return self._offset + int(self._lines.offset[line - self._first_line])

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self._data)

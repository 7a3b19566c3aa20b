"""Reads a file as batches of readings. All readings come through this module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from iotctl.formats.bad_rows import bad_rows
from iotctl.formats.batches import BatchBuilder
from iotctl.formats.containers.compression import Text, open_text
from iotctl.formats.containers.content import is_parquet
from iotctl.formats.containers.suffixes import PARQUET
from iotctl.formats.containers.text_blocks import TextBlocks, is_blank, is_finished
from iotctl.formats.csv.header import READINGS, WantedColumns, read_start
from iotctl.formats.csv.last_line import is_cut_time
from iotctl.formats.csv.row_reader import RowReader
from iotctl.formats.layouts.choice import layout_of
from iotctl.formats.layouts.layout import AUTO, STANDARD
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.rows import Sensors, joined
from iotctl.model import FileBatch, Position, RejectReason, StoredFile


def read_batches(
    file: StoredFile,
    open_at: OpenAt,
    options: ReadOptions,
    start: Position | None = None,
    *,
    wanted: WantedColumns = READINGS,
    sensors: Sensors | None = None,
) -> Iterator[FileBatch]:
    """The readings of a file from a position on, in file order, in batches of about options.batch_rows.

    The rows do not depend on the batch size, or on where reading begins. A header without rows gives a batch without
    rows; an empty file gives no batch. The content of a file decides its form, not its name.
    Raises FileError if the file cannot be read as readings, and what open_at raises; UnfinishedFileError, after the
    last batch, if a last line without an end may still be being written: reading can go on from there later.
    wanted: the columns, if not those of readings; if sensor_uuid is optional and missing, all rows are of one sensor.
    sensors: numbers the sensors.
    """
    start = start or Position()
    layout = layout_of(options.layouts, file.uri)
    if layout == AUTO:
        from iotctl.formats.proposal.found_layout import found_layout

        layout = found_layout(file, open_at, options, start)
    if layout != STANDARD:
        from iotctl.formats.layouts.layout_batches import read_by_layout  # its import takes a tenth of a short command

        yield from read_by_layout(file, open_at, layout, options, start, sensors)
        return
    builder = BatchBuilder(options, start, sensors or Sensors())
    if PurePosixPath(file.uri).suffix.lower() in PARQUET and file.size:
        from iotctl.formats.parquet.opened import open_parquet  # not needed for text
        from iotctl.formats.parquet.reader import read_parquet

        if parquet := open_parquet(file, open_at):
            yield from read_parquet(file, parquet, builder, options, wanted)
            return
    with open_text(open_at, file.uri) as text:
        if not is_parquet(text.head):
            yield from _read_text(file, text, open_at, builder, options, wanted)
            return
    from iotctl.formats.parquet.opened import open_parquet
    from iotctl.formats.parquet.reader import read_parquet

    if known := open_parquet(file, open_at, is_known=True):
        yield from read_parquet(file, known, builder, options, wanted)


def _read_text(
    file: StoredFile, text: Text, open_at: OpenAt, builder: BatchBuilder, options: ReadOptions, wanted: WantedColumns
) -> Iterator[FileBatch]:
    start = builder.start
    finished = is_finished(file, text, options)
    found = read_start(text, wanted, file.uri, finished=finished)
    if found is None:
        return
    reader = RowReader(found.header, builder.sensors, builder.forms, options, file.modified)
    example = _first_row(found.begun)
    offset, line, begun = found.offset, found.line, found.begun
    if start.offset:
        offset, line, begun = start.offset, start.line, b""
        text.go_to(offset)
    blocks = TextBlocks(file, text, open_at, options, Position(offset, line), begun)
    for block in blocks:
        line = block.line
        if not block.is_ended and is_cut_time(block.data, example, found.header):
            builder.add(joined([]), bad_rows(np.array([line]), RejectReason.TIME), block.lines)
            line += 1
        else:
            for rows, bad, lines in reader.read(block.data, line, blocks.following):
                builder.add(rows, bad, block.lines)
                line += lines
        block.next_line, offset = line, block.end
        if builder.rows_read >= options.batch_rows and (batch := builder.batch(offset, line)) is not None:
            yield batch
    if not blocks.is_open:
        builder.end()
    if (builder.rows_read or builder.start.offset < offset) and (batch := builder.batch(offset, line)) is not None:
        yield batch
    blocks.check_end()


def _first_row(begun: bytes) -> bytes:
    """The first line that is not blank, if it has an end; it does not depend on where reading starts."""
    return next((line for line in begun.split(b"\n")[:-1] if not is_blank(line)), b"")

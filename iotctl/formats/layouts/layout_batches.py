"""Reads a file by a layout, as batches of readings, in any record form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from iotctl.errors import UnfinishedFileError
from iotctl.formats.batches import BatchBuilder
from iotctl.formats.layouts.layout import AUTO, Layout
from iotctl.formats.layouts.layout_reader import LayoutReader
from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile
from iotctl.formats.rows import NamedSensors, Sensors
from iotctl.model import FileBatch, Position, StoredFile


def read_by_layout(
    file: StoredFile,
    open_at: OpenAt,
    layout: Layout,
    options: ReadOptions,
    start: Position,
    sensors: Sensors | None = None,
) -> Iterator[FileBatch]:
    """See read_batches. Times without a zone are in the zone of the layout, else in that of the options."""
    options = replace(options, timezone=layout.time.timezone or options.timezone)
    builder = BatchBuilder(options, start, sensors if isinstance(sensors, NamedSensors) else NamedSensors())
    if AUTO in options.layouts:
        builder.forms.layout = layout_toml(layout)
    reader = LayoutReader(layout, file.uri, builder, options)
    offset, line = start.offset, start.line
    unfinished: UnfinishedFileError | None = None
    try:
        for records in read_records(RecordFile(file, open_at, layout, options, start)):
            builder.add(*reader.read(records), records.lines)
            offset, line = records.end, records.next_line
            if builder.rows_read >= options.batch_rows and (batch := builder.batch(offset, line)) is not None:
                yield batch
        builder.end()
    except UnfinishedFileError as error:
        unfinished = error
    if (builder.rows_read or builder.start.offset < offset) and (batch := builder.batch(offset, line)) is not None:
        yield batch
    if unfinished is not None:
        raise unfinished

"""Parquet files as batches of readings, with a few row groups in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.arrow_types import is_bytes_type, is_text_type
from iotctl.formats.bad_rows import BadRows, bad_rows, joined_bad_rows
from iotctl.formats.batches import BatchBuilder
from iotctl.formats.column_forms import ColumnForms, Piece
from iotctl.formats.csv.header import WantedColumns, find_columns
from iotctl.formats.numbers.values import find_missing, floats, parse_value, parse_values
from iotctl.formats.options import ReadOptions
from iotctl.formats.parquet.opened import OpenParquet, PageLines, stored_type, stored_values
from iotctl.formats.parquet.pages import ROWS_AT_ONCE
from iotctl.formats.rows import Rows, Sensors
from iotctl.formats.times.iso import parse_time, parse_times
from iotctl.model import EARLIEST, LATEST, FileBatch, Int96, RejectReason, StoredFile

_UUID_BYTES = 16
_MOST_FIXED_BYTES = 64
_PER_MICROSECOND = {"us": 1, "ms": 1_000, "s": 1_000_000, "day": 86_400_000_000}


_KINDS = {
    "timestamp": (pa.types.is_timestamp, pa.types.is_date, pa.types.is_integer, is_text_type),
    "sensor_uuid": (is_text_type, is_bytes_type),
    "sensor_value": (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal, is_text_type),
}


def read_parquet(
    file: StoredFile, opened: OpenParquet, builder: BatchBuilder, options: ReadOptions, wanted: WantedColumns
) -> Iterator[FileBatch]:
    """See read_batches. Positions count rows from 0, and lines count them from 1.

    timestamp: a timestamp with or without zone, a date, a text, or an integer, which is read like a text. sensor_uuid:
    a text or 16 bytes. sensor_value: any number, or a text.
    """
    parquet = opened.parquet
    schema = parquet.schema_arrow
    names = schema.names
    at = find_columns(names, wanted, file.uri)
    column = {key: names[place] for key, place in at.items()}
    columns = list(column.values())
    _check_types(schema, column, file.uri, any_sensor=builder.sensors.takes_any_text)
    opened.choose(columns)
    is_instant = options.int96 is Int96.UTC and opened.is_int96(column["timestamp"])
    start, row = builder.start, 0
    for group in range(parquet.num_row_groups):
        rows_in_group = parquet.metadata.row_group(group).num_rows
        if row + rows_in_group <= start.offset:
            row += rows_in_group
            continue
        for page in opened.pages(group, columns, options.batch_rows):
            unread = page.slice(min(len(page), max(0, start.offset - row)))
            row += len(page)
            first_line = row - len(unread) + 1
            pieces = partial(_pieces, opened, unread, first_line)
            kinds = {key: stored_type(unread.schema.field(name).type) for key, name in column.items()}
            if is_text_type(kinds["timestamp"]) or pa.types.is_integer(kinds["timestamp"]):
                builder.forms.judge_times(pieces(column["timestamp"]), file.modified)
            if is_text_type(kinds["sensor_value"]):
                builder.forms.judge_decimals(pieces(column["sensor_value"]), comma_usual=False)
            builder.add(
                *_read_page(unread, column, builder, first_line, options, is_instant=is_instant),
                PageLines(unread, columns, first_line),
            )
            if builder.rows_read >= options.batch_rows and (batch := builder.batch(row, row + 1)) is not None:
                yield batch
    builder.end()
    if (builder.rows_read or row == 0) and (batch := builder.batch(row, row + 1)) is not None:
        yield batch


def _pieces(opened: OpenParquet, page: pa.RecordBatch, first_line: int, column: str) -> Iterator[Piece]:
    """The texts of a column with their lines: those of a page, and then of the next pages, which are read for this."""
    yield _texts(page.column(column)), np.arange(first_line, first_line + len(page))
    line, begun = 1, first_line + len(page)
    for group in range(opened.parquet.num_row_groups):
        rows_in_group = opened.parquet.metadata.row_group(group).num_rows
        if line + rows_in_group <= begun:
            line += rows_in_group
            continue
        for behind in opened.pages(group, [column], ROWS_AT_ONCE):
            rest = behind.slice(min(len(behind), max(0, begun - line)))
            line += len(behind)
            yield _texts(rest.column(0)), np.arange(line - len(rest), line)


def _check_types(schema: pa.Schema, column: dict[str, str], where: str, *, any_sensor: bool) -> None:
    for key, name in column.items():
        kind = stored_type(schema.field(name).type)
        is_wide = pa.types.is_fixed_size_binary(kind) and kind.byte_width > _MOST_FIXED_BYTES
        is_number = any_sensor and key == "sensor_uuid" and pa.types.is_integer(kind)
        if is_wide or not (is_number or any(is_kind(kind) for is_kind in _KINDS[key])):
            raise FileError(
                f"Column {name} cannot be read from {kind}.", where=where, hint="See the formats in the README."
            )


def _read_page(
    page: pa.RecordBatch,
    column: dict[str, str],
    builder: BatchBuilder,
    first_line: int,
    options: ReadOptions,
    *,
    is_instant: bool,
) -> tuple[Rows, BadRows]:
    """Rows and bad rows of a page; is_instant: times without a zone are UTC."""
    time, naive, time_reason = _times(page.column(column["timestamp"]), builder.forms)
    if is_instant:
        naive = np.zeros(len(time), dtype=np.bool_)
    if "sensor_uuid" in column:
        sensor = _sensors(page.column(column["sensor_uuid"]), builder.sensors)
    else:
        sensor = np.full(len(page), builder.sensors.only(), dtype=np.int32)
    value, value_reason = _values(page.column(column["sensor_value"]), builder.forms)
    if options.missing_is_nan:
        missing = value_reason & find_missing(_texts(page.column(column["sensor_value"])))
        value, value_reason = np.where(missing, np.nan, value), value_reason & ~missing
    # The first reason that applies, in the order of the careful reader of lines.
    reasons: list[tuple[NDArray[np.bool_], RejectReason]] = [
        (sensor < 0, RejectReason.SENSOR),
        (time_reason, RejectReason.TIME),
        ((time < EARLIEST) | (time >= LATEST), RejectReason.TIME_RANGE),
        (value_reason, RejectReason.VALUE),
        (~np.isfinite(value) & (not options.allow_nan), RejectReason.NOT_FINITE),
    ]
    bad = np.zeros(len(page), dtype=np.bool_)
    found: list[BadRows] = []
    for applies, reason in reasons:
        found.append(bad_rows(first_line + np.flatnonzero(applies & ~bad), reason))
        bad |= applies
    rows = Rows(np.arange(first_line, first_line + len(page)), sensor, time, naive, value)
    return rows[~bad] if bad.any() else rows, joined_bad_rows(found)


def _texts(column: pa.Array) -> pa.StringArray:
    return stored_values(column).cast(pa.string()).fill_null("")


def _times(column: pa.Array, forms: ColumnForms) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """time and naive as in Rows, and which times are missing or unreadable; all (n,)."""
    column = stored_values(column)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    kind = column.type
    if pa.types.is_timestamp(kind):
        count = column.view(pa.int64()).fill_null(0).to_numpy()
        return _microseconds(count, kind.unit), np.full(len(column), kind.tz is None), missing
    if pa.types.is_date(kind):
        days = column.cast(pa.date32()).view(pa.int32()).cast(pa.int64()).fill_null(0).to_numpy()
        return _microseconds(days, "day"), np.ones(len(column), dtype=np.bool_), missing
    texts = _texts(column)
    found = parse_times(texts, forms.times)
    time, naive, bad = found.time.copy(), found.naive.copy(), found.odd.copy()
    for row in np.flatnonzero(found.odd & ~missing).tolist():
        with suppress(ValueError, OverflowError):
            time[row], naive[row] = parse_time(texts[row].as_py(), forms.times)
            bad[row] = False
    return time, naive, bad


def _microseconds(count: NDArray[np.int64], unit: str) -> NDArray[np.int64]:
    """Times of a unit since 1970 as microseconds. Times that do not fit stay outside of 1900 to 2200."""
    if unit == "ns":
        return count // 1000
    factor = _PER_MICROSECOND[unit]
    return np.clip(count, EARLIEST // factor - 1, LATEST // factor + 1) * factor


def _sensors(column: pa.Array, sensors: Sensors) -> NDArray[np.int32]:
    """The number of each row's sensor; -1 if it is missing or not a UUID."""
    encoded = stored_values(column).dictionary_encode()
    numbers = np.array([_number(value, sensors) for value in encoded.dictionary.to_pylist()] + [-1], dtype=np.int32)
    found: NDArray[np.int32] = numbers[encoded.indices.fill_null(len(numbers) - 1).to_numpy()]
    return found


def _number(value: str | bytes | int, sensors: Sensors) -> int:
    if isinstance(value, bytes):
        if len(value) == _UUID_BYTES:
            return sensors.number_of(value)
        value = value.decode("utf-8", "replace")
    try:
        return sensors.number(str(value))
    except ValueError:
        return -1


def _values(column: pa.Array, forms: ColumnForms) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The values as float64, and which are missing or not numbers; both (n,)."""
    column = stored_values(column)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    if not is_text_type(column.type):
        return floats(column).fill_null(0.0).to_numpy(), missing
    texts = _texts(column)
    found = parse_values(texts, forms.decimals)
    value, bad = found.value.copy(), found.odd.copy()
    for row in np.flatnonzero(found.odd & ~missing).tolist():
        if (number := parse_value(texts[row].as_py(), forms.decimals)) is not None:
            value[row], bad[row] = number, False
    return value, bad

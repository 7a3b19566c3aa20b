"""Parquet files as batches of readings, a few row groups in memory at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.batches import BatchBuilder
from iotctl.formats.header import parse_header
from iotctl.formats.split import reject_text
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.rows import Rows, Sensors
from iotctl.formats.times import EARLIEST, LATEST, parse_time, parse_times
from iotctl.model import FileBatch, Position, Reject, RejectReason, StoredFile

_COLUMNS = (("timestamp",), ("sensor_uuid",), ("sensor_value",))
_UUID_BYTES = 16


def read_parquet(file: StoredFile, open_at: OpenAt, options: ReadOptions, start: Position) -> Iterator[FileBatch]:
    """As read_batches; positions count rows, from 0, and lines count them from 1.

    timestamp: a timestamp with or without zone, a text, or an integer (epoch); sensor_uuid: a text or 16 bytes.
    """
    try:
        parquet = pq.ParquetFile(io.BufferedReader(_Seekable(open_at, file.size), 256 * 1024))
    except (pa.ArrowInvalid, OSError) as error:
        raise FileError(f"This is no Parquet file: {error}.", where=file.uri) from error
    names = parquet.schema_arrow.names
    header = parse_header("|".join(names).encode(), _COLUMNS, file.uri)
    columns = [names[header.at[column[0]]] for column in _COLUMNS]
    builder = BatchBuilder(options, start)
    row = 0
    for group in range(parquet.num_row_groups):
        rows_in_group = parquet.metadata.row_group(group).num_rows
        if row + rows_in_group <= start.offset:
            row += rows_in_group
            continue
        for page in _pages(parquet, group, columns, options, file.uri):
            unread = page.slice(min(len(page), max(0, start.offset - row)))
            row += len(page)
            first_line = row - len(unread) + 1
            builder.add(
                *_read_page(unread, columns, builder.sensors, first_line, options),
                partial(_text_of, unread, columns, first_line),
            )
            if builder.rows_read >= options.batch_rows:
                yield builder.batch(row, row + 1)
    if builder.rows_read or row == 0:
        yield builder.batch(row, row + 1)


def _pages(
    parquet: pq.ParquetFile, group: int, columns: list[str], options: ReadOptions, where: str
) -> Iterator[pa.RecordBatch]:
    try:
        yield from parquet.iter_batches(
            min(options.batch_rows, 1_000_000), row_groups=[group], columns=columns, use_threads=False
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise FileError(f"The Parquet data is damaged: {error}.", where=where) from error


def _read_page(
    page: pa.RecordBatch, columns: list[str], sensors: Sensors, first_line: int, options: ReadOptions
) -> tuple[Rows, list[Reject]]:
    time, naive, time_reason = _times(page.column(columns[0]))
    sensor = _sensors(page.column(columns[1]), sensors)
    value = _values(page.column(columns[2]))
    missing = page.column(columns[2]).is_null().to_numpy(zero_copy_only=False)
    # The first that applies, in the order in which the careful reader of lines looks.
    reasons: list[tuple[NDArray[np.bool_], RejectReason]] = [
        (sensor < 0, RejectReason.SENSOR),
        (time_reason, RejectReason.TIME),
        ((time < EARLIEST) | (time >= LATEST), RejectReason.TIME_RANGE),
        (missing, RejectReason.VALUE),
        (~np.isfinite(value) & (not options.allow_nan), RejectReason.NOT_FINITE),
    ]
    bad = np.zeros(len(page), dtype=np.bool_)
    rejects: list[Reject] = []
    for applies, reason in reasons:
        for row in np.flatnonzero(applies & ~bad).tolist():
            line = first_line + row
            rejects.append(Reject(line, reason, _text_of(page, columns, first_line, line)))
        bad |= applies
    rows = Rows(np.arange(first_line, first_line + len(page)), sensor, time, naive, value)
    return rows[~bad] if bad.any() else rows, sorted(rejects, key=lambda reject: reject.line)


def _text_of(page: pa.RecordBatch, columns: list[str], first_line: int, line: int) -> str:
    fields = (str(page.column(name)[line - first_line].as_py()) for name in columns)
    return reject_text(";".join(fields).encode())


def _times(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """time and naive as in Rows, and which are missing or unreadable."""
    missing = column.is_null().to_numpy(zero_copy_only=False)
    kind = column.type
    if pa.types.is_timestamp(kind):
        time = column.cast(pa.timestamp("us", kind.tz), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
        return time.view(np.int64), np.full(len(column), kind.tz is None), missing
    texts = column.cast(pa.string()).fill_null("")
    if not missing.any():
        try:
            found = parse_times(texts)
        except ValueError:
            pass
        else:
            return found.time, found.naive, missing
    time = np.zeros(len(column), dtype=np.int64)
    naive = np.zeros(len(column), dtype=np.bool_)
    bad = np.zeros(len(column), dtype=np.bool_)
    for row, text in enumerate(texts.to_pylist()):
        try:
            time[row], naive[row] = parse_time(text)
        except (ValueError, OverflowError):
            bad[row] = True
    return time, naive, bad


def _sensors(column: pa.Array, sensors: Sensors) -> NDArray[np.int32]:
    """Each row's sensor as its number in sensors; -1 where it is missing or no UUID."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    encoded = column.dictionary_encode()
    numbers = np.array([_number(value, sensors) for value in encoded.dictionary.to_pylist()] + [-1], dtype=np.int32)
    found: NDArray[np.int32] = numbers[encoded.indices.fill_null(len(numbers) - 1).to_numpy()]
    return found


def _number(value: str | bytes, sensors: Sensors) -> int:
    if isinstance(value, bytes):
        if len(value) == _UUID_BYTES:
            return sensors.number_of(value)
        value = value.decode("utf-8", "replace")
    try:
        return sensors.number(value)
    except ValueError:
        return -1


def _values(column: pa.Array) -> NDArray[np.float64]:
    """float64, NaN where it is missing or no number."""
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowInvalid:
        numbers = pa.array([_float(text) for text in column.to_pylist()], pa.float64())
    value: NDArray[np.float64] = numbers.fill_null(float("nan")).to_numpy(zero_copy_only=False)
    return value


def _float(text: object) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None


class _Seekable(io.RawIOBase):
    """A stored file that can be read from anywhere; a jump opens it anew."""

    def __init__(self, open_at: OpenAt, size: int) -> None:
        self._open_at = open_at
        self._size = size
        self._position = 0
        self._stream: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if position != self._position:
            self._drop()
        self._position = position
        return position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        if self._position >= self._size:
            return 0
        if self._stream is None:
            self._stream = self._open_at(self._position)
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._drop()
        super().close()

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

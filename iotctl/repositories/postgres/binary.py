"""PostgreSQL's binary formats as numpy arrays: COPY rows out, array values in (manual, "COPY", Binary Format)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg import Cursor, adapters, postgres
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow

# PostgreSQL counts microseconds from 2000-01-01 UTC.
EPOCH_OFFSET = 946_684_800_000_000

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"

# A row of fixed width: the number of fields, then each field after its length in bytes; all big-endian.
_READING = np.dtype(
    [
        ("fields", ">i2"),
        ("sensor_length", ">i4"),
        ("sensor_id", ">i4"),
        ("file_length", ">i4"),
        ("file_id", ">i4"),
        ("time_length", ">i4"),
        ("time", ">i8"),
        ("value_length", ">i4"),
        ("value", ">f8"),
    ]
)

# Header of an array value: dimensions, null flag, element type, then length and lower bound of the one dimension.
_ARRAY_HEADER = 20


def encode_readings(
    sensor_id: NDArray[np.int32],
    file_id: NDArray[np.int32],
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    rows_at_once: int,
) -> Iterator[memoryview]:
    """The readings as rows of COPY (sensor_id, file_id, timestamp, sensor_value), without header and trailer.

    sensor_id, file_id, time (microseconds since 1970-01-01 UTC), value: (n,). 42 bytes a row. Each piece of rows
    overwrites the memory of the piece before.
    """
    rows = np.empty(min(rows_at_once, len(time)), dtype=_READING)
    rows["fields"] = 4
    rows["sensor_length"] = rows["file_length"] = 4
    rows["time_length"] = rows["value_length"] = 8
    for start in range(0, len(time), rows_at_once):
        end = min(start + rows_at_once, len(time))
        piece = rows[: end - start]
        piece["sensor_id"] = sensor_id[start:end]
        piece["file_id"] = file_id[start:end]
        np.subtract(time[start:end], EPOCH_OFFSET, out=piece["time"])
        piece["value"] = value[start:end]
        yield piece.view(np.uint8).data


@dataclass(frozen=True, slots=True)
class IntArray:
    """int32 (n,), to be bound as int4[]."""

    values: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TimeArray:
    """int64 (n,), microseconds since 1970-01-01 UTC, to be bound as timestamptz[]."""

    values: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FloatArray:
    """float64 (n,), to be bound as float8[]."""

    values: NDArray[np.float64]


class _IntArrayDumper(Dumper):
    format = Format.BINARY
    oid = postgres.types["int4"].array_oid

    def dump(self, obj: IntArray) -> bytes:
        return _encode_array(obj.values.astype(">i4"), postgres.types["int4"].oid)


class _TimeArrayDumper(Dumper):
    format = Format.BINARY
    oid = postgres.types["timestamptz"].array_oid

    def dump(self, obj: TimeArray) -> bytes:
        return _encode_array((obj.values - EPOCH_OFFSET).astype(">i8"), postgres.types["timestamptz"].oid)


class _FloatArrayDumper(Dumper):
    format = Format.BINARY
    oid = postgres.types["float8"].array_oid

    def dump(self, obj: FloatArray) -> bytes:
        return _encode_array(obj.values.astype(">f8"), postgres.types["float8"].oid)


adapters.register_dumper(FloatArray, _FloatArrayDumper)
adapters.register_dumper(IntArray, _IntArrayDumper)
adapters.register_dumper(TimeArray, _TimeArrayDumper)


def array_value(cursor: Cursor[TupleRow], column: int) -> bytes | None:
    """The bytes of an array in the first row of a binary cursor's result; None for NULL."""
    assert cursor.pgresult is not None
    return cursor.pgresult.get_value(0, column)


def decode_times(array: bytes | None) -> NDArray[np.int64]:
    """A timestamptz[] value without nulls as microseconds since 1970-01-01 UTC, int64 (n,); empty for NULL."""
    return _decode(array, ">i8").astype(np.int64) + EPOCH_OFFSET


def decode_floats(array: bytes | None) -> NDArray[np.float64]:
    """A float8[] value without nulls, float64 (n,); empty for NULL."""
    return _decode(array, ">f8").astype(np.float64)


def decode_ints(array: bytes | None) -> NDArray[np.int32]:
    """An int4[] value without nulls, int32 (n,); empty for NULL."""
    return _decode(array, ">i4").astype(np.int32)


def decode_bigints(array: bytes | None) -> NDArray[np.int64]:
    """An int8[] value without nulls, int64 (n,); empty for NULL."""
    return _decode(array, ">i8").astype(np.int64)


def array_elements(values: NDArray[np.generic], element: str) -> bytes:
    """The elements of an array value, each after its length. element: how numpy calls the type, such as >f8."""
    elements = np.empty(len(values), dtype=[("length", ">i4"), ("element", element)])
    elements["length"] = np.dtype(element).itemsize
    elements["element"] = values
    return elements.tobytes()


def _encode_array(values: NDArray[np.generic], element_oid: int) -> bytes:
    if not len(values):
        return struct.pack(">iiI", 0, 0, element_oid)
    return struct.pack(">iiIii", 1, 0, element_oid, len(values), 1) + array_elements(values, values.dtype.str)


def _decode(array: bytes | None, element: str) -> NDArray[np.generic]:
    if not array or len(array) <= _ARRAY_HEADER:
        return np.empty(0, dtype=element)
    return np.frombuffer(array, dtype=[("length", ">i4"), ("element", element)], offset=_ARRAY_HEADER)["element"]

"""Segments as rows of COPY, and back: readings of one sensor as arrays (0002_reading.segments.sql)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import (
    EPOCH_OFFSET,
    array_elements,
    decode_bigints,
    decode_floats,
    decode_ints,
)
from iotctl.repositories.storage.sorted_readings import OwnedReadings

COLUMNS = "sensor_id, file_id, readings, first, last, unit, offsets, far_offsets, sensor_values, file_ids"

# Segments of 500 to 2,000 readings take the same time; 1,000 with two arrays still fit a page when compressed.
MOST_READINGS = 1000

# Smaller segments are merged if possible; the partial index of the table has the same number.
SMALL = 250

_NEAR = 2**31
_INT4, _INT8, _FLOAT8 = 23, 20, 701  # oids of element types (pg_type.dat)
_NULL = struct.pack(">i", -1)

# The fields with a fixed width, each after its length.
_HEAD = np.dtype(
    [
        ("fields", ">i2"),
        ("sensor_length", ">i4"),
        ("sensor_id", ">i4"),
        ("file_length", ">i4"),
        ("file_id", ">i4"),
        ("readings_length", ">i4"),
        ("readings", ">i4"),
        ("first_length", ">i4"),
        ("first", ">i8"),
        ("last_length", ">i4"),
        ("last", ">i8"),
        ("unit_length", ">i4"),
        ("unit", ">i8"),
    ]
)
_FIELDS = 10


def segment_starts(readings: OwnedReadings, part: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """The starts of segments in sorted readings, (k,): one for each sensor, month (UTC), part, and each 1,000 readings.

    part: (n,), ascending for each sensor; a segment has only one part.
    """
    month = readings.time.view("M8[us]").astype("M8[M]").view(np.int64)
    changes = (readings.sensor_id[1:] != readings.sensor_id[:-1]) | (month[1:] != month[:-1])
    if part is not None:
        changes |= part[1:] != part[:-1]
    runs = np.concatenate([[0], np.flatnonzero(changes) + 1])
    lengths = np.diff(runs, append=len(readings))
    pieces = -(-lengths // MOST_READINGS)
    if (pieces == 1).all():
        return runs
    # A run is divided evenly, so that 1,001 readings do not leave a small piece.
    run = np.repeat(np.arange(len(runs)), pieces)
    piece = np.arange(len(run)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    starts: NDArray[np.intp] = runs[run] + piece * lengths[run] // pieces[run]
    return starts


def encode_segments(readings: OwnedReadings, starts: NDArray[np.intp]) -> Iterator[bytes]:
    """Rows of COPY (COLUMNS), one for each segment, without header and trailer. readings: sorted, at least one."""
    ends = np.append(starts[1:], len(readings))
    count = ends - starts
    first = readings.time[starts]
    offset = readings.time - np.repeat(first, count)
    unit = np.maximum(np.gcd.reduceat(offset, starts), 1)
    offset //= np.repeat(unit, count)
    is_even = np.logical_and.reduceat(offset == np.arange(len(offset)) - np.repeat(starts, count), starts)
    is_near = offset[ends - 1] < _NEAR
    owner = readings.file_id[starts]
    is_owned = np.minimum.reduceat(readings.file_id, starts) == np.maximum.reduceat(readings.file_id, starts)

    heads = np.empty(len(starts), dtype=_HEAD)
    heads["fields"] = _FIELDS
    for name in ("sensor", "file", "readings"):
        heads[f"{name}_length"] = 4
    for name in ("first", "last", "unit"):
        heads[f"{name}_length"] = 8
    heads["sensor_id"], heads["file_id"], heads["readings"] = readings.sensor_id[starts], owner, count
    heads["first"], heads["last"], heads["unit"] = first - EPOCH_OFFSET, readings.time[ends - 1] - EPOCH_OFFSET, unit
    head = heads.tobytes()
    values = array_elements(readings.value, ">f8")
    files = b"" if is_owned.all() else array_elements(readings.file_id, ">i4")
    for at, (start, end, even, near, owned) in enumerate(
        zip(starts.tolist(), ends.tolist(), is_even.tolist(), is_near.tolist(), is_owned.tolist(), strict=True)
    ):
        yield b"".join(
            (
                head[at * _HEAD.itemsize : (at + 1) * _HEAD.itemsize],
                _NULL if even or not near else _array(array_elements(offset[start:end], ">i4"), 8, _INT4),
                _NULL if even or near else _array(array_elements(offset[start:end], ">i8"), 12, _INT8),
                _array(values[start * 12 : end * 12], 12, _FLOAT8),
                _NULL if owned else _array(files[start * 8 : end * 8], 8, _INT4),
            )
        )


def decode_segments(rows: list[tuple[bytes | None, ...]]) -> OwnedReadings:
    """The readings of segments, one after the other. rows: the binary values of COLUMNS."""
    if not rows:
        return OwnedReadings.none()
    parts = []
    for row in rows:
        sensor, file, count, first, _, unit, near, far, values, files = row
        n = _number(count)
        times = decode_times(first, unit, near, far, n)
        owner = np.full(n, _number(file), dtype=np.int32) if files is None else decode_ints(files)
        parts.append(OwnedReadings(np.full(n, _number(sensor), dtype=np.int32), times, owner, decode_floats(values)))
    return OwnedReadings.joined(parts)


def decode_times(
    first: bytes | None, unit: bytes | None, near: bytes | None, far: bytes | None, count: int
) -> NDArray[np.int64]:
    """The times of a segment's readings, int64 (count,), microseconds since 1970-01-01 UTC."""
    if near is not None:
        offset = decode_ints(near).astype(np.int64)
    elif far is not None:
        offset = decode_bigints(far)
    else:
        offset = np.arange(count)
    return offset * _number(unit) + (_number(first) + EPOCH_OFFSET)


def _array(elements: bytes, width: int, oid: int) -> bytes:
    return struct.pack(">iiiiii", 20 + len(elements), 1, 0, oid, len(elements) // width, 1) + elements


def _number(field: bytes | None) -> int:
    assert field is not None
    return int.from_bytes(field, signed=True)

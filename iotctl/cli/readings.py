"""Readings to stdout or a file, page by page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from iotctl.cli.output import Format, open_output

if TYPE_CHECKING:
    from iotctl.repositories import Series

COLUMNS = ("timestamp", "sensor_value")
_MINUTE = 60_000_000
_DAY = 86_400_000_000


def write_readings(pages: Iterable[Series], timezone: str, form: Format, output: Path | None) -> int:
    """Write readings with times in a zone, ISO 8601 with offset; returns how many. Constant memory."""
    count = 0

    def counted() -> Iterator[Series]:
        nonlocal count
        for page in pages:
            count += len(page[0])
            yield page

    with open_output(output, form) as file:
        match form:
            case Format.CSV:
                file.write(b"timestamp,sensor_value\n")
                for time, value in _texts(counted(), timezone):
                    file.write("".join([f"{t},{v}\n" for t, v in zip(time, map(repr, value), strict=True)]).encode())
            case Format.TABLE:
                file.write(f"{'timestamp':32}  sensor_value\n{'-' * 32}  {'-' * 22}\n".encode())
                for time, value in _texts(counted(), timezone):
                    file.write("".join([f"{t:32}  {v!r}\n" for t, v in zip(time, value, strict=True)]).encode())
            case Format.JSON | Format.NDJSON:
                _write_json(_texts(counted(), timezone), form, file)
            case Format.PARQUET:
                _write_parquet(counted(), timezone, file)
    return count


def _write_json(pages: Iterable[tuple[list[str], list[float]]], form: Format, file: BinaryIO) -> None:
    opening, between, closing = (b"[\n", b",\n", b"\n]\n") if form is Format.JSON else (b"", b"\n", b"\n")
    file.write(opening)
    pending = b""
    for time, value in pages:
        # JSON has no NaN or infinity (RFC 8259, section 6).
        numbers = [json.dumps(v) if v - v == 0 else "null" for v in value]
        lines = [f'{{"timestamp":"{t}","sensor_value":{v}}}' for t, v in zip(time, numbers, strict=True)]
        file.write(pending + between.decode().join(lines).encode())
        pending = between
    file.write(closing if pending or form is Format.JSON else b"")


def _write_parquet(pages: Iterable[Series], timezone: str, file: BinaryIO) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("timestamp", pa.timestamp("us", tz=timezone)), ("sensor_value", pa.float64())])
    with pq.ParquetWriter(file, schema) as writer:
        for time, value in pages:
            writer.write_table(pa.table([pa.array(time).cast(pa.timestamp("us")).cast(schema[0].type), value], schema))


def _texts(pages: Iterable[Series], timezone: str) -> Iterator[tuple[list[str], list[float]]]:
    for time, value in pages:
        yield iso_times(time, timezone), value.tolist()


def iso_times(time: NDArray[np.int64], timezone: str) -> list[str]:
    """Microseconds since 1970-01-01 UTC, in order, as ISO 8601 texts with the offset of a zone."""
    if not len(time):
        return []
    offset = utc_offsets(time, timezone)
    local = (time + offset).view("M8[us]")
    texts = np.datetime_as_string(local, unit="us" if (time % 1_000_000).any() else "s")
    distinct, which = np.unique(offset, return_inverse=True)
    suffix = np.array([_offset_text(int(value)) for value in distinct])
    joined: list[str] = np.char.add(texts, suffix[which]).tolist()
    return joined


def utc_offsets(time: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """The zone's offset from UTC at each time, microseconds, int64 (n,). time: microseconds since 1970-01-01 UTC."""
    from iotctl.cli.times import local_time

    day = time // _DAY
    days, which = np.unique(day, return_inverse=True)

    def offset(moment: int) -> int:
        delta = local_time(moment, timezone).utcoffset()
        assert delta is not None
        return int(delta.total_seconds()) * 1_000_000

    edges = np.array([[offset(int(d) * _DAY), offset((int(d) + 1) * _DAY)] for d in days], dtype=np.int64)
    offsets: NDArray[np.int64] = edges[which, 0]
    # A day on which the clock changes is looked at minute by minute.
    for row in np.flatnonzero(edges[:, 0] != edges[:, 1]):
        at = which == row
        minutes, minute = np.unique(time[at] // _MINUTE, return_inverse=True)
        offsets[at] = np.array([offset(int(m) * _MINUTE) for m in minutes], dtype=np.int64)[minute]
    return offsets


def _offset_text(microseconds: int) -> str:
    sign, seconds = "-" if microseconds < 0 else "+", abs(microseconds) // 1_000_000
    text = f"{sign}{seconds // 3600:02}:{seconds % 3600 // 60:02}"
    return text if seconds % 60 == 0 else f"{text}:{seconds % 60:02}"

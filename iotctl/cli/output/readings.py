"""Readings to stdout or a file, page by page, by whole columns: no Python object per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.cli.output.rows import Format, open_output

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
                for time, value in counted():
                    file.write(_lines("", _times(time, timezone), ",", _numbers(value), "\n"))
            case Format.TABLE:
                file.write(f"{'timestamp':32}  sensor_value\n{'-' * 32}  {'-' * 22}\n".encode())
                for time, value in counted():
                    padded = pc.utf8_rpad(_times(time, timezone), 32)
                    file.write(_lines("", padded, "  ", _numbers(value), "\n"))
            case Format.JSON | Format.NDJSON:
                _write_json(counted(), timezone, form, file)
            case Format.PARQUET:
                _write_parquet(counted(), timezone, file)
    return count


def _write_json(pages: Iterable[Series], timezone: str, form: Format, file: BinaryIO) -> None:
    opening, between, closing = (b"[\n", ",\n", b"\n]\n") if form is Format.JSON else (b"", "\n", b"\n")
    file.write(opening)
    written = False
    for time, value in pages:
        # JSON has no NaN or infinity (RFC 8259, section 6).
        numbers = pc.if_else(_column(np.isfinite(value), pa.bool_()), _numbers(value), _text("null"))
        lines = _lines(between + '{"timestamp":"', _times(time, timezone), '","sensor_value":', numbers, "}")
        file.write(lines if written else lines[len(between) :])
        written |= len(time) > 0
    file.write(closing if written or form is Format.JSON else b"")


def _write_parquet(pages: Iterable[Series], timezone: str, file: BinaryIO) -> None:
    import pyarrow.parquet as pq

    schema = pa.schema([("timestamp", pa.timestamp("us", tz=timezone)), ("sensor_value", pa.float64())])
    with pq.ParquetWriter(file, schema) as writer:
        for time, value in pages:
            columns = [_column(time, pa.timestamp("us", tz=timezone)), _column(value, pa.float64())]
            writer.write_table(pa.table(columns, schema))


def iso_times(time: NDArray[np.int64], timezone: str) -> list[str]:
    """Microseconds since 1970-01-01 UTC as ISO 8601 texts with the offset of a zone."""
    texts: list[str] = _times(time, timezone).to_pylist()
    return texts


def _times(time: NDArray[np.int64], timezone: str) -> pa.StringArray:
    offset = utc_offsets(time, timezone)
    local = _column(time + offset, pa.timestamp("us"))
    if not (time % 1_000_000).any():
        local = local.cast(pa.timestamp("s"))
    distinct, which = np.unique(offset, return_inverse=True)
    suffixes = _strings([_offset_text(int(value)) for value in distinct]).take(_column(which, pa.int64()))
    return pc.binary_join_element_wise(pc.replace_substring(local.cast(pa.string()), " ", "T"), suffixes, _text(""))


def _numbers(value: NDArray[np.float64]) -> pa.StringArray:
    """Each number in the fewest digits that give it back, a whole one with its .0, so that it reads as no integer."""
    texts = _column(value, pa.float64()).cast(pa.string())
    whole = _column(value == np.floor(value), pa.bool_())
    bare = pc.and_(whole, pc.invert(pc.match_substring_regex(texts, "[en]")))  # no exponent, no inf
    return pc.binary_join_element_wise(texts, pc.if_else(bare, _text(".0"), _text("")), _text(""))


# pa.array and pa.scalar import pandas where it is installed, to ask whether they got a Series: 0.2 s.


def _column(values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """Values of the width of a kind as an array of that kind, without a copy."""
    content: NDArray[np.generic] = np.ascontiguousarray(values)
    if kind == pa.bool_():
        content = np.packbits(values.astype(np.bool_), bitorder="little")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(content)])


def _strings(texts: list[str]) -> pa.StringArray:
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def _text(text: str) -> pa.StringScalar:
    return _strings([text])[0]


def _lines(*pieces: str | pa.StringArray) -> memoryview:
    """The pieces of each row joined, the rows one after the other."""
    columns = (_text(piece) if isinstance(piece, str) else piece for piece in pieces)
    lines = pc.binary_join_element_wise(*columns, _text(""))
    _, offsets, content = lines.buffers()
    if not len(lines):
        return memoryview(b"")
    ends = np.frombuffer(offsets, dtype=np.int32)
    return memoryview(content)[ends[lines.offset] : ends[lines.offset + len(lines)]]


def utc_offsets(time: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """The zone's offset from UTC at each time, microseconds, int64 (n,). time: microseconds since 1970-01-01 UTC."""
    from iotctl.moments import local_time

    if not len(time):
        return np.empty(0, dtype=np.int64)
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

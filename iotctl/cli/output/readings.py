"""Write readings to stdout or a file, page by page and column by column, without a Python object per row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.cli.output import pager
from iotctl.cli.output.fit import BETWEEN, padded, shortened, width
from iotctl.cli.output.rows import STDOUT, Format, open_output
from iotctl.cli.output.terminal import Screen, printable, screen
from iotctl.moments import local_time

_MINUTE = 60_000_000
_DAY = 86_400_000_000

# The name of a sensor, and a page of its readings.
Page = tuple[str, NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class ReadingTable:
    """How readings are written.

    timezone: of the times. sensors: the names in the column for sensors; empty if there is only one sensor.
    counts: values are counts, written as whole numbers. wide: names are not shortened to the terminal.
    """

    timezone: str
    sensors: Sequence[str] = ()
    counts: bool = False
    wide: bool = False

    @property
    def columns(self) -> list[str]:
        """The names of the columns."""
        return [*(["sensor"] if self.sensors else []), "timestamp", "sensor_value"]

    @property
    def width(self) -> int:
        """The width of the column for sensors."""
        return max([len("sensor"), *(width(printable(name)) for name in self.sensors)])


def write_readings(pages: Iterable[Page], table: ReadingTable, form: Format, output: Path | None) -> int:
    """Write readings with times in a zone, ISO 8601 with offset; returns their number. Constant memory."""
    count = 0

    def counted() -> Iterator[Page]:
        nonlocal count
        for page in pages:
            count += len(page[1])
            yield page

    with open_output(output, form) as file:
        match form:
            case Format.CSV:
                _write_csv(counted(), table, file)
            case Format.TABLE:
                on_screen = screen() if output in (None, STDOUT) else None
                _write_table(counted(), table, file, on_screen)
            case Format.JSON | Format.NDJSON:
                _write_json(counted(), table, form, file)
            case Format.PARQUET:
                _write_parquet(counted(), table, file)
    return count


def _write_csv(pages: Iterable[Page], table: ReadingTable, file: BinaryIO) -> None:
    file.write(",".join(table.columns).encode() + b"\n")
    for name, time, value in pages:
        first = _csv_cell(name) + "," if table.sensors else ""
        file.write(_lines(first, _times(time, table.timezone), ",", _values(value, table), "\n"))


def _csv_cell(text: str) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()


def _write_table(pages: Iterable[Page], table: ReadingTable, file: BinaryIO, on: Screen | None) -> None:
    """on: the terminal, if file is one. The first page gives the widths of its columns."""
    pages = iter(pages)
    first = [page for page in islice(pages, 1) if len(page[1])]
    time_width, value_width, name_width, before_point = 32, 22, table.width, 0
    is_short = on is not None and not table.wide
    if on is not None:
        if not first:
            return
        _, time, value = first[0]
        texts = _shown_values(value, table, is_short=is_short)
        before_point = int(pc.max(_before_point(texts)).as_py())
        time_width = max([len("timestamp"), *map(len, _times(time, table.timezone).to_pylist())])
        value_width = max([len("sensor_value"), *map(len, _aligned(texts, before_point).to_pylist())])
        room = on.width - time_width - value_width - 2 * len(BETWEEN)
        name_width = table.width if table.wide else min(table.width, max(room, len("sensor")))
    widths = [*([name_width] if table.sensors else []), time_width, value_width]

    def blocks() -> Iterator[bytes | memoryview]:
        heads = [name.ljust(columns) for name, columns in zip(table.columns, widths, strict=True)]
        yield (BETWEEN.join(heads).rstrip() + "\n" + BETWEEN.join("-" * columns for columns in widths) + "\n").encode()
        for name, time, value in chain(first, pages):
            label = padded(shortened(printable(name), name_width), name_width) + BETWEEN if table.sensors else ""
            shown = pc.utf8_rpad(_times(time, table.timezone), time_width)
            values = _aligned(_shown_values(value, table, is_short=is_short), before_point)
            yield _lines(label, shown, BETWEEN, values, "\n")

    if on is None:
        file.writelines(blocks())
    else:
        pager.show((line for block in blocks() for line in bytes(block).splitlines(keepends=True)), on.height, file)


def _write_json(pages: Iterable[Page], table: ReadingTable, form: Format, file: BinaryIO) -> None:
    opening, between, closing = (b"[\n", ",\n", b"\n]\n") if form is Format.JSON else (b"", "\n", b"\n")
    file.write(opening)
    written = False
    for name, time, value in pages:
        # JSON has no NaN or infinity (RFC 8259, section 6).
        numbers = pc.if_else(_column(np.isfinite(value), pa.bool_()), _values(value, table), _text("null"))
        first = f'"sensor":{json.dumps(name, ensure_ascii=False)},' if table.sensors else ""
        opened = between + "{" + first + '"timestamp":"'
        lines = _lines(opened, _times(time, table.timezone), '","sensor_value":', numbers, "}")
        file.write(lines if written else lines[len(between) :])
        written |= len(time) > 0
    file.write(closing if written or form is Format.JSON else b"")


def _write_parquet(pages: Iterable[Page], table: ReadingTable, file: BinaryIO) -> None:
    import pyarrow.parquet as pq  # used seldom, and slow to import

    kinds = [pa.timestamp("us", tz=table.timezone), pa.int64() if table.counts else pa.float64()]
    if table.sensors:
        kinds = [pa.string(), *kinds]
    schema = pa.schema(list(zip(table.columns, kinds, strict=True)))
    with pq.ParquetWriter(file, schema) as writer:
        for name, time, value in pages:
            columns = [_column(time, kinds[-2]), _column(value.astype(np.int64) if table.counts else value, kinds[-1])]
            if table.sensors:
                columns = [_repeated(name, len(time)), *columns]
            writer.write_table(pa.table(columns, schema))


def iso_times(time: NDArray[np.int64], timezone: str) -> list[str]:
    """Microseconds since 1970-01-01 UTC as ISO 8601 texts with the offset of a zone."""
    texts: list[str] = _times(time, timezone).to_pylist()
    return texts


def zoned_times(time: NDArray[np.int64], timezone: str) -> list[datetime]:
    """Microseconds since 1970-01-01 UTC as datetimes of a zone."""
    moments: list[datetime] = _column(time, pa.timestamp("us", tz=timezone)).to_pylist()
    return moments


def _times(time: NDArray[np.int64], timezone: str) -> pa.StringArray:
    offset = utc_offsets(time, timezone)
    local = _column(time + offset, pa.timestamp("us"))
    if not (time % 1_000_000).any():
        local = local.cast(pa.timestamp("s"))
    distinct, which = np.unique(offset, return_inverse=True)
    suffixes = _strings([_offset_text(int(value)) for value in distinct]).take(_column(which, pa.int64()))
    return pc.binary_join_element_wise(pc.replace_substring(local.cast(pa.string()), " ", "T"), suffixes, _text(""))


def _values(value: NDArray[np.float64], table: ReadingTable) -> pa.StringArray:
    return _column(value.astype(np.int64), pa.int64()).cast(pa.string()) if table.counts else _numbers(value)


def _numbers(value: NDArray[np.float64]) -> pa.StringArray:
    """Each number in the fewest digits that give it back. Whole numbers have .0, so that they are not integers."""
    texts = _column(value, pa.float64()).cast(pa.string())
    whole = _column(value == np.floor(value), pa.bool_())
    bare = pc.and_(whole, pc.invert(pc.match_substring_regex(texts, "[en]")))  # no exponent, no inf
    return pc.binary_join_element_wise(texts, pc.if_else(bare, _text(".0"), _text("")), _text(""))


def _shown_values(value: NDArray[np.float64], table: ReadingTable, *, is_short: bool) -> pa.StringArray:
    """The texts of values in a table. is_short: without the tail of a mean, such as 6.0680000000000005."""
    return _values(_ten_digits(value) if is_short and not table.counts else value, table)


def _ten_digits(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values with ten significant digits. Very large and very small ones stay as they are."""
    size = np.abs(value)
    fits = (size >= 1e-9) & (size < 1e9)
    # A whole number divided by a power of ten that a float has exactly is the float nearest to its decimals.
    scale = 10.0 ** (9 - np.floor(np.log10(np.where(fits, size, 1.0))))
    return np.where(fits, np.round(np.where(fits, value, 0.0) * scale) / scale, value)


def _before_point(texts: pa.StringArray) -> pa.Array:
    """How many signs each number has before its decimal point."""
    at = pc.find_substring(texts, ".")
    return pc.if_else(pc.less(at, 0), pc.utf8_length(texts), at)


def _aligned(texts: pa.StringArray, before_point: int) -> pa.StringArray:
    """Numbers with blanks before them, so that their points stand below each other."""
    counts = pc.max_element_wise(pc.subtract(before_point, _before_point(texts)), 0)
    return pc.binary_join_element_wise(pc.binary_repeat(_text(" "), counts), texts, _text(""))


# pa.array and pa.scalar import pandas if it is installed, to look for a Series, which takes 0.2 s.


def _column(values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    """Values as an array of a type of the same width, without a copy."""
    content: NDArray[np.generic] = np.ascontiguousarray(values)
    if kind == pa.bool_():
        content = np.packbits(values.astype(np.bool_), bitorder="little")
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(content)])


def _strings(texts: list[str]) -> pa.StringArray:
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def _repeated(text: str, count: int) -> pa.StringArray:
    return _strings([text]).take(_column(np.zeros(count, dtype=np.int64), pa.int64()))


def _text(text: str) -> pa.StringScalar:
    return _strings([text])[0]


def _lines(*pieces: str | pa.StringArray) -> memoryview:
    """The pieces of each row joined, and the rows joined."""
    columns = (_text(piece) if isinstance(piece, str) else piece for piece in pieces)
    lines = pc.binary_join_element_wise(*columns, _text(""))
    _, offsets, content = lines.buffers()
    if not len(lines):
        return memoryview(b"")
    ends = np.frombuffer(offsets, dtype=np.int32)
    return memoryview(content)[ends[lines.offset] : ends[lines.offset + len(lines)]]


def utc_offsets(time: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    """The zone's offset from UTC at each time, microseconds, int64 (n,). time: microseconds since 1970-01-01 UTC."""
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
    # On a day with a clock change, each minute is looked up.
    for row in np.flatnonzero(edges[:, 0] != edges[:, 1]):
        at = which == row
        minutes, minute = np.unique(time[at] // _MINUTE, return_inverse=True)
        offsets[at] = np.array([offset(int(m) * _MINUTE) for m in minutes], dtype=np.int64)[minute]
    return offsets


def _offset_text(microseconds: int) -> str:
    sign, seconds = "-" if microseconds < 0 else "+", abs(microseconds) // 1_000_000
    text = f"{sign}{seconds // 3600:02}:{seconds % 3600 // 60:02}"
    return text if seconds % 60 == 0 else f"{text}:{seconds % 60:02}"

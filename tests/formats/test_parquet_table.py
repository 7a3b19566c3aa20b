"""Columns of Parquet files of all types; expected values come from pandas, Decimal and struct, not from the reader."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iotctl.errors import FileError
from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.layouts.layout import Form, Layout, TimeLayout, ValueLayout
from iotctl.model import Int96, RejectReason, StoredFile

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAME = "3c2b2b0e-5bd4-4b5c-9a53-000000000001"


def wide(*values: str, time: str = "time", sensor: str = "{field}", **more: Any) -> Layout:
    return Layout(TimeLayout((time,)), form=Form.PARQUET, sensor=sensor, values=tuple(map(ValueLayout, values)), **more)


def readings(content: bytes, layout: Layout, **options: Any) -> dict[str | None, list[tuple[int, float]]]:
    """name -> (microseconds since 1970 UTC, value) in file order."""
    file = StoredFile("a.parquet", len(content), "v", EPOCH)
    found: dict[str | None, list[tuple[int, float]]] = {}
    for batch in read_batches(file, lambda at: io.BytesIO(content[at:]), ReadOptions(layouts=(layout,), **options)):
        assert batch.rejected == {}
        for sensor, time, value in zip(batch.sensor.tolist(), batch.time.tolist(), batch.value.tolist(), strict=True):
            name = batch.names[sensor] if batch.names else str(UUID(bytes=batch.uuids[sensor].tobytes()))
            found.setdefault(name, []).append((time, value))
    return found


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def test_decimals_are_the_nearest_float_of_what_is_written() -> None:
    noise = random.Random(1)
    numbers = [Decimal(noise.randrange(-(10**9), 10**9)).scaleb(-noise.randrange(1, 7)) for _ in range(2000)]
    times = [1_000_000 * row for row in range(len(numbers))]
    columns = {"time": pa.array(times, pa.timestamp("us", "UTC")), "value": pa.array(numbers, pa.decimal128(20, 6))}
    found = readings(parquet(pa.table(columns)), wide("value"))
    assert found == {"value": [(time, float(number)) for time, number in zip(times, numbers, strict=True)]}


def test_an_index_of_pandas_is_a_field() -> None:
    times = pd.date_range("2020-06-01 12:00", periods=3, freq="h", tz="Asia/Tokyo")
    sink = io.BytesIO()
    pd.DataFrame({"a": [1.5, None, 2.5]}, index=times).to_parquet(sink)
    found = readings(sink.getvalue(), wide("a", time="__index_level_0__"))
    first = int(datetime(2020, 6, 1, 3, tzinfo=UTC).timestamp()) * 1_000_000
    assert found == {"a": [(first, 1.5), (first + 2 * 3600 * 1_000_000, 2.5)]}


@pytest.mark.parametrize(
    "names",
    [
        pa.array([UUID(NAME).bytes], pa.binary(16)),
        pa.array([NAME.encode()], pa.binary()),
        pa.array([NAME], pa.large_string()),
        pa.array([NAME], pa.string_view()),
        pa.array([NAME]).dictionary_encode(),
    ],
)
def test_names_of_any_type_of_text_are_read(names: pa.Array) -> None:
    table = pa.table({"time": pa.array([0], pa.timestamp("s", "UTC")), "id": names, "x": pa.array([7], pa.int16())})
    assert readings(parquet(table), wide("x", sensor="{id}")) == {NAME: [(0, 7.0)]}


@pytest.mark.parametrize(("int96", "hours"), [(Int96.UTC, 12), (Int96.LOCAL, 11)])
def test_times_of_96_bits_are_utc_or_local_as_asked(int96: Int96, hours: int) -> None:
    table = pa.table({"time": pa.array([datetime(2020, 1, 1, 12)], pa.timestamp("us")), "x": [1.0]})
    content = parquet(table, use_deprecated_int96_timestamps=True)
    expected = (datetime(2020, 1, 1, hours, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert readings(content, wide("x"), int96=int96) == {"x": [(expected, 1.0)]}


def test_other_values_are_the_numbers_of_structs_too_and_neither_lists_nor_texts() -> None:
    columns = {
        "time": pa.array([0], pa.timestamp("ns", "UTC")),
        "a": pa.array([{"b": {"c": 1.5}, "d": [1.0]}]),
        "e": pa.array(["x"]),
        "f": pa.array([3], pa.uint8()),
    }
    layout = Layout(TimeLayout(("time",)), form=Form.PARQUET, other_values=True)
    assert readings(parquet(pa.table(columns)), layout) == {"a.b.c": [(0, 1.5)], "f": [(0, 3.0)]}


def test_a_column_that_is_missing_or_there_twice_is_an_error_that_names_it() -> None:
    table = pa.table([pa.array([0], pa.timestamp("s")), pa.array([1]), pa.array([2])], names=["time", "x", "x"])
    with pytest.raises(FileError, match="x occurs twice"):
        readings(parquet(table), wide("x"))
    with pytest.raises(FileError, match="needs a column 'when'"):
        readings(parquet(table), wide("x", time="when"))


@pytest.mark.parametrize("missing", [("nan",), ("NaN",), ()])
def test_not_a_number_is_missing_where_the_layout_says_so(missing: tuple[str, ...]) -> None:
    table = pa.table({"time": pa.array([EPOCH] * 3, pa.timestamp("us", "UTC")), "a": [1.5, float("nan"), None]})
    content = parquet(table)
    options = ReadOptions(layouts=(wide("a", missing=missing),))
    file = StoredFile("a.parquet", len(content), "v", EPOCH)
    (batch,) = read_batches(file, lambda at: io.BytesIO(content[at:]), options)
    assert (batch.missing, batch.rejected) == ((2, {}) if missing else (1, {RejectReason.NOT_FINITE: 1}))

"""All numbers of a column together show their meaning, wherever a block or a batch ends."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.series import read_series
from iotctl.model import DecimalSign, FileBatch, Int96, Position, RejectReason, StoredFile, TimeForm
from tests.formats.test_reader import HEADER, A, rejects, rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def batches(
    content: bytes | str, options: ReadOptions | None = None, start: Position | None = None, modified: datetime = NOW
) -> list[FileBatch]:
    stored = content.encode() if isinstance(content, str) else content
    name = "a.parquet" if stored.startswith(b"PAR1") else "a.csv"
    file = StoredFile(f"s3://b/{name}", len(stored), "v", modified)
    return list(read_batches(file, lambda offset: io.BytesIO(stored[offset:]), options or ReadOptions(), start))


def check_cuts(content: bytes | str, **settings: object) -> list[FileBatch]:
    """Read as a whole, in small blocks and batches, and again from the end of each batch: the results are equal."""
    whole = batches(content, ReadOptions(**settings))  # type: ignore[arg-type]
    cut = batches(content, ReadOptions(**settings, batch_rows=1, block_bytes=70))  # type: ignore[arg-type]
    assert (rows(cut), rejects(cut)) == (rows(whole), rejects(whole))
    for number, batch in enumerate(cut):
        rest = batches(content, ReadOptions(**settings), batch.end)  # type: ignore[arg-type]
        assert (rows(rest), rejects(rest)) == (rows(cut[number + 1 :]), rejects(cut[number + 1 :]))
    return whole


def csv(times: list[str], values: list[str] | None = None) -> str:
    values = values or ["1"] * len(times)
    return HEADER + "".join(f"{time};{A};{value}\n" for time, value in zip(times, values, strict=True))


def parquet(times: object, values: object = None, **options: object) -> bytes:
    sink = io.BytesIO()
    values = [1.0] * len(times) if values is None else values  # type: ignore[arg-type]
    table = pa.table({"timestamp": times, "sensor_uuid": [A] * len(values), "sensor_value": values})  # type: ignore[arg-type]
    pq.write_table(table, sink, row_group_size=2, **options)
    return sink.getvalue()


TABLES: list[Callable[[list[str]], bytes | str]] = [
    csv,
    lambda times: parquet(times),
    lambda times: parquet([int(time) for time in times]),
]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2016010112", "2016010113"], ["2016-01-01T12:00", "2016-01-01T13:00"]),
        (["201601011230", "201601011240"], ["2016-01-01T12:30", "2016-01-01T12:40"]),
        (["20160101123000", "20160101123001"], ["2016-01-01T12:30", "2016-01-01T12:30:01"]),
        (["20160101", "20160102"], ["2016-01-01T00:00", "2016-01-02T00:00"]),
        (["2020081324"], ["2020-08-14T00:00"]),
        (["20160101123000250"], ["2016-01-01T12:30:00.250"]),
        (["1451606400", "1451606401"], ["2016-01-01T00:00", "2016-01-01T00:00:01"]),
        (["1451606400123"], ["2016-01-01T00:00:00.123"]),
        (["1451606400123456"], ["2016-01-01T00:00:00.123456"]),
        (["1451606400123456789"], ["2016-01-01T00:00:00.123456"]),
        # One that can only be an epoch (minute 60 of 24 hours and a day 40) says it of all.
        (["2016010112", "2016014012"], ["2033-11-19T10:48:32", "2033-11-19T11:53:32"]),
        # And one that can only be a calendar's.
        (["2016010112", "20160101123000"], ["2016-01-01T12:00", "2016-01-01T12:30"]),
    ],
)
def test_numbers_are_times_of_one_form(
    times: list[str], expected: list[str], table: Callable[[list[str]], bytes | str]
) -> None:
    found = check_cuts(table(times), timezone="UTC")
    assert [row[0] for row in rows(found)] == [
        datetime.fromisoformat(time).replace(tzinfo=UTC).isoformat() for time in expected
    ]
    assert rejects(found) == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("backwards", [False, True])
def test_numbers_that_contradict_each_other_are_rejected(
    table: Callable[[list[str]], bytes | str], backwards: bool
) -> None:
    times = ["1451606400", "1451606401", "20160101", "2016010112", "20160101123000", "1451606402"]
    found = check_cuts(table(times[::-1] if backwards else times), timezone="UTC")
    # Three can only be epochs, and two only a calendar's: these contradict. The sixth may be either.
    assert sorted(row[0] for row in rows(found)) == [
        "2016-01-01T00:00:00+00:00",
        "2016-01-01T00:00:01+00:00",
        "2016-01-01T00:00:02+00:00",
        "2033-11-19T10:48:32+00:00",
    ]
    assert [reason for _, reason in rejects(found)] == ["time", "time"]


def test_numbers_that_may_be_either_are_rejected_and_said_so() -> None:
    """In a file of 2034, 2033 is as good a year as 2016."""
    content = csv(["2016010112", "2016010113"])
    found = batches(content, modified=datetime(2034, 1, 1, tzinfo=UTC))
    assert rejects(found) == [(2, "time"), (3, "time")]
    assert any("--time-form" in note for batch in found for note in batch.notes)
    # So many hours of a calendar are no seconds: these would not leave out 24 to 99 each time.
    start = datetime(2016, 1, 1)
    hours = [(start + timedelta(hours=hour)).strftime("%Y%m%d%H") for hour in range(100)]
    found = batches(csv(hours), ReadOptions(timezone="UTC"), modified=datetime(2034, 1, 1, tzinfo=UTC))
    assert [row[0] for row in rows(found)][::99] == ["2016-01-01T00:00:00+00:00", "2016-01-05T03:00:00+00:00"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [(TimeForm.EPOCH, "2033-11-19T10:48:32+00:00"), (TimeForm.CALENDAR, "2016-01-01T12:00:00+00:00")],
)
def test_an_option_settles_what_a_number_is(form: TimeForm, expected: str) -> None:
    found = check_cuts(csv(["2016010112"]), time_form=form, timezone="UTC")
    assert [row[0] for row in rows(found)] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-01-01 00:00:00 UTC", "2016-01-01T00:00:00"),
        ("2016-01-01 00:00:00UTC", "2016-01-01T00:00:00"),
        ("2016-01-01T00:00 GMT", "2016-01-01T00:00:00"),
        ("2016-01-01 00:00:00+0", "2016-01-01T00:00:00"),
        ("2016-01-01 00:00:00 +00", "2016-01-01T00:00:00"),
        ("2016-01-01 00:00:00.5 Z", "2016-01-01T00:00:00.500"),
        ("2016-01-01 00:00:00 UTC+1", "2015-12-31T23:00:00"),
        ("20160101T000000Z", "2016-01-01T00:00:00"),
        ("20160101 0000 GMT-0330", "2016-01-01T03:30:00"),
    ],
)
@pytest.mark.parametrize("quoted", [False, True])
def test_what_stands_behind_a_time_says_its_zone(text: str, expected: str, quoted: bool) -> None:
    """Whichever reader looks at it: a quote within a field is for the careful one."""
    content = csv([text]) if not quoted else HEADER + f'"{text}" ;{A};1\n'
    found = check_cuts(content)
    assert [row[0] for row in rows(found)] == [datetime.fromisoformat(expected).replace(tzinfo=UTC).isoformat()]


# --- decimals


TIMES = [f"2016-01-01T00:0{minute}:00Z" for minute in range(10)]


@pytest.mark.parametrize(
    ("values", "expected", "bad"),
    [
        (["998,5", "1.002", "1.003,5"], [998.5], [1, 2]),
        (["1.002", "998,5"], [998.5], [0]),
        (["1.002", "1.003,5"], [], [0, 1]),
        (["1.002", "1.002.003"], [], [0, 1]),
        (["998,5", "1.5", "2.25", "3"], [998.5, 3.0], [1, 2]),
        (["5.25", "1,234"], [5.25], [1]),
        (["1,234", "1,234.5", "5"], [5.0], [0, 1]),
        (["1,234", "1.234", "7"], [7.0], [0, 1]),
        (["1.002", "20.125"], [1.002, 20.125], []),
        (["1,5", "0,125", "-,5"], [1.5, 0.125, -0.5], []),
    ],
)
def test_one_sign_comes_before_decimals_in_a_column(values: list[str], expected: list[float], bad: list[int]) -> None:
    times = TIMES[: len(values)]
    for content, first_line in ((csv(times, values), 2), (parquet(times, values), 1)):
        found = check_cuts(content)
        assert [row[2] for row in rows(found)] == expected
        assert rejects(found) == [(first_line + row, "value") for row in bad]
    for delimiter in ("\t", "|"):
        found = check_cuts(csv(times, values).replace(";", delimiter))
        assert [row[2] for row in rows(found)] == expected
    found = check_cuts(csv(times, [f'"{value}"' for value in values]).replace(";", ","))
    assert [row[2] for row in rows(found)] == expected


def test_a_comma_alone_is_decimal_where_semicolons_divide_and_unclear_elsewhere() -> None:
    content = csv(TIMES[:2], ["1,234", "2,500"])
    assert [row[2] for row in rows(check_cuts(content))] == [1.234, 2.5]
    quoted = csv(TIMES[:2], ['"1,234"', '"2,500"']).replace(";", ",")
    for other in (content.replace(";", "\t"), quoted, parquet(TIMES[:2], ["1,234", "2,500"])):
        found = check_cuts(other)
        assert [reason for _, reason in rejects(found)] == ["value", "value"]
        assert any("--decimal" in note for batch in found for note in batch.notes)
        found = check_cuts(other, decimal=DecimalSign.COMMA)
        assert [row[2] for row in rows(found)] == [1.234, 2.5]


def test_a_comma_far_behind_says_what_the_points_before_it_are() -> None:
    """Beyond the first batch, and beyond what is looked at first."""
    count = 70_000
    lines = [f"2016-01-01T00:00:00Z;{A};{number % 999 + 1}.{number % 1000:03}\n" for number in range(count)]
    content = HEADER + "".join(lines) + f"2016-01-01T00:00:00Z;{A};998,5\n"
    for options in (ReadOptions(), ReadOptions(batch_rows=1000, block_bytes=10_000)):
        found = batches(content, options)
        assert [row[2] for row in rows(found)] == [998.5]
        assert sum(batch.rows_rejected for batch in found) == count
    found = batches(HEADER + "".join(lines), ReadOptions(batch_rows=1000, block_bytes=100_000))
    assert sum(len(batch.time) for batch in found) == count


def test_one_slip_among_many_points_is_a_reject_of_its_own() -> None:
    values = [*["0.5"] * 5, "1,5", *["2.25"] * 5, "1.002"]
    content = csv(["2016-01-01T00:00:00Z"] * len(values), values)
    assert rejects(check_cuts(content)) == [(7, "value")]


def test_whole_numbers_first_leave_the_sign_open() -> None:
    """As a solar plant writes at night; the sign is found by what comes, wherever reading starts anew."""
    content = csv(TIMES[:6], ["0", "0", "0", "1.002", "0,5", "0"])
    found = check_cuts(content)
    assert [row[2] for row in rows(found)] == [0, 0, 0, 0.5, 0]
    assert rejects(found) == [(5, "value")]


# --- line ends


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_carriage_returns_alone_end_lines(end: str, last: bool) -> None:
    lines = [
        "timestamp;sensor_uuid;sensor_value;unit",
        f"2016-01-01T00:00:00Z;{A};0,5;C",
        f"2016-01-01T00:01:00Z;{A};x;C",
    ]
    lines += [f"2016-01-01T00:02:00Z;{A};1,5;C"]
    found = check_cuts(end.join(lines) + end * last)
    assert [row[2] for row in rows(found)] == [0.5, 1.5]
    assert rejects(found) == [(3, "value")]


# --- Parquet


@pytest.mark.parametrize(("kind", "local"), [(Int96.UTC, False), (Int96.LOCAL, True)])
def test_an_int96_time_is_an_instant_as_spark_writes_it(kind: Int96, local: bool) -> None:
    times = pa.array([datetime(2016, 7, 1, 12)], pa.timestamp("ns"))
    found = check_cuts(parquet(times, use_deprecated_int96_timestamps=True), int96=kind)
    assert [row[0] for row in rows(found)] == [f"2016-07-01T{10 if local else 12}:00:00+00:00"]
    # Others without a zone are local, as ever.
    found = check_cuts(parquet(times), int96=kind)
    assert [row[0] for row in rows(found)] == ["2016-07-01T10:00:00+00:00"]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("int96", [False, True])
@pytest.mark.parametrize("zone", [None, "UTC"])
def test_parquet_times_far_off_are_out_of_range(unit: str, int96: bool, zone: str | None) -> None:
    years = [1, 1000, 1899, 2016, 2200, 2600, 9999]
    times = pa.array([datetime(year, 1, 2) for year in years], pa.timestamp(unit, zone))
    found = check_cuts(parquet(times, use_deprecated_int96_timestamps=int96, store_schema=False), timezone="UTC")
    assert [row[0] for row in rows(found)] == ["2016-01-02T00:00:00+00:00"]
    assert [line for line, _ in rejects(found)] == [1, 2, 3, 5, 6, 7]
    assert {reason for _, reason in rejects(found)} == {"time_range"}


@pytest.mark.parametrize("kind", [pa.date32(), pa.date64()])
def test_parquet_dates_are_local_midnights(kind: pa.DataType) -> None:
    times = pa.array([datetime(year, 7, 1).date() for year in (1, 2016, 9999)], kind)
    found = check_cuts(parquet(times))
    assert [row[0] for row in rows(found)] == ["2016-06-30T22:00:00+00:00"]
    assert rejects(found) == [(1, "time_range"), (3, "time_range")]


# --- a file of one sensor


@pytest.mark.parametrize(("value", "expected"), [("998,5", [998.5]), ("998.5", [998.5, 1.002])])
def test_a_file_of_one_sensor_is_read_alike(value: str, expected: list[float]) -> None:
    content = f"timestamp;value\n2016010100;{value}\n2016010101;1.002\n".encode()
    file = StoredFile("a.csv", len(content), "v", NOW)
    found = read_series(file, lambda offset: io.BytesIO(content[offset:]), ReadOptions("UTC"))
    start = datetime(2016, 1, 1, tzinfo=UTC)
    assert [start + timedelta(hours=hour) for hour in range(len(expected))] == [
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment) for moment in found.time.tolist()
    ]
    assert found.value.tolist() == expected
    assert found.rejected == ({} if len(expected) == 2 else {RejectReason.VALUE: 1})

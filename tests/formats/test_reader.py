"""Files to batches: the same rows at any cut, and the same as from a slow and obvious reader."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import BinaryIO
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iotctl.errors import FileError
from iotctl.formats import ReadOptions, read_batches
from iotctl.model import Ambiguous, FileBatch, Nonexistent, Position, RejectReason, StoredFile

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
A, B = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e", "59b4fd2b-b3c7-43c0-bffc-f661b6aeaacf"
HEADER = "timestamp;sensor_uuid;sensor_value\n"

Row = tuple[str, str, float]


def batches(
    content: bytes | str, options: ReadOptions | None = None, name: str = "a.csv", start: Position | None = None
) -> list[FileBatch]:
    stored = content.encode() if isinstance(content, str) else content

    def open_at(offset: int) -> BinaryIO:
        return io.BytesIO(stored[offset:])

    file = StoredFile(f"s3://b/{name}", len(stored), "v", EPOCH)
    found = list(read_batches(file, open_at, options or ReadOptions(), start))
    for batch in found:
        assert batch.rows_read == len(batch.time) + batch.rows_rejected
    return found


def rows(found: list[FileBatch]) -> list[Row]:
    """(ISO time in UTC, UUID, value) in file order."""
    return [
        ((EPOCH + timedelta(microseconds=time)).isoformat(), str(uuid.UUID(bytes=batch.uuids[sensor].tobytes())), value)
        for batch in found
        for sensor, time, value in zip(batch.sensor.tolist(), batch.time.tolist(), batch.value.tolist(), strict=True)
    ]


def rejects(found: list[FileBatch]) -> list[tuple[int, str]]:
    return [(reject.line, reject.reason.value) for batch in found for reject in batch.rejects]


def test_naive_and_aware_times_stand_in_one_file() -> None:
    found = batches(
        HEADER
        + f"2015-12-31 23:53:00;{A};-75.33380361808872\n"
        + f"2015-06-30T23:53:00.25+02:00;{B};1e-5\n"
        + f"2015-12-31 23:53:00Z;{A};3\n"
    )
    assert rows(found) == [
        ("2015-12-31T22:53:00+00:00", A, -75.33380361808872),
        ("2015-06-30T21:53:00.250000+00:00", B, 1e-5),
        ("2015-12-31T23:53:00+00:00", A, 3.0),
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeffsensor_value,Sensor UUID,note, TIMESTAMP \r\n1.5,{A.upper()},x,2016-01-01T00:00:00Z\r\n",
        f'"sensor_value"\t"sensor_uuid"\t"timestamp"\n"1.5"\t"{{{A}}}"\t"2016-01-01 01:00:00"',
        f"timestamp|sensor_uuid|sensor_value\n\n1451606400|{A.replace('-', '')}|+1.5\n\n",
        f"timestamp;sensor_uuid;sensor_value\n1451606400000;urn:uuid:{A};1,5\n",
        f"timestamp;sensor_uuid;sensor_value\n2016-01-01 01:00:00 +0100;{A};1.5",
        f"timestamp;sensor_uuid;sensor_value;x\n2016-01-01;{B};1\n2016-01-01 00;{A};1.5;Zürich\n",
    ],
)
def test_forms_that_people_write_are_understood(content: str) -> None:
    options = ReadOptions(timezone="UTC" if "Zürich" in content else "Europe/Berlin")
    assert rows(batches(content, options))[-1] == ("2016-01-01T00:00:00+00:00", A, 1.5)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"2016-01-01;{A}".encode(), RejectReason.FIELDS),
        (f"2016-01-01;{A};1;2".encode(), RejectReason.FIELDS),
        (f"2016-13-01;{A};1".encode(), RejectReason.TIME),
        (f";{A};1".encode(), RejectReason.TIME),
        (f"1899-12-31;{A};1".encode(), RejectReason.TIME_RANGE),
        (f"2200-01-02;{A};1".encode(), RejectReason.TIME_RANGE),
        (f"2016-01-01;{A[:-1]};1".encode(), RejectReason.SENSOR),
        (f"2016-01-01;{A};one".encode(), RejectReason.VALUE),
        (f"2016-01-01;{A};".encode(), RejectReason.VALUE),
        (f"2016-01-01;{A};0x10".encode(), RejectReason.VALUE),
        (f"2016-01-01;{A};1_0".encode(), RejectReason.VALUE),
        (f"2016-01-01;{A};NaN".encode(), RejectReason.NOT_FINITE),
        (f"2016-01-01;{A};-inf".encode(), RejectReason.NOT_FINITE),
        (f"2016-01-01;{A};1e999".encode(), RejectReason.NOT_FINITE),
        (f"2016-01-01;{A};1\0".encode(), RejectReason.ENCODING),
        (f"2016-01-01;{A};1\xff".encode("latin-1"), RejectReason.ENCODING),
        (f'2016-01-01;{A};"1'.encode(), RejectReason.QUOTE),
        (b"x" * (1024 * 1024 + 1), RejectReason.TOO_LONG),
        (b"x" * (12 * 1024 * 1024), RejectReason.TOO_LONG),
    ],
)
def test_a_bad_row_is_kept_with_its_line_and_reason_and_the_others_are_read(line: bytes, reason: RejectReason) -> None:
    good = [f"2016-01-01 00:{minute:02}:00Z;{A};{minute}\n".encode() for minute in range(60)]
    content = HEADER.encode() + b"".join(good[:40]) + line + b"\n" + b"".join(good[40:])
    for block_bytes in (512, 1 << 20, 8 << 20):
        found = batches(content, ReadOptions(block_bytes=block_bytes))
        assert [value for _, _, value in rows(found)] == [float(minute) for minute in range(60)]
        assert rejects(found) == [(42, reason.value)]
        (text,) = [reject.text for batch in found for reject in batch.rejects]
        assert len(text) <= 1100
        assert "\0" not in text


def test_nan_is_read_where_it_is_allowed() -> None:
    found = batches(HEADER + f"2016-01-01;{A};nan\n2016-01-02;{A};-Infinity\n", ReadOptions(allow_nan=True))
    values = [value for _, _, value in rows(found)]
    assert math.isnan(values[0])
    assert values[1] == -math.inf


@pytest.mark.parametrize("fraction", [".5", ",25", ".000001", ".123456789", ".000"])
def test_a_fraction_of_a_second_counts_once_whoever_reads_the_line(fraction: str) -> None:
    """A field in quotes of its own kind is read by the careful reader, the same time elsewhere by the fast one."""
    microsecond = int(fraction[1:7].ljust(6, "0"))
    moment = datetime(2016, 1, 1, 12, 30, 59, microsecond, tzinfo=UTC)
    lines = [f"2016-01-01 12:30:59{fraction}Z;{A};1;x\n", f'2016-01-01 12:30:59{fraction}Z;{A};1;"x" y\n']
    for content in (lines[0] * 50, lines[1] * 50, "".join(lines) * 500):
        found = rows(batches("timestamp;sensor_uuid;sensor_value;note\n" + content))
        # A line with a quote that is closed within its field is no row.
        assert {time for time, _, _ in found} <= {moment.isoformat()}
        found = rows(batches("timestamp;sensor_uuid;sensor_value;note\n" + content.replace('"x" y', '"x"')))
        assert {time for time, _, _ in found} == {moment.isoformat()}


def test_files_without_readings_are_defined() -> None:
    assert batches("") == []
    assert batches("\n\n") == []
    (only,) = batches(HEADER)
    assert (only.rows_read, only.end.offset) == (0, len(HEADER))


@pytest.mark.parametrize("content", ["timestamp;sensor_value\n2016-01-01;1\n", f"2016-01-01;{A};1\n", "\xff\xfe;x\n"])
def test_a_missing_column_is_one_clear_error(content: str) -> None:
    with pytest.raises(FileError) as caught:
        batches(content.encode("latin-1"))
    assert "a.csv" in str(caught.value)


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def many_rows(count: int, *, bad_every: int = 0) -> str:
    lines = []
    for number in range(count):
        time = datetime(2014, 10, 25) + timedelta(seconds=97 * (number // 2))
        value = "oops" if bad_every and number % bad_every == 1 else repr(number / 7)
        lines.append(f"{time};{A if number % 2 else B};{value}\n")
    return HEADER + "".join(lines)


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", zstd),
    ],
)
def test_reading_goes_on_from_the_end_of_any_batch(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    content = many_rows(4000, bad_every=501).encode()
    stored = pack(content)
    options = ReadOptions(batch_rows=700, block_bytes=8000)
    found = batches(stored, options, f"a.csv{suffix}")
    assert len(found) > 4
    for number, batch in enumerate(found):
        assert batch.start == (found[number - 1].end if number else Position())
        rest = batches(stored, ReadOptions(batch_rows=10_000), f"a.csv{suffix}", batch.end)
        assert rows(rest) == rows(found[number + 1 :])
        assert rejects(rest) == rejects(found[number + 1 :])


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_damaged_compression_is_an_error_and_not_an_end(suffix: str) -> None:
    content = many_rows(20_000).encode()
    packers: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
        ".zst": zstd,
    }
    packed = packers[suffix](content)
    with pytest.raises(FileError, match="damaged"):
        batches(packed[: len(packed) // 2], name=f"a.csv{suffix}")


def slow_utc(local: datetime, ambiguous_second: bool, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone, fold=int(ambiguous_second)).astimezone(UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"])
def test_every_minute_over_both_changes_of_the_clock_agrees_with_zoneinfo(zone: str) -> None:
    """In true order of time, as a sensor writes it: infer finds each of the doubled hours."""
    info = ZoneInfo(zone)
    moments = [
        datetime(2014, month, day, tzinfo=UTC) + timedelta(minutes=minute)
        for month, days in (
            (3, range(7, 10)),
            (3, range(29, 32)),
            (4, range(4, 7)),
            (10, range(4, 6)),
            (10, range(25, 28)),
            (11, range(1, 4)),
        )
        for day in days
        for minute in range(0, 1440, 7)
    ]
    content = HEADER + "".join(f"{moment.astimezone(info).replace(tzinfo=None)};{A};0\n" for moment in moments)
    found = batches(content, ReadOptions(timezone=zone, block_bytes=4000, batch_rows=500))
    assert [time for time, _, _ in rows(found)] == [moment.isoformat() for moment in moments]


def test_doubtful_hours_are_read_as_asked_and_counted() -> None:
    zone = ZoneInfo("Europe/Berlin")
    doubled, skipped = datetime(2014, 10, 26, 2, 30), datetime(2014, 3, 30, 2, 30)
    content = HEADER + f"{skipped};{A};1\n{doubled};{A};2\n{doubled};{B};3\n"
    for ambiguous, second in ((Ambiguous.EARLIER, False), (Ambiguous.LATER, True)):
        found = batches(content, ReadOptions(ambiguous=ambiguous))
        expected = [slow_utc(skipped, False, zone), *[slow_utc(doubled, second, zone)] * 2]
        assert [time for time, _, _ in rows(found)] == [moment.isoformat() for moment in expected]
        assert (found[0].ambiguous, found[0].nonexistent) == (2, 1)
    found = batches(content, ReadOptions(ambiguous=Ambiguous.REJECT, nonexistent=Nonexistent.REJECT))
    assert rejects(found) == [(2, "nonexistent"), (3, "ambiguous"), (4, "ambiguous")]
    assert found[0].rejects[0].text == content.splitlines()[1]


def test_parquet_gives_the_same_rows_as_text() -> None:
    content = many_rows(3000)
    expected = rows(batches(content))
    _, *lines = [line.split(";") for line in content.splitlines()]
    times = pa.array([datetime.fromisoformat(line[0]) for line in lines], pa.timestamp("us"))
    values = pa.array([float(line[2]) for line in lines])
    uuids = {
        "text": pa.array([line[1] for line in lines]),
        "bytes": pa.array([uuid.UUID(line[1]).bytes for line in lines], pa.binary(16)),
    }
    for column in uuids.values():
        sink = io.BytesIO()
        pq.write_table(
            pa.table({"sensor_uuid": column, "timestamp": times, "sensor_value": values}), sink, row_group_size=700
        )
        for batch_rows in (500, 10_000):
            found = batches(sink.getvalue(), ReadOptions(batch_rows=batch_rows), "a.parquet")
            assert rows(found) == expected
            rest = batches(sink.getvalue(), ReadOptions(), "a.parquet", found[0].end)
            assert rows(rest) == rows(found[1:])


def test_parquet_without_values_or_times_rejects_those_rows() -> None:
    table = pa.table(
        {
            "timestamp": pa.array([EPOCH, None, EPOCH, EPOCH, EPOCH], pa.timestamp("ms", "UTC")),
            "sensor_uuid": [A, A, "x", A, B],
            "sensor_value": [1.0, 2.0, 3.0, None, math.nan],
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    found = batches(sink.getvalue(), name="a.parquet")
    assert rows(found) == [("1970-01-01T00:00:00+00:00", A, 1.0)]
    assert rejects(found) == [(2, "time"), (3, "sensor"), (4, "value"), (5, "not_finite")]
    with pytest.raises(FileError, match="Parquet"):
        batches(b"PAR1 nonsense", name="a.parquet")


def test_parquet_texts_that_are_no_utf8_are_rejected_one_by_one() -> None:
    texts = pa.array([b"2016-01-01T00:00:00Z", b"2016\xff", b"2016-01-01T00:02:00Z"])
    table = pa.table({"timestamp": texts.view(pa.string()), "sensor_uuid": [A, A, A], "sensor_value": ["1", "2", "3"]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    found = batches(sink.getvalue(), name="a.parquet")
    assert [value for _, _, value in rows(found)] == [1.0, 3.0]
    assert rejects(found) == [(2, "time")]
    assert found[0].rejects[0].text == f"2016\\xff;{A};2"


# --- properties

TIMES = st.one_of(
    st.datetimes(datetime(1890, 1, 1), datetime(2210, 1, 1)).map(str),
    st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(lambda moment: f"{moment}+01:30"),
    st.sampled_from(
        ["2016-01-01", "2016-01-01 24:00:00", "1451606400", "1451606400123", "now", " 2016-01-01 00:00:00Z "]
    ),
)
NUMBERS = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.text("0123456789+-eEnaif_ ", max_size=8),  # with points and commas it would hang on the other rows
)
UUIDS = st.sampled_from([A, B, A.upper(), f"{{{B}}}", f" {A}", "", "x"])
FIELDS = st.one_of(TIMES, UUIDS, NUMBERS, st.text('";\r\0äx', max_size=5))
LINES = st.one_of(
    st.tuples(TIMES, UUIDS, NUMBERS).map(";".join),
    st.lists(FIELDS, max_size=4).map(";".join),
    st.tuples(TIMES, UUIDS, NUMBERS).map(lambda fields: ";".join(f'"{field}"' for field in fields)),
)


def outcome(content: bytes, options: ReadOptions) -> tuple[list[Row], list[tuple[int, str]]]:
    found = batches(content, options)
    return [(time, sensor, repr(value)) for time, sensor, value in rows(found)], rejects(found)  # type: ignore[misc]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(LINES, max_size=60), st.sampled_from(["\n", "\r\n"]), st.booleans())
@example([f"2016-01-01;{A};1"] * 50 + [f'2016-01-01;{A};"1'] + [f"2016-01-01;{A};1"] * 50, "\n", False)
@example([f"2016-01-01;{A};1"] * 50 + [f'"2016-01-01";{A};"1;"'] + [f"2016-01-01;{A};1"] * 50, "\n", False)
def test_a_line_is_the_same_row_or_reject_alone_and_among_others(lines: list[str], end: str, allow_nan: bool) -> None:
    """Whatever quotes, bytes and number of fields it has."""
    plain = f"2016-01-01 00:00:00Z;{B};7"
    together = [line for text in lines for line in [plain] * 40 + [text]]
    content = (HEADER + end.join(together) + end).encode()
    options = ReadOptions(allow_nan=allow_nan)
    found, bad = outcome(content, options)
    known = {line: outcome((HEADER + line + end).encode(), options) for line in set(together)}
    alone = [known[line] for line in together]
    assert found == [row for good, _ in alone for row in good]
    assert [reason for _, reason in bad] == [reason for _, wrong in alone for _, reason in wrong]
    for block_bytes in (97, 3001):
        assert outcome(content, ReadOptions(allow_nan=allow_nan, block_bytes=block_bytes)) == (found, bad)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_make_the_reader_fail_or_lose_a_line(noise: bytes, block_bytes: int) -> None:
    content = HEADER.encode() + f"2016-01-01;{A};1\n".encode() + noise
    found = batches(content, ReadOptions(block_bytes=block_bytes))
    lines = sum(bool(line.strip(b" \t\r")) for line in content.split(b"\n")[1:])
    assert sum(batch.rows_read for batch in found) == lines

"""The fast reader, the careful one and that of Parquet agree with a slow and obvious one: times, values, reasons."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.csv.lines import CarefulReader
from iotctl.model import StoredFile
from tests.formats import oracle
from tests.formats.oracle import Expected, Fields
from tests.formats.test_reader import HEADER, A, B

BERLIN = ZoneInfo("Europe/Berlin")
MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)


def is_doubtful(moment: datetime) -> bool:
    """In an hour that comes twice or never; the tests of doubled hours are others."""
    return moment.replace(tzinfo=BERLIN).utcoffset() != moment.replace(tzinfo=BERLIN, fold=1).utcoffset()


LOCAL = st.datetimes(datetime(1890, 1, 1), datetime(2210, 1, 1)).filter(lambda moment: not is_doubtful(moment))
OFFSETS = st.sampled_from(
    [
        "",
        "Z",
        " Z",
        "z",
        "UTC",
        " UTC",
        " GMT",
        "+00",
        " +00",
        "+0",
        " -3",
        "+01:30",
        "-0530",
        " +0100",
        " UTC+1",
        "GMT-3",
    ]
)
ISO = st.builds(
    lambda moment, form, offset: moment.strftime(form) + offset,
    LOCAL.map(lambda moment: moment.replace(year=max(moment.year, 1000))),
    st.sampled_from(
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S,%f123", "%Y-%m-%d %H:%M", "%Y%m%dT%H%M%S"]
    ),
    OFFSETS,
)
EPOCHS = st.builds(
    lambda seconds, unit, tail: str(seconds * 10**unit) + tail,
    st.integers(10**8, 10**11),
    st.sampled_from([0, 0, 3, 6, 9]),
    st.sampled_from(["", "", ".0", ".000", ".5", ".123456789"]),
)
CALENDARS = st.builds(
    lambda moment, form, tail: moment.strftime(form) + tail,
    LOCAL.filter(lambda moment: not is_doubtful(moment.replace(minute=0, second=0))),
    st.sampled_from(["%Y%m%d", "%Y%m%d%H", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%Y%m%d%H%M%S%f"]),
    st.sampled_from(["", "", "", ".0", ".25"]),
)
ODD_TIMES = st.sampled_from(
    [
        "2016-01-01",
        "2016-01-01 24:00:00",
        "2016-02-30",
        "0001-01-01",
        "9999-12-31 24:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "now",
        "",
        " 2016-01-01 00:00:00Z ",
        "99999999",
        "20160230",
        "2016023012",
        "2020081324",
        "2016010125",
        "12345678901",
        "2016-01-01 00:00:00 UTC+",
        "2016-01-01 00:00 +25",
        "1451606400",
        "2016010112",
        "201601011230",
        "20160101123000",
        "1451606400123456789",
        "2016-01-01 00:00:00.1234567",
    ]
)
FLOATS = st.floats(allow_nan=True).map(repr)
POINTS = st.decimals(-99999, 99999, places=3).map(str)
VALUES = {
    "point": st.one_of(FLOATS, POINTS),
    "comma": POINTS.map(lambda text: text.replace(".", ",")),
    "thousands": st.integers(-(10**7), 10**7).map(lambda number: f"{number:,}".replace(",", ".")),
    "odd": st.one_of(
        st.text("0123456789+-.,eEnaif_ ", max_size=8),
        st.sampled_from(
            ["", "1.002", "998,5", "1.003,5", "1,234", "1,234.5", "0x10", "nan", "-Infinity", "1e999", "7"]
        ),
    ),
}
TIMES = {"iso": ISO, "epoch": EPOCHS, "calendar": CALENDARS, "odd": ODD_TIMES}
UUIDS = st.sampled_from([A, B, A.upper(), f"{{{B}}}", f" {A}", "", "x", A[:-1]])


@st.composite
def tables(draw: st.DrawFn) -> list[Fields]:
    """Rows of a file: mostly of one form, a few of others among them."""
    time, value = draw(st.sampled_from([*TIMES])), draw(st.sampled_from([*VALUES]))
    usual = st.tuples(TIMES[time], st.sampled_from([A, B]), VALUES[value])
    other = st.tuples(st.one_of(*TIMES.values()), UUIDS, st.one_of(*VALUES.values()))
    rows = draw(st.lists(usual, min_size=1, max_size=40))
    for row in draw(st.lists(other, max_size=draw(st.sampled_from([0, 0, 1, 4])))):
        rows.insert(draw(st.integers(0, len(rows))), row)
    return rows


def found(content: bytes, options: ReadOptions, name: str, first_line: int) -> list[Expected]:
    """The result of each line, in order."""
    file = StoredFile(f"s3://b/{name}", len(content), "v", MODIFIED)
    batches = list(read_batches(file, lambda offset: io.BytesIO(content[offset:]), options))
    rejects = {reject.line: reject.reason.value for batch in batches for reject in batch.rejects}
    rows = [
        (time, f"{batch.uuids[sensor].tobytes().hex()}", repr(value))
        for batch in batches
        for time, sensor, value in zip(batch.time.tolist(), batch.sensor.tolist(), batch.value.tolist(), strict=True)
    ]
    left = iter(rows)
    lines = range(first_line, first_line + len(rows) + len(rejects))
    return [rejects[line] if line in rejects else dashed(next(left)) for line in lines]


def dashed(row: tuple[int, str, str]) -> Expected:
    time, uuid, value = row
    return time, f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}", value


class Spy:
    """Counts the lines that the careful reader was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines = 0
        read = CarefulReader.read

        def spy(reader: CarefulReader, lines: Sequence[bytes]) -> object:
            self.lines += len(lines)
            return read(reader, lines)

        monkeypatch.setattr(CarefulReader, "read", spy)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tables(), st.booleans(), st.sampled_from(["Europe/Berlin", "UTC"]))
@example([("2016010112", A, "998,5"), ("2016010113", A, "1.002"), ("2016010114", A, "1.003,5")], False, "UTC")
@example([("2016010112", A, "1.002"), ("1451606400", A, "0.5"), ("20160101123000", A, "1,234")], False, "UTC")
@example([("201601011230.0", A, "1.002"), ("201601011240.0", A, "7")], False, "Europe/Berlin")
@example([(f"1999-01-01 00:00:{second:02}", A, "1.5") for second in range(40)], False, "Europe/Berlin")
def test_each_reader_agrees_with_a_slow_and_obvious_one(rows: list[Fields], allow_nan: bool, zone: str) -> None:
    options = ReadOptions(timezone=zone, allow_nan=allow_nan, settle_seconds=0)
    expected = oracle.read(rows, ZoneInfo(zone), MODIFIED, semicolons=True, allow_nan=allow_nan)
    plain = (HEADER + "".join(";".join(row) + "\n" for row in rows)).encode()
    assert found(plain, options, "a.csv", 2) == expected
    cut = ReadOptions(timezone=zone, allow_nan=allow_nan, settle_seconds=0, block_bytes=61, batch_rows=3)
    assert found(plain, cut, "a.csv", 2) == expected
    with pytest.MonkeyPatch.context() as patch:
        careful = Spy(patch)
        odd = (HEADER.rstrip("\n") + "\r\r\n" + "".join(";".join(row) + "\r\r\n" for row in rows)).encode()
        assert found(odd, options, "a.csv", 2) == expected
        assert careful.lines >= len(set(rows))
    sink = io.BytesIO()
    times, sensors, values = zip(*rows, strict=True)
    pq.write_table(pa.table({"timestamp": times, "sensor_uuid": sensors, "sensor_value": values}), sink)
    expected = oracle.read(rows, ZoneInfo(zone), MODIFIED, semicolons=False, allow_nan=allow_nan)
    # Parquet has the order of reasons, and nulls; an empty text is no time and no number there, too.
    assert found(sink.getvalue(), options, "a.parquet", 1) == expected


def test_plain_rows_do_not_need_the_careful_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    careful = Spy(monkeypatch)
    rows = [(f"2016-01-01 00:{minute:02}:00", A, f"{minute}.25") for minute in range(60)]
    content = (HEADER + "".join(";".join(row) + "\n" for row in rows)).encode()
    expected = oracle.read(rows, BERLIN, MODIFIED, semicolons=True, allow_nan=False)
    assert found(content, ReadOptions(settle_seconds=0), "a.csv", 2) == expected
    assert careful.lines == 0

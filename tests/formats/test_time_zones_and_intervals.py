"""Intervals, zones from a field, and several fields as one time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import process_time
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.formats.times.candidates import candidate_formats
from iotctl.formats.times.formats import time_grammar
from iotctl.formats.times.iso import Times
from iotctl.formats.times.joined_fields import join_fields
from iotctl.formats.times.zone_names import local_to_utc, with_zones, zone_problem
from tests.formats.test_time_formats import at_once, microseconds, moment_of, one_by_one

INTERVALS = [
    ("iso", "2021-01-01 10:00 - 10:15", "2021-01-01 10:00", "2021-01-01 10:15"),
    ("iso", "2021-01-01 23:45 \u2013 00:00", "2021-01-01 23:45", "2021-01-02 00:00"),
    ("iso", "2021-01-01 00:00 - 00:00", "2021-01-01 00:00", "2021-01-02 00:00"),
    ("iso", "2021-01-01 23:45 - 24:00", "2021-01-01 23:45", "2021-01-02 00:00"),
    ("iso", "2021-01-01 22:00:00 - 06:00:00", "2021-01-01 22:00", "2021-01-02 06:00"),
    ("iso", "2021-01-01T10:00/2021-01-01T11:00", "2021-01-01 10:00", "2021-01-01 11:00"),
    ("iso", "2021-01-01T10:00Z/2021-01-01T11:00Z", "2021-01-01 10:00+00:00", "2021-01-01 11:00+00:00"),
    ("iso", "2021-01-01 to 2021-01-02", "2021-01-01", "2021-01-02"),
    ("iso", "2021-01-01 10:00-10:15", "2021-01-01 20:15+00:00", "2021-01-01 20:15+00:00"),  # an offset
    ("%d.%m.%Y %H:%M", "01.01.2021 00:00 - 01.01.2021 01:00", "2021-01-01 00:00", "2021-01-01 01:00"),
    ("%d.%m.%Y %H:%M", "01.01.2021 00:00 bis 1.1.2021 1:00", "2021-01-01 00:00", "2021-01-01 01:00"),
    ("%d/%m/%Y %H:%M", "01/01/2021 23:00 - 02/01/2021 00:00", "2021-01-01 23:00", "2021-01-02 00:00"),
    ("%d.%m.%Y %H:%M", "01.01.2021 10:00-10:15", "2021-01-01 10:00", "2021-01-01 10:15"),
    ("%d-%m-%Y %H:%M", "01-02-2021 10:00-02-02-2021 10:15", "2021-02-01 10:00", "2021-02-02 10:15"),
    ("%m/%d/%Y %I:%M %p", "01/01/2021 11:45 PM - 12:00 AM", "2021-01-01 23:45", "2021-01-02 00:00"),
    ("%d.%m.%Y %H:%M", "31.10.2021 02:45 - 31.10.2021 02:00", "2021-10-31 02:45", "2021-10-31 02:00"),
    ("%d.%m.%Y", "01.01.2021 - 02.01.2021", "2021-01-01", "2021-01-02"),
    ("%d.%m.%Y %H:%M", "01.01.2021 10:00", "2021-01-01 10:00", "2021-01-01 10:00"),
    ("iso", "2021-10-31 02:45 - 02:00", "2021-10-31 02:45", None),  # of the second hour, or of the next day
    ("iso", "2021-01-01 10:00 - x", None, None),
    ("iso", "x - 2021-01-01 10:00", None, None),
    ("iso", "2021-01-02 10:00 - 2021-01-01 10:00", None, None),
    ("iso", "2021-01-01T10:00Z/2021-01-01T11:00", None, None),
    ("iso", "2021-01-01T10:00Z/11:00", None, None),
    ("iso", "2021-01-01T10:00Z/2021-01-01T10:00Z", None, None),
    ("%H:%M %d.%m.%Y", "10:00 01.01.2021 - 10:15", None, None),
    ("%Y-%m-%d %H:%M %Z", "2020-07-08 03:00 Europe/Berlin", "2020-07-08 01:00+00:00", "2020-07-08 01:00+00:00"),
]


@pytest.mark.parametrize(("format_", "text", "start", "end"), INTERVALS)
def test_an_interval_is_read_as_its_start_or_its_end(
    format_: str, text: str, start: str | None, end: str | None
) -> None:
    for expected, interval_end in ((start, False), (end, True)):
        found = moment_of(time_grammar(format_, interval_end=interval_end), text)
        assert found == (expected and datetime.fromisoformat(expected))


ANY_TEXT = st.one_of(
    st.sampled_from([text for _, text, _, _ in INTERVALS]),
    st.builds(
        lambda first, second, between: f"{first}{between}{second}",
        *[st.sampled_from(["2021-01-01 10:00", "01.01.2021 10:00", "10:15", "9:00", "2021-01-01T10:00Z", "", "x"])] * 2,
        st.sampled_from([" - ", "-", "/", " bis ", " \u2013 ", " ", "--"]),
    ),
)


@pytest.mark.parametrize("format_", ["iso", "%d.%m.%Y %H:%M", "%d-%m-%Y %H:%M", "%Y-%m-%d %H:%M"])
@pytest.mark.parametrize("interval_end", [False, True])
@given(texts=st.lists(ANY_TEXT, min_size=1, max_size=30))
@settings(max_examples=50, deadline=None)
def test_a_column_with_intervals_is_read_as_each_of_its_texts(
    format_: str, interval_end: bool, texts: list[str]
) -> None:
    grammar = time_grammar(format_, interval_end=interval_end)
    assert at_once(grammar, pa.array(texts)) == one_by_one(grammar, texts)


def with_zone(local: str, zone: str | None, timezone: str | None = None) -> datetime | None:
    """A local time with its zone; naive if it stays without one."""
    times = time_grammar("iso").read(pa.array([local] * 2))
    found = with_zones(times, pa.array([zone, None], pa.string()), timezone)
    assert (found.time[1], found.naive[1], found.odd[1]) == (times.time[1], True, False)
    assert not times.odd.any()  # it is left as it was
    assert times.naive.all()
    problem = zone_problem(zone, timezone) if zone and zone.strip() else None
    if problem is not None:
        assert found.odd[0]
    if zone and zone.strip():
        try:
            single: int | None = local_to_utc(int(times.time[0]), zone, timezone)
        except ValueError:
            single = None
        assert single == (None if found.odd[0] else int(found.time[0]))
    if found.odd[0]:
        return None
    return datetime(1970, 1, 1, tzinfo=None if found.naive[0] else UTC) + timedelta(microseconds=int(found.time[0]))


ZONES = [
    ("2021-07-01 12:00", "EST", "2021-07-01 17:00+00:00"),
    ("2021-07-01 12:00", "EDT", "2021-07-01 16:00+00:00"),
    ("2021-07-01 12:00", "cst", "2021-07-01 18:00+00:00"),
    ("2021-07-01 12:00", "AST", "2021-07-01 16:00+00:00"),
    ("2021-07-01 12:00", "CET", "2021-07-01 11:00+00:00"),
    ("2021-07-01 12:00", "MESZ", "2021-07-01 10:00+00:00"),
    ("2021-07-01 12:00", " UTC ", "2021-07-01 12:00+00:00"),
    ("2021-07-01 12:00", "Z", "2021-07-01 12:00+00:00"),
    ("2021-07-01 12:00", "+01:00", "2021-07-01 11:00+00:00"),
    ("2021-07-01 12:00", "\u22125", "2021-07-01 17:00+00:00"),
    ("2021-07-01 12:00", "UTC+2", "2021-07-01 10:00+00:00"),
    ("2021-07-01 12:00", "(UTC-03:30)", "2021-07-01 15:30+00:00"),
    ("2021-07-01 12:00", "Europe/Berlin", "2021-07-01 10:00+00:00"),
    ("2021-01-01 12:00", "Europe/Berlin", "2021-01-01 11:00+00:00"),
    ("2021-07-01 12:00", "Etc/GMT+5", "2021-07-01 17:00+00:00"),
    ("2021-03-28 02:30", "Europe/Berlin", None),
    ("2021-10-31 02:30", "Europe/Berlin", None),
    ("2021-07-01 12:00", "IST", None),
    ("2021-07-01 12:00", "BST", None),
    ("2021-07-01 12:00", "Moon/Base", None),
    ("2021-07-01 12:00", "5", None),
    ("2021-07-01 12:00", "", "2021-07-01 12:00"),
    ("2021-07-01 12:00", None, "2021-07-01 12:00"),
]


@pytest.mark.parametrize(("local", "zone", "expected"), ZONES)
def test_a_zone_beside_a_time_is_the_zone_of_the_time(local: str, zone: str | None, expected: str | None) -> None:
    assert with_zone(local, zone) == (expected and datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    ("zone", "timezone", "hours"),
    [
        ("CST", "Asia/Shanghai", 8),
        ("CST", "America/Chicago", -6),
        ("IST", "Asia/Kolkata", 5.5),
        ("BST", "Europe/London", 1),
    ],
)
def test_an_abbreviation_means_what_it_means_in_the_zone_of_the_layout(zone: str, timezone: str, hours: float) -> None:
    assert with_zone("2021-07-01 12:00", zone, timezone) == datetime(2021, 7, 1, 12, tzinfo=UTC) - timedelta(
        hours=hours
    )
    assert zone_problem(zone, timezone) is None


def test_a_zone_that_can_mean_several_says_which() -> None:
    assert zone_problem("IST") == "IST can mean India (+05:30), Ireland (+01:00) or Israel (+02:00)"
    assert zone_problem("Moon/Base") == "there is no zone 'Moon/Base'"
    assert zone_problem("EST") is None


PLACES = [
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Halifax",
    "America/St_Johns",
    "Europe/Lisbon",
    "Europe/Berlin",
    "Europe/Helsinki",
    "Europe/Moscow",
    "Africa/Maputo",
    "Africa/Nairobi",
    "Africa/Lagos",
    "Africa/Johannesburg",
    "Asia/Karachi",
    "Asia/Jakarta",
    "Asia/Hong_Kong",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Australia/Perth",
    "Australia/Adelaide",
    "Australia/Sydney",
    "Pacific/Auckland",
    "Pacific/Guam",
]


def test_an_abbreviation_has_the_offset_that_its_zone_has_under_that_name() -> None:
    moments = [datetime(2021, month, 1, tzinfo=ZoneInfo(place)) for place in PLACES for month in (1, 7)]
    names = {moment.tzname() for moment in moments}
    assert len(names) > 35
    for moment in moments:
        assert with_zone(moment.replace(tzinfo=None).isoformat(" "), moment.tzname()) == moment.astimezone(UTC)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
@given(moments=st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_the_clock_of_a_named_zone_is_that_of_the_standard_library(zone: str, moments: list[datetime]) -> None:
    time_ = np.array([microseconds(moment) for moment in moments])
    times = Times(time_, np.ones(len(time_), dtype=np.bool_), np.zeros(len(time_), dtype=np.bool_))
    found = with_zones(times, pa.array([zone] * len(moments)))
    for row, moment in enumerate(moments):
        first, second = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
        is_doubtful = first.utcoffset() != second.utcoffset()
        assert found.odd[row] == is_doubtful
        if not is_doubtful:
            assert found.time[row] == microseconds(first.astimezone(UTC))


def test_zones_of_any_kind_of_column_leave_odd_times_and_those_in_utc_alone() -> None:
    times = time_grammar("iso").read(pa.array(["2021-01-01 00:00", "2021-01-01 00:00Z", "x", "2021-01-01 00:00"]))
    midnight = microseconds(datetime(2021, 1, 1))
    for zones in (
        pa.array(["+01:00", "+01:00", "+01:00", None]),
        pa.array(["+01:00", "+01:00", "+01:00", None]).dictionary_encode(),
        pa.array(["+01:00", "+01:00", "+01:00", None], pa.large_string()),
    ):
        found = with_zones(times, zones)
        assert found.time.tolist()[:2] == [midnight - 3_600_000_000, midnight]
        assert found.naive.tolist()[:2] == [False, False]
        assert found.odd.tolist() == [False, False, True, False]
        assert found.naive[3]
    nothing = with_zones(times, pa.nulls(4))
    assert nothing.naive.tolist() == times.naive.tolist()
    assert (
        with_zones(time_grammar("iso").read(pa.array([], pa.string())), pa.array([], pa.string())).time.tolist() == []
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            [pa.array(["12.07.2019", None, "x"]), pa.array(["00:15:00", "00:30:00", None])],
            ["12.07.2019 00:15:00", None, None],
        ),
        ([pa.array([20190712, 20190713]), pa.array([1, 24])], ["20190712 1", "20190713 24"]),
        ([pa.array([2019.0, None]), pa.array([1.5, 2.0])], ["2019 1.5", None]),
        ([pa.array([2019.0, float("nan")]), pa.array([7, 7], pa.uint8())], ["2019 7", None]),
        ([pa.array([Decimal(2019)]), pa.array(["7"]).dictionary_encode()], ["2019 7"]),
        ([pa.array([date(2019, 7, 12)]), pa.array([time(0, 15)])], ["2019-07-12 00:15:00.000000"]),
        ([pa.array([datetime(2019, 7, 12)]), pa.array(["00:15"])], ["2019-07-12 00:15"]),
        ([pa.array(["2019"], pa.large_string()), pa.array(["7"])], ["2019 7"]),
        ([pa.array([[1]]), pa.array(["7"])], [None]),
        ([pa.array([2019]), pa.array([7]), pa.array([12]), pa.array([5])], ["2019 7 12 5"]),
        ([pa.array([], pa.string()), pa.array([], pa.int64())], []),
    ],
)
def test_fields_are_joined_as_they_are_printed(columns: list[pa.Array], expected: list[str | None]) -> None:
    assert join_fields(columns).to_pylist() == expected


def test_a_single_field_keeps_its_type() -> None:
    column = pa.array([datetime(2019, 7, 12)])
    assert join_fields([column]) is column


def test_a_long_text_is_odd_at_once() -> None:
    long = [" " * 1_000_000, "01:00 " * 200_000, "9" * 1_000_000, "x" * 1_000_000, "10:00h" * 200_000 + "-"]
    start = process_time()
    for format_ in ("iso", "epoch-s", "excel", " %d.%m.%Y  %H:%M", "%d %b %Y %Z"):
        for interval_end in (False, True):
            assert time_grammar(format_, interval_end=interval_end).read(pa.array(long)).odd.all()
    assert candidate_formats(pa.array(long)).formats == ()
    times = time_grammar("iso").read(pa.array(["2021-01-01 00:00"] * len(long)))
    assert with_zones(times, pa.array(long)).odd.tolist() == [False, True, True, True, True]
    assert process_time() - start < 10


def test_many_zones_that_are_none_do_not_take_the_square_of_their_number() -> None:
    count = 20_000
    times = time_grammar("iso").read(pa.array(["2021-01-01 00:00"] * count))
    start = process_time()
    assert with_zones(times, pa.array([f"Zone/{number}" for number in range(count)])).odd.all()
    assert process_time() - start < 10

"""Buckets of local days, weeks and parts of days agree with a slow loop over zoneinfo, at any change of the clock."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from iotctl.clock_changes import utc_offsets
from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories import Connection, sort_readings, storage_of
from iotctl.repositories.readings.bucket_grid import LocalClock, Width
from iotctl.repositories.readings.buckets import Aggregate, read_buckets
from tests.slow_aggregates import OF

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Whole, half and quarter hours; a change by half an hour (Lord Howe), at midnight (Sao Paulo), within the first minute
# of a day (St. John's in 2006), over a whole day (Apia, 29 to 31 December 2011); and none at all.
ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Pacific/Apia",
    "UTC",
)
DAYS = [1, 7, 14, 3]
PARTS = [HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 15 * MINUTE, 20 * MINUTE, 40 * MINUTE, 90 * MINUTE]
OTHERS = [7 * HOUR, 36 * HOUR, 168 * HOUR, 7 * MINUTE]

# Around changes of the clock of all these zones.
STRETCHES = [
    ("2006-03-20", "2006-04-10"),
    ("2006-10-20", "2006-11-10"),
    ("2011-12-20", "2012-01-10"),
    ("2016-02-15", "2016-04-12"),
    ("2016-09-25", "2016-11-10"),
]

Loop = dict[int, list[float]]


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.fixture
def readings(conn: Connection, layout: StorageLayout) -> list[tuple[int, float]]:
    """A reading every 10 to 50 minutes, in all stretches."""
    chosen = random.Random(5)
    moments = []
    for first, last in STRETCHES:
        moment, end = (microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in (first, last))
        while moment < end:
            moments.append(moment)
            moment += chosen.randrange(10, 50) * MINUTE
    values = [chosen.gauss(20, 5) for _ in moments]
    for month in sorted({(EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m") for moment in moments}):
        part = [
            (moment, value)
            for moment, value in zip(moments, values, strict=True)
            if (EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m") == month
        ]
        time, value = zip(*part, strict=True)
        batch = sort_readings(np.ones(len(part), dtype=np.int32), np.array(time), np.array(value))
        loader = storage_of(conn)
        with loader.batch(batch):
            loader.write(batch, 1, OnDuplicate.SKIP)
    return list(zip(moments, values, strict=True))


def by_days(readings: list[tuple[int, float]], start: int, end: int, days: int, zone: ZoneInfo) -> Loop:
    """Grouped by the local date that zoneinfo tells for each reading."""
    first_day = date(1970, 1, 5) if days % 7 == 0 else date(1970, 1, 1)
    groups: Loop = {}
    for moment, value in readings:
        if start <= moment < end:
            local = (EPOCH + timedelta(microseconds=moment)).astimezone(zone).date()
            opening = first_day + timedelta(days=(local - first_day).days // days * days)
            groups.setdefault(max(start, _first_moment(opening, zone)), []).append(value)
    return groups


def _first_moment(day: date, zone: ZoneInfo) -> int:
    """The first full minute, near midnight, at which the local date is this day or later."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=26)
    while moment.astimezone(zone).date() < day:
        moment += timedelta(minutes=15 if zone.key != "America/St_Johns" else 1)
    return microseconds(moment)


def by_parts(readings: list[tuple[int, float]], start: int, end: int, width: int, zone: ZoneInfo) -> Loop:
    """Buckets opened minute by minute, by what zoneinfo says that the clock shows.

    One opens where the clock shows a multiple of the width, or jumps over one by other than whole widths.
    """
    groups: Loop = {}
    moment, opened = start // MINUTE * MINUTE - 3 * DAY, 0
    last: tuple[date, int] | None = None
    offset = timedelta()
    waiting = iter([*((time, value) for time, value in readings if start <= time < end), (2**62, 0.0)])
    time, value = next(waiting)
    while moment < end:
        local = (EPOCH + timedelta(microseconds=moment)).astimezone(zone)
        since_midnight = (local.hour * 60 + local.minute) * MINUTE
        part = local.date(), since_midnight // width
        jump, offset = (local.utcoffset() or offset) - offset, local.utcoffset() or offset
        if last is None or since_midnight % width == 0 or (part > last and jump % timedelta(microseconds=width)):
            opened = moment
        last = part
        while time < moment + MINUTE:
            groups.setdefault(max(start, opened), []).append(value)
            time, value = next(waiting)
        moment += MINUTE
    return groups


def by_length(readings: list[tuple[int, float]], start: int, end: int, width: int) -> Loop:
    groups: Loop = {}
    for moment, value in readings:
        if start <= moment < end:
            groups.setdefault(max(start, moment // width * width), []).append(value)
    return groups


def questions(count: int, seed: int) -> Iterator[tuple[str, int, int, Width, Aggregate]]:
    chosen = random.Random(seed)
    for _ in range(count):
        name = chosen.choice(ZONES)
        first, last = (datetime.fromisoformat(text) for text in chosen.choice(STRETCHES))
        start = first + timedelta(days=chosen.randrange(-2, 20))
        end = min(last, start + timedelta(days=chosen.choice((1, 3, 20))))
        if chosen.random() < 0.5:  # else local midnights
            start += timedelta(minutes=chosen.randrange(1440))
        zone = ZoneInfo(name)
        bounds = [microseconds(moment.replace(tzinfo=zone)) for moment in (start, max(end, start + timedelta(hours=5)))]
        kind = chosen.random()
        if kind < 0.5:
            width = Width(chosen.choice(DAYS) * DAY, calendar=True)
        else:
            width = Width(chosen.choice(PARTS if kind < 0.9 else OTHERS))
        yield name, bounds[0], bounds[1], width, chosen.choice(list(Aggregate))


def ask_and_compare(
    conn: Connection, layout: StorageLayout, readings: list[tuple[int, float]], count: int, seed: int
) -> None:
    for name, start, end, width, aggregate in questions(count, seed):
        clock = LocalClock(*utc_offsets(start, end, name))
        time, value = read_buckets(conn, storage_of(conn), 1, start, end, width, clock, aggregate)
        if width.calendar:
            expected = by_days(readings, start, end, width.microseconds // DAY, ZoneInfo(name))
        elif width.microseconds in OTHERS:
            expected = by_length(readings, start, end, width.microseconds)
        else:
            expected = by_parts(readings, start, end, width.microseconds, ZoneInfo(name))
        asked = (name, EPOCH + timedelta(microseconds=start), EPOCH + timedelta(microseconds=end), width, aggregate)
        assert time.tolist() == sorted(expected), asked
        wanted = [OF[aggregate](expected[bucket]) for bucket in sorted(expected)]
        exact = aggregate not in (Aggregate.MEAN, Aggregate.SUM)
        assert value.tolist() == (wanted if exact else pytest.approx(wanted, rel=1e-9)), asked


# The slow loop walks through every minute: the long run belongs to the faults.
QUESTIONS = [50, pytest.param(500, marks=pytest.mark.faults)]


@pytest.mark.parametrize("count", QUESTIONS)
def test_buckets_agree_with_a_slow_loop_over_zoneinfo(
    conn: Connection, layout: StorageLayout, readings: list[tuple[int, float]], count: int
) -> None:
    ask_and_compare(conn, layout, readings, count, seed=1)


@pytest.mark.parametrize("count", QUESTIONS)
def test_aggregates_of_utc_stand_in_only_where_they_say_the_same(
    conn: Connection, layout: StorageLayout, readings: list[tuple[int, float]], count: int
) -> None:
    storage_of(conn).make_aggregates()
    storage_of(conn).refresh_aggregates()
    ask_and_compare(conn, layout, readings, count, seed=2)


# Whether the stored aggregates, which are spoiled, can serve.
SERVED = [
    ("Europe/Berlin", Width(DAY, calendar=True), True),
    ("UTC", Width(DAY, calendar=True), True),
    ("Asia/Kolkata", Width(DAY, calendar=True), False),
    ("Asia/Kolkata", Width(HOUR), False),
    ("Asia/Kolkata", Width(36 * HOUR), True),
    ("Australia/Lord_Howe", Width(DAY, calendar=True), True),  # UTC+11 in summer, UTC+10:30 in winter
]


def test_aggregates_are_used_where_they_can_be(
    conn: Connection, layout: StorageLayout, readings: list[tuple[int, float]]
) -> None:
    storage_of(conn).make_aggregates()
    storage_of(conn).refresh_aggregates()
    for name in ("reading_hourly", "reading_daily"):
        stored = name
        if layout is not StorageLayout.SEGMENTS:
            row = conn.execute(
                "SELECT format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name)"
                " FROM timescaledb_information.continuous_aggregates WHERE view_name = %s",
                (name,),
            ).fetchone()
            assert row is not None
            stored = str(row[0])
        conn.execute(f"UPDATE {stored} SET min = -1e12".encode())
    for zone, width, spoiled in SERVED:
        start, end = (microseconds(datetime(2016, 3, day, tzinfo=ZoneInfo(zone))) for day in (1, 31))
        clock = LocalClock(*utc_offsets(start, end, zone))
        _, value = read_buckets(conn, storage_of(conn), 1, start, end, width, clock, Aggregate.MIN)
        assert (value.min() == -1e12) == spoiled, (zone, width)


def test_days_have_23_24_and_25_hours_and_weeks_begin_on_monday(conn: Connection, layout: StorageLayout) -> None:
    moments = np.arange(
        microseconds(datetime(2016, 3, 20, tzinfo=UTC)), microseconds(datetime(2016, 4, 5, tzinfo=UTC)), HOUR
    )
    loader = storage_of(conn)
    for part in (moments[moments < microseconds(datetime(2016, 4, 1, tzinfo=UTC))], moments[-96:]):
        batch = sort_readings(np.ones(len(part), dtype=np.int32), part, np.ones(len(part)))
        with loader.batch(batch):
            loader.write(batch, 1, OnDuplicate.SKIP)
    berlin = ZoneInfo("Europe/Berlin")

    def count(first: datetime, until: datetime, width: Width) -> list[tuple[str, float]]:
        start, end = microseconds(first), microseconds(until)
        clock = LocalClock(*utc_offsets(start, end, "Europe/Berlin"))
        time, value = read_buckets(conn, storage_of(conn), 1, start, end, width, clock, Aggregate.COUNT)
        local = [(EPOCH + timedelta(microseconds=moment)).astimezone(berlin).isoformat() for moment in time.tolist()]
        return list(zip(local, value.tolist(), strict=True))

    assert count(datetime(2016, 3, 26, tzinfo=berlin), datetime(2016, 3, 28, tzinfo=berlin), Width(DAY, True)) == [
        ("2016-03-26T00:00:00+01:00", 24.0),
        ("2016-03-27T00:00:00+01:00", 23.0),
    ]
    assert count(datetime(2016, 3, 23, tzinfo=berlin), datetime(2016, 4, 4, tzinfo=berlin), Width(7 * DAY, True)) == [
        ("2016-03-23T00:00:00+01:00", 120.0 - 1),
        ("2016-03-28T00:00:00+02:00", 168.0),
    ]

"""The hours around changes of the clock: read by the order of the file, or rejected, at any cut."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from iotctl.formats import ReadOptions
from iotctl.model import FileBatch, Nonexistent, Position
from tests.formats.test_reader import HEADER, A, B, batches, rejects, rows

BERLIN = ZoneInfo("Europe/Berlin")
Line = tuple[datetime, str, float]


def local_times(start: datetime, end: datetime, step: timedelta, zone: ZoneInfo = BERLIN) -> list[datetime]:
    """The times of a wall clock from start to end (UTC)."""
    count = (end - start) // step
    return [(start + number * step).astimezone(zone).replace(tzinfo=None) for number in range(count)]


def text(lines: Sequence[Line]) -> str:
    return HEADER + "".join(f"{time};{sensor};{value}\n" for time, sensor, value in lines)


def check_cuts(content: str, options: ReadOptions | None = None) -> list[FileBatch]:
    """Read as a whole, in small blocks and batches, and again from the end of each batch: the results are equal."""
    options = options or ReadOptions()
    whole = batches(content, options)
    small = ReadOptions(options.timezone, options.ambiguous, options.nonexistent, batch_rows=3, block_bytes=200)
    cut = batches(content, small)
    assert (rows(cut), rejects(cut)) == (rows(whole), rejects(whole))
    assert sum(batch.ambiguous for batch in cut) == sum(batch.ambiguous for batch in whole)
    for number, batch in enumerate(cut):
        rest = batches(content, options, start=batch.end)
        assert (rows(rest), rejects(rest)) == (rows(cut[number + 1 :]), rejects(cut[number + 1 :]))
    return whole


NIGHT = datetime(2016, 10, 29, 22, tzinfo=UTC), datetime(2016, 10, 30, 5, tzinfo=UTC)


@pytest.mark.parametrize("minutes", [1, 7, 15, 20, 30, 60])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_sensor_that_writes_as_time_goes_by_has_both_hours(minutes: int, backwards: bool) -> None:
    step = timedelta(minutes=minutes)
    moments = [NIGHT[0] + number * step for number in range((NIGHT[1] - NIGHT[0]) // step)]
    moments = moments[::-1] if backwards else moments
    lines = [(moment.astimezone(BERLIN).replace(tzinfo=None), A, number) for number, moment in enumerate(moments)]
    found = check_cuts(text(lines))
    if backwards and minutes == 60:
        # 03:00 02:00 02:00 01:00: sorted by local time, or by time? Each may be either.
        assert [reason for _, reason in rejects(found)] == ["ambiguous"] * 2
        return
    assert rows(found) == [(moment.isoformat(), A, number) for number, moment in enumerate(moments)]
    assert sum(batch.ambiguous for batch in found) == sum(time.hour == 2 for time, _, _ in lines)


def test_a_file_sorted_by_local_time_has_each_time_of_the_hour_twice() -> None:
    """As in issues pandas #29031 and #13956."""
    moments = [NIGHT[0] + number * timedelta(minutes=15) for number in range(24)]
    lines = [(moment.astimezone(BERLIN).replace(tzinfo=None), A, number) for number, moment in enumerate(moments)]
    found = check_cuts(text(sorted(lines, key=lambda line: line[0])))
    assert sorted(rows(found)) == sorted((moment.isoformat(), A, number) for number, moment in enumerate(moments))
    assert rejects(found) == []


def test_each_sensor_is_judged_by_itself() -> None:
    first = [(time, A, 1.0) for time in local_times(*NIGHT, timedelta(minutes=10))]
    second = [(time, B, 2.0) for time in local_times(*NIGHT, timedelta(minutes=15)) if time.hour != 2]
    alone = [(datetime(2016, 10, 30, 2, minute), B, 3.0) for minute in (0, 15, 30, 45)]
    mixed = sorted([*second, *alone], key=lambda line: line[0])
    lines = [line for pair in zip(first, [*mixed, *[mixed[-1]] * len(first)], strict=False) for line in pair]
    found = check_cuts(text(lines))
    assert len([row for row in rows(found) if row[1] == A]) == len(first)
    assert {time for time, sensor, _ in rows(found) if sensor == A} == {
        (NIGHT[0] + number * timedelta(minutes=10)).isoformat() for number in range(42)
    }
    assert [reason for _, reason in rejects(found)] == ["ambiguous"] * 4
    assert not [row for row in rows(found) if row[2] == 3.0]


def hour(*minutes: int) -> list[datetime]:
    return [datetime(2016, 10, 30, 2, minute) for minute in minutes]


BEFORE = [datetime(2016, 10, 30, hour, minute) for hour in (0, 1) for minute in (0, 15, 30, 45)]
AFTER = [datetime(2016, 10, 30, hour, minute) for hour in (3, 4) for minute in (0, 15, 30, 45)]


@pytest.mark.parametrize(
    "times",
    [
        [*BEFORE, *hour(0, 15, 30, 45), *AFTER],  # one of the two hours, or a clock without summer time
        [*hour(0, 15, 30, 45)],  # a file per hour
        [*BEFORE, *hour(0, 15, 30, 45)],
        [*hour(30, 45), *AFTER],
        [*BEFORE, *hour(0, 15, 15, 30, 45), *AFTER],  # one row twice
        [*BEFORE, *hour(0, 30, 15, 45), *AFTER],  # two rows swapped
        [*BEFORE, *hour(15, 30, 45, 0), *AFTER],  # a late row
        [*BEFORE, *hour(30, 45, 0, 15), *AFTER],  # a late buffer
        [*BEFORE, *hour(0, 15, 30), *AFTER],
        [*BEFORE, *hour(0, 30, 15, 0, 45, 15), *AFTER],
        [*hour(0, 15, 30, 45, 0, 15, 30, 45)],  # the same hour twice, with the same values: see below
        [time for time in [*BEFORE, *hour(0, 15, 30, 45), *AFTER] for _ in range(2)],  # every row twice
        [*BEFORE, *hour(0, 15, 30, 45), *AFTER] * 2,  # a file twice
        [*BEFORE[::4], *hour(0), *AFTER[::4]],  # one reading an hour, one of two missing
        [datetime(2016, 10, 30), *hour(0, 0), datetime(2016, 10, 30, 4)],  # one every two hours, one row twice
        [*BEFORE[::2], *hour(30, 0), *AFTER[::2]],  # one every half hour, swapped
        [*AFTER[::-1], *hour(45, 45, 30, 30, 15, 15, 0, 0), *BEFORE[::-1]],  # which of the two was first?
        [*AFTER, *hour(0, 15, 30, 45, 0, 15, 30, 45), *BEFORE],
    ],
)
def test_what_the_shape_of_the_hour_does_not_say_is_rejected(times: list[datetime]) -> None:
    found = check_cuts(text([(time, A, 1.0) for time in times]))
    doubtful = [line for line, time in enumerate(times, 2) if time.hour == 2]
    assert rejects(found) == [(line, "ambiguous") for line in doubtful]
    expected = [time.replace(tzinfo=BERLIN).astimezone(UTC).isoformat() for time in times if time.hour != 2]
    assert [time for time, _, _ in rows(found)] == expected
    assert any("comes twice" in note and "--ambiguous" in note for batch in found for note in batch.notes)


@pytest.mark.parametrize(
    ("times", "first"),
    [
        ([*BEFORE, *hour(0, 15, 30, 45, 0, 15)], 4),  # a file cut within the hour
        ([*hour(30, 45, 0, 15, 30, 45), *AFTER], 2),
        ([*BEFORE, *hour(0, 15, 45, 0, 15, 30, 45), *AFTER], 3),  # a reading is missing
        ([*BEFORE, *hour(0, 15, 30, 45, 15, 30, 45), *AFTER], 4),
        ([*BEFORE, *hour(0, 15, 15, 30, 45, 0, 15, 30, 45), *AFTER], 5),  # one row twice, in both hours
    ],
)
def test_both_hours_are_read_though_a_part_is_missing(times: list[datetime], first: int) -> None:
    found = check_cuts(text([(time, A, 1.0) for time in times]))
    within = [place for place, time in enumerate(times) if time.hour == 2]
    expected = [
        time.replace(tzinfo=BERLIN, fold=int(time.hour == 2 and place >= within[first])).astimezone(UTC).isoformat()
        for place, time in enumerate(times)
    ]
    assert [time for time, _, _ in rows(found)] == expected
    assert rejects(found) == []


def test_a_file_of_both_hours_alone_is_read_where_their_values_differ() -> None:
    found = check_cuts(text([(time, A, number) for number, time in enumerate(hour(0, 15, 30, 45) * 2)]))
    expected = [datetime(2016, 10, 30, 0, tzinfo=UTC) + number * timedelta(minutes=15) for number in range(8)]
    assert [time for time, _, _ in rows(found)] == [time.isoformat() for time in expected]


def test_readings_are_never_moved_onto_others_whatever_their_order() -> None:
    """A night's readings in disorder: no two of them are loaded at one time, and each at one that its text may mean."""
    chance = random.Random(4)
    step = timedelta(minutes=15)
    moments = [NIGHT[0] + number * step for number in range(28)]
    for _ in range(300):
        lines = [(moment.astimezone(BERLIN).replace(tzinfo=None), A, number) for number, moment in enumerate(moments)]
        for _ in range(chance.choice([1, 1, 2, 5, 30])):
            at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            match chance.randrange(3):
                case 0:
                    lines[at], lines[other] = lines[other], lines[at]
                case 1:
                    lines.insert(at, lines[at])
                case _:
                    lines.insert(at, lines.pop(other))
        there: dict[str, float] = {}
        for time, _, value in rows(batches(text(lines))):
            assert there.setdefault(time, value) == value, [(str(line[0]), line[2]) for line in lines]
            meant = moments[int(value)].astimezone(BERLIN)
            assert datetime.fromisoformat(time).astimezone(BERLIN).replace(tzinfo=None) == meant.replace(tzinfo=None)


def test_a_sensor_that_falls_silent_does_not_hold_up_the_file() -> None:
    """Of 300 sensors one ends in the hour: batches go on soon after it."""
    sensors = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(300)]
    times = local_times(NIGHT[0], NIGHT[1] + timedelta(hours=5), timedelta(minutes=15))
    lines = [(time, sensor, 1.0) for time in times for sensor in sensors if sensor != sensors[0] or time.hour < 2]
    found = batches(text(lines), ReadOptions(batch_rows=100, block_bytes=10_000))
    assert len(found) > 10
    assert sum(len(batch.time) for batch in found) == len(lines)


MARCH = datetime(2016, 3, 27)


def test_a_clock_without_summer_time_is_said_so() -> None:
    """As loggers write that are set to GMT+01:00."""
    lines = [(MARCH + timedelta(minutes=15 * number), A, float(number)) for number in range(24)]
    found = check_cuts(text(lines))
    assert rejects(found) == [(line, "nonexistent") for line in range(10, 14)]
    (note,) = [note for batch in found for note in batch.notes]
    assert "--timezone +01:00" in note
    assert len({time for time, _, _ in rows(found)}) == 20
    right = batches(text(lines), ReadOptions(timezone="+01:00"))
    start = datetime(2016, 3, 26, 23, tzinfo=UTC)
    assert rows(right) == [
        ((start + timedelta(minutes=15 * number)).isoformat(), A, float(number)) for number in range(24)
    ]
    assert not any(batch.notes or batch.ambiguous or batch.nonexistent for batch in right)


@pytest.mark.parametrize("step", [timedelta(seconds=97), timedelta(minutes=15)])
@pytest.mark.parametrize("backwards", [False, True])
def test_no_reading_of_the_skipped_hour_is_moved_over_real_ones(step: timedelta, backwards: bool) -> None:
    times = [MARCH + number * step for number in range(timedelta(hours=6) // step)]
    times = times[::-1] if backwards else times
    found = check_cuts(text([(time, A, 1.0) for time in times]))
    assert rejects(found) == [(line, "nonexistent") for line, time in enumerate(times, 2) if time.hour == 2]


def test_a_clock_that_was_set_late_is_moved_forward() -> None:
    times = [MARCH + timedelta(hours=2, minutes=minute) for minute in (0, 15, 30)] + [MARCH + timedelta(hours=4)]
    found = check_cuts(text([(time, A, 1.0) for time in times]))
    start = datetime(2016, 3, 27, 1, tzinfo=UTC)
    expected = [start + timedelta(minutes=minute) for minute in (0, 15, 30, 60)]
    assert [time for time, _, _ in rows(found)] == [time.isoformat() for time in expected]
    assert sum(batch.nonexistent for batch in found) == 3
    found = check_cuts(text([(time, A, 1.0) for time in times]), ReadOptions(nonexistent=Nonexistent.REJECT))
    assert rejects(found) == [(line, "nonexistent") for line in (2, 3, 4)]


@pytest.mark.parametrize("zone", ["+01:00", "Etc/GMT-1", "UTC"])
def test_a_fixed_offset_has_no_doubtful_hours(zone: str) -> None:
    times = [datetime(2016, 10, 30) + timedelta(minutes=15 * number) for number in range(24)]
    found = check_cuts(text([(time, A, 1.0) for time in times]), ReadOptions(timezone=zone))
    hours = 0 if zone == "UTC" else 1
    assert [time for time, _, _ in rows(found)] == [
        (time - timedelta(hours=hours)).replace(tzinfo=UTC).isoformat() for time in times
    ]


def test_a_batch_ends_before_the_hour_that_is_not_known_yet() -> None:
    lines = [(time, A, 1.0) for time in local_times(*NIGHT, timedelta(minutes=1))]
    content = text(lines)
    found = batches(content, ReadOptions(batch_rows=5, block_bytes=200))
    times = [line[0] for line in lines]
    for batch in found:
        ends_at = content.encode()[: batch.end.offset].count(b"\n") - 1
        assert batch.end.line == ends_at + 2
        assert ends_at == len(lines) or times[ends_at].hour < 1 or times[ends_at].hour >= 4
    assert Position() != found[0].end

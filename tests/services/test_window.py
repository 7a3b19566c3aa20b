"""Any range gives the same events: the readings it reads, and the events it reports."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Finding
from iotctl.repositories import Connection, Database
from iotctl.services.detect.detect_task import Request, SensorFindings
from iotctl.services.detect.fleet import choose_sensors, detect_fleet
from iotctl.services.detect.window import Window, asked_for
from iotctl.workers.threads import Threads
from tests.sensors import DAY, START, STEP, add_sensor, noise

ROWS_A_DAY = 144
WEEK = 7 * DAY


class Nobody:
    def found(self, sensors: int, without_news: int) -> None: ...
    def finished(self, findings: SensorFindings) -> None: ...


def run(database: Database, request: Request) -> SensorFindings:
    with Threads(1) as threads:
        (only,) = detect_fleet(choose_sensors(database, []), database, request, threads, Nobody())
        return only


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def days(*numbers: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([round(number * ROWS_A_DAY) for number in numbers])


def told(findings: tuple[Finding, ...]) -> set[tuple[str, int, int, str]]:
    return {(f.event.event_id, f.event.start, f.event.end, f.event.explanation) for f in findings}


@pytest.fixture
def a_season(conn: Connection) -> int:
    """A hundred days with a course of the day and events that a week alone would not show."""
    rows = np.arange(98 * ROWS_A_DAY)
    value = noise(len(rows)) + 5 * np.sin(2 * np.pi * rows / ROWS_A_DAY)
    value[days(12, 48.9)] += 12
    for first, last in ((30, 32), (62.8, 63.6), (67, 68.5)):
        value[round(first * ROWS_A_DAY) : round(last * ROWS_A_DAY)] += 4
    value[80 * ROWS_A_DAY :] += 9
    return add_sensor(conn, "a", value)


def test_an_event_of_a_season_is_found_in_its_week_under_its_id(database: Database, a_season: int) -> None:
    whole = told(run(database, Request(DetectOptions())).findings)
    assert len(whole) == 6
    by_week = set()
    for week in range(14):
        start, end = START + week * WEEK, START + (week + 1) * WEEK
        found = told(run(database, Request(DetectOptions(), start, end, context=DAY)).findings)
        assert found == {one for one in whole if one[2] >= start and one[1] < end}
        by_week |= found
    assert by_week == whole


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("2016-03-05", "2016-03-12", "2015-12-31", "2017-01-02"),
        ("2016-01-01", "2017-01-01", "2015-12-31", "2017-01-02"),
        ("2015-12-31 23:59:59", "2016-01-01 00:00:01", "2014-12-31", "2017-01-02"),
    ],
)
def test_the_calendar_years_of_a_range_are_read_and_a_context(start: str, end: str, first: str, last: str) -> None:
    window = asked_for(moment(start), moment(end), DAY)
    assert window == Window(moment(start), moment(end), moment(first), moment(last))


def test_ends_of_the_calendar_and_open_ranges_are_read_as_far_as_there_is_anything() -> None:
    assert asked_for(None, None, DAY) == Window(None, None, None, None)
    ends = asked_for(moment("0001-01-01"), moment("9999-12-31"), DAY)
    assert (ends.first, ends.last) == (None, None)


def test_a_detection_is_cut_to_the_range_asked_for() -> None:
    rows = 60 * ROWS_A_DAY
    value = noise(rows)
    value[30 * ROWS_A_DAY :] += 9 + 0.01 * np.arange(30 * ROWS_A_DAY)
    whole = detect(START + STEP * np.arange(rows), value)
    assert len(whole.regimes) == 2
    start, end = START + 25 * DAY, START + 50 * DAY
    cut = Window(start, end, None, None).cut(whole)
    kept = [row for row, time in enumerate(whole.time.tolist()) if start <= time < end]
    for name in ("row", "time", "value", "expected", "scale", "score", "severity"):
        assert getattr(cut, name).tolist() == getattr(whole, name)[kept].tolist()
    assert [regime.rows for regime in cut.regimes] == [
        sum(before.start <= whole.time[row] <= before.end for row in kept) for before in whole.regimes
    ]
    # The line goes on where it went: its value at the cut is that of the whole one there.
    before, after = whole.regimes[1], cut.regimes[1]
    at_end = before.level + before.slope_per_hour * (after.end - before.start) / 3.6e9
    assert after.level + after.slope_per_hour * (after.end - after.start) / 3.6e9 == pytest.approx(at_end, abs=1e-9)
    assert cut.change_points == whole.change_points
    nothing = Window(START - 10 * DAY, START - 5 * DAY, None, None).cut(whole)
    assert (len(nothing.time), nothing.regimes, nothing.events) == (0, (), ())

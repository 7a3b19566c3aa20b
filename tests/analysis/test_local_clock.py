"""Schedules by a local clock, and weeks with holidays: which of their readings are usual."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Event

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
STEP = 600_000_000
YEAR = (datetime(2015, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) + STEP * np.arange(365 * 144)
# Of Baden-Wuerttemberg in 2015, from a printed calendar.
HOLIDAYS = [date(2015, *day) for day in ((1, 1), (1, 6), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (6, 4))]
HOLIDAYS += [date(2015, *day) for day in ((10, 3), (11, 1), (12, 25), (12, 26))]


@lru_cache(maxsize=1)
def wall() -> tuple[datetime, ...]:
    return tuple((EPOCH + timedelta(microseconds=moment)).astimezone(BERLIN) for moment in YEAR.tolist())


def noise() -> NDArray[np.float64]:
    return np.random.default_rng(5).normal(0, 0.8, len(YEAR))


def heating(late: date | None = None) -> NDArray[np.float64]:
    """60 from 6 to 22 o'clock, 40 at night; on one day an hour late."""
    begins = [7 if moment.date() == late else 6 for moment in wall()]
    return (
        np.array([60.0 if at <= moment.hour < 22 else 40.0 for at, moment in zip(begins, wall(), strict=True)])
        + noise()
    )


def office(busy: date | None = None) -> NDArray[np.float64]:
    """900 on workdays from 8 to 17 o'clock, else 400; one holiday may be as busy as a workday."""
    open_ = [
        moment.weekday() < 5 and 8 <= moment.hour < 17 and (moment.date() not in HOLIDAYS or moment.date() == busy)
        for moment in wall()
    ]
    return np.where(open_, 900.0, 400.0) + 15 * noise()


def found(value: NDArray[np.float64], **options: object) -> tuple[Event, ...]:
    return detect(YEAR, value, DetectOptions(**options)).events  # type: ignore[arg-type]


def day_of(event: Event) -> date:
    return (EPOCH + timedelta(microseconds=event.start)).astimezone(BERLIN).date()


@pytest.mark.parametrize("day", [date(2015, 2, 11), date(2015, 7, 8), date(2015, 3, 30), date(2015, 10, 26)])
def test_an_hour_late_is_found_in_winter_and_in_summer_and_after_the_change_of_the_clock(day: date) -> None:
    assert [day_of(event) for event in found(heating(day), timezone="Europe/Berlin")] == [day]


def test_by_another_clock_the_same_hour_is_missed_or_others_are_told() -> None:
    days = [date(2015, 2, 11), date(2015, 7, 8)]
    assert any([day_of(event) for event in found(heating(day))] != [day] for day in days)


def test_nothing_is_odd_about_a_schedule_around_the_change_of_the_clock() -> None:
    assert found(heating(), timezone="Europe/Berlin") == ()


@pytest.mark.parametrize("days", [2, 4, 6])
def test_days_after_a_change_are_judged_by_the_clock_although_few_of_them_show_it(days: int) -> None:
    end = int(
        np.searchsorted(YEAR, (datetime(2015, 10, 25 + days, tzinfo=BERLIN) - EPOCH) // timedelta(microseconds=1))
    )
    rows = slice(end - 170 * 144 - 7, end)
    assert detect(YEAR[rows], heating()[rows], DetectOptions(timezone="Europe/Berlin")).events == ()


def test_a_course_that_follows_the_sun_is_not_counted_by_the_clock() -> None:
    hour = (YEAR % 86_400_000_000) / 3.6e9
    sun = 20.0 * ((hour >= 6) & (hour < 18)) + noise()
    assert found(sun, timezone="Europe/Berlin") == found(sun, timezone="UTC") == ()


def test_public_holidays_are_expected_where_they_are_named() -> None:
    """At one false alarm a month all of them are events else; at one a year they are a habit of the sensor."""
    workdays = {day for day in HOLIDAYS if day.weekday() < 5}
    monthly = {"timezone": "Europe/Berlin", "false_alarms": 12.0}
    assert workdays <= {day_of(event) for event in found(office(), **monthly)}
    assert not workdays & {day_of(event) for event in found(office(), holidays=("DE-BW",), **monthly)}
    assert found(office(), timezone="Europe/Berlin", holidays=("DE-BW",)) == ()


def test_work_on_a_holiday_is_odd_where_holidays_are_named() -> None:
    day = date(2015, 5, 14)
    assert {day_of(event) for event in found(office(day), timezone="Europe/Berlin", holidays=("DE-BW",))} == {day}


def test_a_sensor_that_takes_no_notice_of_holidays_is_judged_as_ever() -> None:
    always = np.array([moment.weekday() < 5 and 8 <= moment.hour < 17 for moment in wall()])
    value = np.where(always, 900.0, 400.0) + 15 * noise()
    assert found(value, timezone="Europe/Berlin", holidays=("DE-BW",)) == ()

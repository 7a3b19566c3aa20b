"""Hours of the local clock and of weeks with holidays, compared with a slow loop over datetimes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis.modelling.hours import Counted, Hours

MINUTE = 60_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONDAY = datetime(1969, 12, 29)


def moments(first: str, days: int, minutes: int) -> NDArray[np.int64]:
    start = (datetime.fromisoformat(first).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    return start + minutes * MINUTE * np.arange(days * 1440 // minutes)


def on_the_wall(time: NDArray[np.int64], zone: str) -> list[datetime]:
    return [
        (EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        for moment in time.tolist()
    ]


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "America/New_York", "UTC"]
)
@pytest.mark.parametrize("first", ["2015-03-20", "2015-10-20", "2015-01-01"])
def test_the_clock_is_that_on_the_wall(zone: str, first: str) -> None:
    time = moments(first, 12 if first > "2015-02" else 365, 10 if first > "2015-02" else 180)
    hours = Hours.of(time, zone)
    expected = [(wall - MONDAY) / timedelta(hours=1) for wall in on_the_wall(time, zone)]
    assert hours.clock == pytest.approx(expected, abs=1e-6)
    assert hours.elapsed == pytest.approx([(moment - int(time[0])) / 3.6e9 for moment in time.tolist()])
    assert hours.is_changed == (len({round(c - e, 3) for c, e in zip(hours.clock, hours.elapsed, strict=True)}) > 1)


def test_a_fixed_offset_is_a_clock_and_no_row_has_none() -> None:
    time = moments("2016-02-28 22:30", 1, 60)
    # A Sunday: 6 days and 23:30 after the midnight of its Monday.
    assert Hours.of(time, "+01:00").clock[0] % 168 == pytest.approx(6 * 24 + 23.5)
    assert len(Hours.of(time[:0], "Europe/Berlin", ["DE"]).clock) == 0


def test_holidays_are_the_sundays_of_their_weeks() -> None:
    # Of Baden-Wuerttemberg in spring 2015, from a printed calendar: Good Friday, Easter Monday, Labour Day, Ascension,
    # Whit Monday, Corpus Christi.
    printed = [date(2015, *day) for day in ((4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (6, 4))]
    time = moments("2015-03-25", 80, 30)
    hours = Hours.of(time, "Europe/Berlin", ["DE-BW"])
    expected = []
    for wall in on_the_wall(time, "Europe/Berlin"):
        weekday = 6 if wall.date() in printed else wall.weekday()
        expected.append(24 * weekday + wall.hour + wall.minute / 60)
    assert hours.free is not None
    assert hours.free % 168 == pytest.approx(expected)
    # Counted at the middle of each half hour.
    assert hours.counted(Counted.FREE) == pytest.approx(hours.free + 0.25)
    plain = Hours.of(time, "Europe/Berlin")
    assert plain.counted(Counted.FREE) == pytest.approx(plain.clock + 0.25)
    elapsed = [plain.clock[0] + 0.5 * row + 0.25 for row in range(len(time))]
    assert plain.counted(Counted.ELAPSED) == pytest.approx(elapsed)
    assert plain.thinned(500).counted(Counted.ELAPSED)[0] == pytest.approx(elapsed[0])

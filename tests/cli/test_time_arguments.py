"""Times and zones as people type them, in arguments and settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from iotctl.errors import ConfigurationError, UsageError
from iotctl.moments import local_time, parse_time
from iotctl.settings import read_settings
from iotctl.timezones import find_zone, zone_name

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2016, 7, 1, 12)


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("name", "hours_east", "canonical"),
    [
        ("+01:00", 1, "+01:00"),
        ("UTC+1", 1, "+01:00"),
        ("utc+01", 1, "+01:00"),
        ("GMT-3", -3, "-03:00"),
        ("GMT+0530", 5.5, "+05:30"),
        ("-03:30", -3.5, "-03:30"),
        ("+0", 0, "UTC"),
        ("Z", 0, "UTC"),
        ("UTC", 0, "UTC"),
        ("Etc/GMT-1", 1, "Etc/GMT-1"),
        ("Europe/Berlin", 2, "Europe/Berlin"),
    ],
)
def test_a_fixed_offset_is_a_zone_and_plus_is_east(name: str, hours_east: float, canonical: str) -> None:
    assert NOON.replace(tzinfo=find_zone(name)).utcoffset() == timedelta(hours=hours_east)
    assert zone_name(name) == canonical
    assert NOON.replace(tzinfo=find_zone(canonical)).utcoffset() == timedelta(hours=hours_east)
    expected = microseconds(NOON.replace(tzinfo=UTC) - timedelta(hours=hours_east))
    assert parse_time("2016-07-01 12:00", name) == expected
    assert local_time(expected, name).replace(tzinfo=None) == NOON


@pytest.mark.parametrize("name", ["Mars/Base", "+15", "+01:75", "", "UTC+", "../etc", "Europe"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        find_zone(name)


def test_the_setting_takes_offsets_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOTCTL_TIMEZONE", "UTC+1")
    assert read_settings().timezone == "+01:00"
    monkeypatch.setenv("IOTCTL_TIMEZONE", "UTC+99")
    with pytest.raises(ConfigurationError, match="IOTCTL_TIMEZONE"):
        read_settings()


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Kiritimati", "UTC", "+14:00", "-12:00"])
@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("0001-01-01", 1900),
        ("0001-01-01T00:00:00+14:00", 1900),
        ("9999-12-31T23:59:59-12:00", 2200),
        ("9999-12-31", 2200),
        ("now-3000y", 1900),
        ("now-99999999999999y", 1900),
        ("now+99999999999999y", 2200),
    ],
)
def test_a_time_beyond_all_readings_is_moved_to_their_edge(text: str, year: int, zone: str) -> None:
    """Asked for with them, a query finds all there is; and each can be shown in any zone."""
    found = parse_time(text, zone)
    assert found == microseconds(datetime(year, 1, 1, tzinfo=UTC))
    assert local_time(found, zone).year in (year - 1, year)


def test_what_is_no_time_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="soon"):
        parse_time("soon", "UTC")

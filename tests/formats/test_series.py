"""A file of one sensor: times that cannot be are counted, and none of them ends the reading."""

from __future__ import annotations

import io

import pytest

from iotctl.formats import read_series


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "+14:00"])
def test_times_beyond_1900_to_2199_are_unreadable(zone: str) -> None:
    times = ["0001-01-01", "0001-01-01T00:00:00+14:00", "2016-01-01", "9999-12-31 24:00", "9999-12-31T23:00:00-12:00"]
    content = ("timestamp;value\n" + "".join(f"{time};{row}\n" for row, time in enumerate(times))).encode()
    _, value, unreadable = read_series(lambda offset: io.BytesIO(content[offset:]), "a.csv", zone)
    assert (value.tolist(), unreadable) == ([2.0], 4)

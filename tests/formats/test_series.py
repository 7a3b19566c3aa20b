"""A file of one sensor: impossible times are counted, and do not stop the reading."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from iotctl.formats import ReadOptions
from iotctl.formats.series import read_series
from iotctl.model import StoredFile

FILE = StoredFile("a.csv", 1, "v", datetime(2016, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "+14:00"])
def test_times_beyond_1900_to_2199_are_unreadable(zone: str) -> None:
    times = ["0001-01-01", "0001-01-01T00:00:00+14:00", "2016-01-01", "9999-12-31 24:00", "9999-12-31T23:00:00-12:00"]
    content = ("timestamp;value\n" + "".join(f"{time};{row}\n" for row, time in enumerate(times))).encode()
    found = read_series(FILE, lambda offset: io.BytesIO(content[offset:]), ReadOptions(timezone=zone))
    assert (found.value.tolist(), sum(found.rejected.values())) == ([2.0], 4)

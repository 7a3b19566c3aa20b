"""A series of one sensor from a file of its own: timestamp and value."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.compression import open_text
from iotctl.formats.header import parse_header
from iotctl.formats.options import OpenAt
from iotctl.formats.split import BadRow, split_line
from iotctl.formats.times import parse_time
from iotctl.formats.values import parse_value
from iotctl.formats.zones import local_offsets
from iotctl.model import EARLIEST, LATEST

_COLUMNS = (("timestamp", "time", "date"), ("value", "sensor_value"))


def read_series(open_at: OpenAt, name: str, timezone: str) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """(time, value, unreadable) of a file with the columns timestamp and value, in file order.

    time: int64 (n,), microseconds since 1970-01-01 UTC; one without an offset is in timezone, and of an hour that
    comes twice the first. value: float64 (n,), NaN where it is missing or no number. unreadable: rows whose time is
    missing, unreadable, or outside of 1900 to 2199.
    Raises FileError where a column is missing, and what open_at raises.
    """
    with open_text(open_at, name, 0) as text:
        lines = text.read().split(b"\n")
    header = parse_header(lines[0], _COLUMNS, name)
    at_time, at_value = header.at["timestamp"], header.at["value"]
    times: list[tuple[int, bool]] = []
    values: list[float] = []
    unreadable = 0
    for line in lines[1:]:
        if not line.strip():
            continue
        try:
            fields = split_line(line, header.delimiter)
            times.append(parse_time(fields[at_time]))
        except (BadRow, ValueError, OverflowError, IndexError):
            unreadable += 1
            continue
        number = parse_value(fields[at_value], comma=header.delimiter == ";") if at_value < len(fields) else None
        values.append(float("nan") if number is None else number)
    time = np.array([moment for moment, _ in times], dtype=np.int64)
    naive = np.array([is_naive for _, is_naive in times], dtype=np.bool_)
    time[naive] -= local_offsets(time[naive], timezone).offset
    within = (time >= EARLIEST) & (time < LATEST)
    return time[within], np.array(values, dtype=np.float64)[within], unreadable + int(np.sum(~within))

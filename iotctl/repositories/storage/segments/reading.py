"""A sensor's series out of segments: whole arrays, as they lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.binary import as_datetime, decode_floats
from iotctl.repositories.connection import Connection
from iotctl.repositories.storage.segments.encoding import MOST_READINGS, decode_times
from iotctl.repositories.storage.storage import Series

# Segments fetched in one go: some 200,000 readings.
_PAGE_SEGMENTS = 256

# A segment lies in one month, so that those before the month of the start need no look.
_PAGE = """
    SELECT first, unit, offsets, far_offsets, sensor_values FROM reading_segment
    WHERE sensor_id = %(sensor_id)s AND first >= date_trunc('month', %(start)s::timestamptz, 'UTC') AND first < %(end)s
      AND last >= %(start)s AND first > %(after)s
    ORDER BY first LIMIT %(segments)s
"""


def series(conn: Connection, sensor_id: int, start: int | None, end: int | None, limit: int | None) -> Iterator[Series]:
    """See ReadingStorage.series."""
    left = limit
    wanted = {"sensor_id": sensor_id, "start": _bound(start, "-infinity"), "end": _bound(end, "infinity")}
    after: datetime | str = "-infinity"
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        while left is None or left > 0:
            # Two more than it takes of full ones: the first and the last may lie outside of the range for a part.
            most = _PAGE_SEGMENTS if left is None else min(left // MOST_READINGS + 2, _PAGE_SEGMENTS)
            times, values = _page(conn, wanted | {"after": after, "segments": most})
            if not times:
                return
            after = as_datetime(int(times[-1][0]))
            time, value = np.concatenate(times), np.concatenate(values)
            inside = slice(
                0 if start is None else int(np.searchsorted(time, start)),
                len(time) if end is None else int(np.searchsorted(time, end)),
            )
            time, value = time[inside][:left], value[inside][:left]
            if len(time):
                yield time, value
            if len(times) < most:
                return
            left = None if left is None else left - len(time)


def _page(conn: Connection, wanted: Mapping[str, object]) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float64]]]:
    result = conn.cursor(binary=True).execute(_PAGE.encode(), wanted).pgresult
    assert result is not None
    times, values = [], []
    for row in range(result.ntuples):
        first, unit, near, far, of = (result.get_value(row, column) for column in range(5))
        value = decode_floats(of)
        times.append(decode_times(first, unit, near, far, len(value)))
        values.append(value)
    return times, values


def _bound(microseconds: int | None, otherwise: str) -> datetime | str:
    return otherwise if microseconds is None else as_datetime(microseconds)

"""Read sensors' readings from segments, as whole arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.binary import decode_floats
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime, lower_bound, upper_bound
from iotctl.repositories.storage.answers import Series, Span
from iotctl.repositories.storage.segments.encoding import MOST_READINGS, decode_times

# Segments of a page: about 200,000 readings.
_PAGE_SEGMENTS = 256

# A segment is in one month, so that segments before the month of start are skipped.
_PAGE = """
    SELECT first, unit, offsets, far_offsets, sensor_values FROM reading_segment
    WHERE sensor_id = %(sensor_id)s AND first >= date_trunc('month', %(start)s::timestamptz, 'UTC') AND first < %(end)s
      AND last >= %(start)s AND first > %(after)s
    ORDER BY first LIMIT %(segments)s
"""

_SPANS = """
    SELECT sensor_id, sum(readings)::bigint, min(first), max(last) FROM reading_segment
    WHERE sensor_id = ANY(%s) GROUP BY sensor_id
"""

# The key alone shows how many of the last segments have enough readings; small segments may be many.
_LATEST = """
    SELECT wanted.sensor_id, s.first, s.unit, s.offsets, s.far_offsets, s.sensor_values
    FROM unnest(%(ids)s::int[]) AS wanted (sensor_id), LATERAL (
        SELECT first, sum(readings) OVER (ORDER BY first DESC) - readings AS later
        FROM reading_segment WHERE sensor_id = wanted.sensor_id ORDER BY first DESC LIMIT 100
    ) AS counted, reading_segment s
    WHERE counted.later < %(count)s AND s.sensor_id = wanted.sensor_id AND s.first = counted.first
    ORDER BY 1, 2
"""


def series(conn: Connection, sensor_id: int, start: int | None, end: int | None, limit: int | None) -> Iterator[Series]:
    """See ReadingStorage.series."""
    left = limit
    wanted = {"sensor_id": sensor_id, "start": lower_bound(start), "end": upper_bound(end)}
    after: datetime | str = "-infinity"
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        while left is None or left > 0:
            # Two more than the number of full segments: the first and the last may be partly outside of the range.
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


def spans(conn: Connection, sensor_ids: Sequence[int]) -> dict[int, Span]:
    """See ReadingStorage.spans."""
    rows = conn.execute(_SPANS.encode(), (list(sensor_ids),))
    return {row[0]: Span.of_row(*row[1:]) for row in rows}


def latest(conn: Connection, sensor_ids: Sequence[int], count: int) -> dict[int, Series]:
    """See ReadingStorage.latest."""
    wanted = {"ids": list(sensor_ids), "count": count}
    result = conn.cursor(binary=True).execute(_LATEST.encode(), wanted).pgresult
    assert result is not None
    found: dict[int, list[Series]] = {}
    for row in range(result.ntuples):
        sensor, first, unit, near, far, of = (result.get_value(row, column) for column in range(6))
        assert sensor is not None
        value = decode_floats(of)
        time = decode_times(first, unit, near, far, len(value))
        found.setdefault(int.from_bytes(sensor, signed=True), []).append((time, value))
    return {
        sensor_id: (
            np.concatenate([time for time, _ in parts])[-count:],
            np.concatenate([value for _, value in parts])[-count:],
        )
        for sensor_id, parts in found.items()
    }


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

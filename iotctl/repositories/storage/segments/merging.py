"""Merge small segments into large ones, as a log-structured store does: a reading that comes alone makes a segment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from psycopg import errors as pg

from iotctl.repositories.postgres.binary import IntArray, TimeArray, array_value, decode_ints
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage import claims
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.segments.encoding import SMALL
from iotctl.repositories.storage.segments.table import (
    Segments,
    delete_segments,
    fetch_segments,
    find_segments,
    insert_segments,
)

# Months of a sensor with more small segments than this are merged after a batch: a reading is rewritten about 10 times
# before it is in a full segment. The number differs between sensors by up to the second one, so that a fleet with a
# reading each minute is not merged in one minute.
FEWEST_SMALL, _SPREAD = 8, 16

# Readings that one transaction merges.
_READINGS_AT_ONCE = 500_000

_CROWDED = """
    SELECT array_agg(sensor_id) FROM (
        SELECT of.sensor_id
        FROM unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
             AS e (sensor_id, first, last),
        LATERAL (
            SELECT e.sensor_id, count(*) AS small FROM reading_segment s
            WHERE s.sensor_id = e.sensor_id AND s.readings < 250 AND s.first >= e.first AND s.first < e.last
            OFFSET 0
        ) AS of
        WHERE of.small > %(fewest)s + of.sensor_id %% %(spread)s
    ) AS crowded
"""


def merge_crowded(conn: Connection, extents: Extents) -> None:
    """Merge small segments if a sensor has many of them in the months of its extent; outside a transaction."""
    months = _whole_months(extents)
    cursor = conn.cursor(binary=True).execute(
        _CROWDED.encode(),
        {
            "sensor_ids": IntArray(months.sensor_id),
            "first": TimeArray(months.first),
            "last": TimeArray(months.last),
            "fewest": FEWEST_SMALL,
            "spread": _SPREAD,
        },
    )
    crowded = np.isin(months.sensor_id, decode_ints(array_value(cursor, 0)))
    if crowded.any():
        merge(conn, months[np.flatnonzero(crowded)])


def merge(conn: Connection, extents: Extents) -> int:
    """Merge the small segments of extents with their neighbours in their months; returns how many disappeared.

    Call it outside a transaction; it uses several. If another program is faster, the rest waits for the next time.
    """
    merged = 0
    segments = find_segments(conn, extents)
    segments = segments[_mergeable(segments)]
    for group in segments.groups(_READINGS_AT_ONCE):
        some = segments[group]
        if len(some) < 2:
            continue
        try:
            merged += _merge(conn, some)
        except LostRaceError:
            break
    return merged


def _merge(conn: Connection, segments: Segments) -> int:
    covering = Extents.covering([Extents(segments.sensor_id, segments.first, segments.last)])
    claim = claims.claim(conn, covering)
    try:
        with conn.transaction():
            conn.execute("SELECT set_config('iotctl.touches', 'on', true)")  # aggregates do not change
            readings = fetch_segments(conn, segments)
            delete_segments(conn, segments)
            # A segment between two of these that stays must remain between two segments.
            staying, _ = find_segments(conn, covering).place(readings.sensor_id, readings.time)
            insert_segments(conn, readings, staying)
            claims.release(conn, claim)
    except pg.ExclusionViolation as error:  # another program wrote between two of ours
        raise LostRaceError from error
    finally:
        if not conn.closed:
            claims.unlock(conn, claim)
    return len(segments)


def _mergeable(segments: Segments) -> NDArray[np.bool_]:
    """The small segments with a neighbour in their month, and these neighbours."""
    month = segments.first.view("M8[us]").astype("M8[M]").view(np.int64)
    beside = (segments.sensor_id[1:] == segments.sensor_id[:-1]) & (month[1:] == month[:-1])
    small = segments.readings < SMALL
    pair = beside & (small[1:] | small[:-1])
    found = np.zeros(len(segments), dtype=np.bool_)
    found[1:] |= pair
    found[:-1] |= pair
    return found


def _whole_months(extents: Extents) -> Extents:
    """The extents widened to whole months (UTC); the last moment is the first one of the next month."""
    first = extents.first.view("M8[us]").astype("M8[M]")
    after = extents.last.view("M8[us]").astype("M8[M]") + np.timedelta64(1, "M")
    return Extents(extents.sensor_id, first.astype("M8[us]").view(np.int64), after.astype("M8[us]").view(np.int64))

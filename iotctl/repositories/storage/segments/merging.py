"""Small segments into large ones, as a log-structured store does: readings that come one by one cost a segment each."""

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

# A sensor's months with more small segments than that are put in order after a batch: a reading is written anew some
# 10 times before it lies in a full segment. Sensors differ by up to so many, so that those of a fleet, which get a
# reading each minute, are not all merged in the same minute.
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
    """Merge small segments where a sensor has many of them in the months of its extent; outside a transaction."""
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
    """Merge the small segments of extents with what lies beside them in their months; returns how many went.

    Outside a transaction, in several. Where another program is faster, the rest is left for the next time.
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
            conn.execute("SELECT set_config('iotctl.touches', 'on', true)")  # aggregates stay as they are
            readings = fetch_segments(conn, segments)
            delete_segments(conn, segments)
            # What lies between two of these and stays must stay between two segments.
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
    """Those that are small and have a neighbour in their month, and that neighbour."""
    month = segments.first.view("M8[us]").astype("M8[M]").view(np.int64)
    beside = (segments.sensor_id[1:] == segments.sensor_id[:-1]) & (month[1:] == month[:-1])
    small = segments.readings < SMALL
    pair = beside & (small[1:] | small[:-1])
    found = np.zeros(len(segments), dtype=np.bool_)
    found[1:] |= pair
    found[:-1] |= pair
    return found


def _whole_months(extents: Extents) -> Extents:
    """The extents widened to whole months (UTC); the last moment is the first one of the month that follows."""
    first = extents.first.view("M8[us]").astype("M8[M]")
    after = extents.last.view("M8[us]").astype("M8[M]") + np.timedelta64(1, "M")
    return Extents(extents.sensor_id, first.astype("M8[us]").view(np.int64), after.astype("M8[us]").view(np.int64))

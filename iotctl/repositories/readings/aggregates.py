"""Aggregates: sums of the readings of each hour and day (UTC), stored so that long queries need not read all readings.

reading_hourly and reading_daily have the columns sensor_id, bucket, readings, sum, min, max on every layout. Either may
be stale where readings changed since its last refresh; ReadingStorage.stale_stretches gives these stretches for the
snapshot that also reads the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.schema import has_table
from iotctl.repositories.storage.storage import AGGREGATES, ReadingStorage
from iotctl.repositories.storage.stretches import Stretch, fresh_stretches, remaining


@dataclass(frozen=True, slots=True)
class AggregateState:
    """An aggregate's bytes on disk, and the time from its first to its last stale bucket, None where it is fresh.

    Times in microseconds since 1970-01-01 UTC, half-open, within the span of the readings.
    """

    name: str
    table_bytes: int
    stale: Stretch | None


def has_aggregates(conn: Connection) -> bool:
    """Whether there are aggregates."""
    return has_table(conn, "reading_hourly")


def aggregate_states(conn: Connection, storage: ReadingStorage) -> list[AggregateState]:
    """The size and freshness of each aggregate; empty without aggregates."""
    if not has_aggregates(conn):
        return []
    states = []
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        span = storage.span()
        for name, width in AGGREGATES.items():
            stale = None
            if span.first is not None and span.last is not None:
                first, last = span.first, span.last
                start, end = first // width * width, (last // width + 1) * width
                fresh = fresh_stretches(start, end, width, storage.stale_stretches(name, None))
                gaps = remaining(start, end, fresh)
                stale = (max(gaps[0][0], first), min(gaps[-1][1], last + 1)) if gaps else None
            states.append(AggregateState(name, storage.table_size(name), stale))
    return states

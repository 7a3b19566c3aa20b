"""Aggregates: what the readings of each hour and day (UTC) come to, kept so that long queries need not read them all.

On TimescaleDB they are continuous aggregates, on plain PostgreSQL tables: reading_hourly and reading_daily either way,
with the columns sensor_id, bucket, readings, sum, min, max. Either may be stale where readings changed since it was
refreshed; stale_stretches tells where, as of the snapshot that also shows the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iotctl.repositories import continuous_aggregates, summary_tables
from iotctl.repositories.binary import as_microseconds
from iotctl.repositories.connection import Connection
from iotctl.repositories.schema import StorageLayout, has_table
from iotctl.repositories.stretches import Stretch, fresh_stretches, remaining
from iotctl.repositories.summary_tables import DAY, HOUR

# Name -> width of its buckets in microseconds, the widest first.
AGGREGATES = {"reading_daily": DAY, "reading_hourly": HOUR}


@dataclass(frozen=True, slots=True)
class AggregateState:
    """An aggregate's bytes on disk, and from the first to the last moment at which it is stale, None where it is fresh.

    Times in microseconds since 1970-01-01 UTC, half-open, within the span of the readings.
    """

    name: str
    table_bytes: int
    stale: Stretch | None


def has_aggregates(conn: Connection) -> bool:
    """Whether aggregates are kept."""
    return has_table(conn, "reading_hourly")


def make_aggregates(conn: Connection, layout: StorageLayout) -> None:
    """Keep aggregates from now on, empty and stale until they are refreshed. Raises ForbiddenError by its cause."""
    with conn.transaction():
        if layout is StorageLayout.PARTITIONS:
            summary_tables.make(conn)
        else:
            continuous_aggregates.make(conn, AGGREGATES)


def drop_aggregates(conn: Connection, layout: StorageLayout) -> None:
    """Keep none any more."""
    with conn.transaction():
        if layout is StorageLayout.PARTITIONS:
            summary_tables.drop(conn)
        else:
            continuous_aggregates.drop(conn, AGGREGATES)


def refresh_aggregates(conn: Connection, layout: StorageLayout, halted: Callable[[], bool] = lambda: False) -> None:
    """Bring aggregates up to the readings, where they are stale; outside a transaction, in many small ones.

    halted: asked now and then whether to leave the rest for the next time.
    """
    if layout is StorageLayout.PARTITIONS:
        summary_tables.refresh(conn, halted)
    else:
        continuous_aggregates.refresh(conn, AGGREGATES)


def stale_stretches(conn: Connection, layout: StorageLayout, name: str, sensor_id: int | None) -> list[Stretch]:
    """Where an aggregate may differ from the readings of a sensor, or of any; inside a REPEATABLE READ transaction.

    What is in none of them is exact in the snapshot of that transaction, whoever wrote the readings.
    """
    if layout is StorageLayout.PARTITIONS:
        return summary_tables.stale_stretches(conn, sensor_id)
    return continuous_aggregates.stale_stretches(conn, name)


def aggregate_states(conn: Connection, layout: StorageLayout) -> list[AggregateState]:
    """Each aggregate's size and freshness; none where no aggregates are kept."""
    if not has_aggregates(conn):
        return []
    states = []
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        span = conn.execute("SELECT min(timestamp), max(timestamp) FROM reading").fetchone()
        assert span is not None
        for name, width in AGGREGATES.items():
            stale = None
            if span[0] is not None:
                first, last = (as_microseconds(edge) for edge in span)  # type: ignore[arg-type]
                start, end = first // width * width, (last // width + 1) * width
                fresh = fresh_stretches(start, end, width, stale_stretches(conn, layout, name, None))
                gaps = remaining(start, end, fresh)
                stale = (max(gaps[0][0], first), min(gaps[-1][1], last + 1)) if gaps else None
            states.append(AggregateState(name, _bytes(conn, layout, name), stale))
    return states


def _bytes(conn: Connection, layout: StorageLayout, name: str) -> int:
    if layout is StorageLayout.PARTITIONS:
        row = conn.execute("SELECT pg_total_relation_size(%s::text::regclass)", (name,)).fetchone()
    else:
        row = conn.execute("SELECT hypertable_size(%s::text::regclass)", (name,)).fetchone()
    assert row is not None
    return int(str(row[0]))

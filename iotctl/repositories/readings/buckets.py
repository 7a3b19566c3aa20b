"""One value for each bucket of time: from aggregates where these are exact, else from the readings."""

from __future__ import annotations

from enum import StrEnum

from psycopg import sql

from iotctl.repositories.postgres.binary import array_value, decode_floats, decode_times
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.readings.aggregates import has_aggregates
from iotctl.repositories.readings.bucket_grid import Grid, LocalClock, Width, bucket_grid
from iotctl.repositories.storage.answers import Series
from iotctl.repositories.storage.storage import AGGREGATES, ReadingStorage
from iotctl.repositories.storage.stretches import Stretch, fresh_stretches, remaining


class Aggregate(StrEnum):
    """The function that computes a bucket's value from its readings."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    FIRST = "first"
    LAST = "last"


_OF_READINGS = {
    Aggregate.MEAN: "avg(sensor_value)",
    Aggregate.MIN: "min(sensor_value)",
    Aggregate.MAX: "max(sensor_value)",
    Aggregate.SUM: "sum(sensor_value)",
    Aggregate.COUNT: "count(*)::float8",
    Aggregate.FIRST: "(array_agg(sensor_value ORDER BY timestamp))[1]",
    Aggregate.LAST: "(array_agg(sensor_value ORDER BY timestamp DESC))[1]",
}

# The other functions need the readings.
_OF_AGGREGATES = {
    Aggregate.MEAN: "sum(sum) / sum(readings)::float8",
    Aggregate.MIN: "min(min)",
    Aggregate.MAX: "max(max)",
    Aggregate.SUM: "sum(sum)",
    Aggregate.COUNT: "sum(readings)::float8",
}

_BUCKETS = sql.SQL("""
    SELECT array_agg(bucket ORDER BY bucket), array_agg(aggregate ORDER BY bucket) FROM (
        SELECT {begins} AS bucket, {aggregate} AS aggregate
        FROM {rows}
        GROUP BY 1
    ) AS buckets
""")

_READINGS = sql.SQL("readings_of(%(sensor_id)s::int, {first}, {until})")

_READINGS_ARM = sql.SQL(
    'SELECT "timestamp" AS time, 1::bigint AS readings, sensor_value AS sum, sensor_value AS min, sensor_value AS max'
    " FROM {}"
)

_AGGREGATE_ARM = sql.SQL(
    "SELECT bucket AS time, readings, sum, min, max FROM {name}"
    " WHERE sensor_id = %(sensor_id)s AND bucket >= {first} AND bucket < {until}"
)


def read_buckets(
    conn: Connection,
    storage: ReadingStorage,
    sensor_id: int,
    start: int,
    end: int,
    width: Width,
    clock: LocalClock,
    aggregate: Aggregate,
) -> Series:
    """(start of bucket, aggregate) for each bucket with readings in [start, end); see Width for where buckets begin.

    start and end: microseconds since 1970-01-01 UTC. clock: the local one, over [start, end). A bucket that begins
    before start gets start as its beginning. The result is that of the readings in one snapshot. An hourly or daily
    aggregate (UTC) is used for its whole buckets that are inside one of these buckets and have not changed since it was
    computed; everything else comes from the readings. count, min and max are equal to the last bit. sum and mean add
    the same values in another order: they may differ in the last bits, as they do between two plans of the server.
    """
    grid = bucket_grid(width, clock)
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        name, fresh = None, list[Stretch]()
        if aggregate in _OF_AGGREGATES and (chosen := _widest(grid)) and has_aggregates(conn):
            name, odd = chosen
            stale = storage.stale_stretches(name, sensor_id)
            fresh = fresh_stretches(start, end, AGGREGATES[name], [*stale, *odd])
        if name and fresh:
            arms = [_AGGREGATE_ARM.format(name=sql.Identifier(name), **_edges(stretch)) for stretch in fresh]
            left = remaining(start, end, fresh)
            arms += [_READINGS_ARM.format(_READINGS.format(**_edges(stretch))) for stretch in left]
            rows = sql.SQL("({}) AS parts").format(sql.SQL(" UNION ALL ").join(arms))
            begins, of = grid.begins.format(time=sql.SQL("time")), _OF_AGGREGATES[aggregate]
        else:
            rows = _READINGS.format(**_edges((start, end)))
            begins, of = grid.begins.format(time=sql.Identifier("timestamp")), _OF_READINGS[aggregate]
        query = _BUCKETS.format(begins=begins, aggregate=sql.SQL(of), rows=rows)
        cursor = conn.cursor(binary=True).execute(query, {"sensor_id": sensor_id, **grid.parameters})
        return grid.label(decode_times(array_value(cursor, 0))), decode_floats(array_value(cursor, 1))


def _widest(grid: Grid) -> tuple[str, list[Stretch]] | None:
    """The widest aggregate that can be used, and where it cannot; a narrower one is better than exceptions."""
    places = [(name, odd) for name, wide in AGGREGATES.items() if (odd := grid.odd(wide)) is not None]
    return next((place for place in places if not place[1]), places[-1] if places else None)


def _edges(stretch: Stretch) -> dict[str, sql.Composable]:
    first, until = (sql.Literal(as_datetime(edge)) for edge in stretch)
    return {"first": first, "until": until}

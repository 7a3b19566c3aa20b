"""One value per bucket of time: from aggregates where one says just what the readings do, else from the readings."""

from __future__ import annotations

from enum import StrEnum

from psycopg import sql

from iotctl.repositories.aggregates import AGGREGATES, has_aggregates, stale_stretches
from iotctl.repositories.binary import array_value, as_datetime, decode_floats, decode_times
from iotctl.repositories.connection import Connection
from iotctl.repositories.readings import Series
from iotctl.repositories.schema import Layout
from iotctl.repositories.stretches import Stretch, fresh_stretches, remaining


class Aggregate(StrEnum):
    """What stands for the readings of a bucket."""

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

# The others need the readings.
_OF_AGGREGATES = {
    Aggregate.MEAN: "sum(sum) / sum(readings)::float8",
    Aggregate.MIN: "min(min)",
    Aggregate.MAX: "max(max)",
    Aggregate.SUM: "sum(sum)",
    Aggregate.COUNT: "sum(readings)::float8",
}

_BUCKETS = sql.SQL("""
    SELECT array_agg(bucket ORDER BY bucket), array_agg(aggregate ORDER BY bucket) FROM (
        SELECT date_bin(make_interval(secs => %(every)s), {time}, timestamptz '1970-01-01 00:00Z') AS bucket,
               {aggregate} AS aggregate
        FROM {rows}
        GROUP BY 1
    ) AS buckets
""")

_READINGS = sql.SQL("reading WHERE sensor_id = %(sensor_id)s AND timestamp >= {first} AND timestamp < {until}")

_READINGS_ARM = sql.SQL(
    'SELECT "timestamp" AS time, 1::bigint AS readings, sensor_value AS sum, sensor_value AS min, sensor_value AS max'
    " FROM {}"
)

_AGGREGATE_ARM = sql.SQL(
    "SELECT bucket AS time, readings, sum, min, max FROM {name}"
    " WHERE sensor_id = %(sensor_id)s AND bucket >= {first} AND bucket < {until}"
)


def read_buckets(
    conn: Connection, layout: Layout, sensor_id: int, start: int, end: int, every_seconds: float, aggregate: Aggregate
) -> Series:
    """(start of bucket, aggregate) per bucket that has readings in [start, end), aligned to 1970-01-01 UTC.

    start and end: microseconds since 1970-01-01 UTC. The answer is that of the readings as one snapshot shows them: an
    hourly or daily aggregate stands in for whole buckets of its own that nothing has touched since they were computed;
    the ends of the range, and what was touched, come from the readings. count, min and max are the same to the bit. sum
    and mean are sums of the same values, added in another order: they may differ in the last bits, as they do from one
    plan of the server to another.
    """
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        name, fresh = None, list[Stretch]()
        if aggregate in _OF_AGGREGATES and (name := _widest(every_seconds)) and has_aggregates(conn):
            stale = stale_stretches(conn, layout, name, sensor_id)
            fresh = fresh_stretches(start, end, AGGREGATES[name], stale)
        if name and fresh:
            arms = [_AGGREGATE_ARM.format(name=sql.Identifier(name), **_edges(stretch)) for stretch in fresh]
            left = remaining(start, end, fresh)
            arms += [_READINGS_ARM.format(_READINGS.format(**_edges(stretch))) for stretch in left]
            rows = sql.SQL("({}) AS parts").format(sql.SQL(" UNION ALL ").join(arms))
            query = _BUCKETS.format(time=sql.SQL("time"), aggregate=sql.SQL(_OF_AGGREGATES[aggregate]), rows=rows)
        else:
            rows = _READINGS.format(**_edges((start, end)))
            query = _BUCKETS.format(
                time=sql.Identifier("timestamp"), aggregate=sql.SQL(_OF_READINGS[aggregate]), rows=rows
            )
        cursor = conn.cursor(binary=True).execute(query, {"sensor_id": sensor_id, "every": every_seconds})
        return decode_times(array_value(cursor, 0)), decode_floats(array_value(cursor, 1))


def _widest(every_seconds: float) -> str | None:
    """The widest aggregate whose buckets make up whole buckets of this width."""
    return next((name for name, width in AGGREGATES.items() if every_seconds * 1_000_000 % width == 0), None)


def _edges(stretch: Stretch) -> dict[str, sql.Composable]:
    first, until = (sql.Literal(as_datetime(edge)) for edge in stretch)
    return {"first": first, "until": until}

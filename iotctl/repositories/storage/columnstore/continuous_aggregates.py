"""Aggregates on TimescaleDB: continuous aggregates with a policy that refreshes what changed.

Direct compress works together with them: like every other write, it enters the first and last time of each compressed
batch into TimescaleDB's log of invalidations (src/copy.c, compressor_set_invalidation).
"""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage.stretches import Stretch

_EVER = (-(2**63), 2**63)

# How often the policy runs; a run without changes costs nothing.
_SCHEDULE = "1 hour"

# Buckets are aligned like date_bin from 1970-01-01 UTC. Only materialised data: queries take changed or missing buckets
# from the readings (buckets.py), because a real-time aggregate does this only above its watermark.
_MAKE = sql.SQL("""
    CREATE MATERIALIZED VIEW {name} WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS
    SELECT sensor_id, time_bucket({width}::interval, "timestamp") AS bucket, count(*) AS readings,
           sum(sensor_value) AS sum, min(sensor_value) AS min, max(sensor_value) AS max
    FROM reading GROUP BY 1, 2
    WITH NO DATA
""")

# The path of a change: its transaction writes it to the log of the hypertable. A refresh moves it to the log of the
# aggregate, then to the ranges that are being materialised, and deletes it when the new rows are there. Times above the
# threshold were never materialised and are in no log (tsl/src/continuous_aggs/invalidation.c, refresh.c).
_STALE = """
    WITH aggregate AS (
        SELECT mat_hypertable_id AS id, raw_hypertable_id AS raw_id FROM _timescaledb_catalog.continuous_agg
        WHERE user_view_schema = current_schema() AND user_view_name = %s
    )
    SELECT l.lowest_modified_value, l.greatest_modified_value
    FROM aggregate a
    JOIN _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log l ON l.hypertable_id = a.raw_id
    UNION ALL
    SELECT l.lowest_modified_value, l.greatest_modified_value
    FROM aggregate a
    JOIN _timescaledb_catalog.continuous_aggs_materialization_invalidation_log l ON l.materialization_id = a.id
    UNION ALL
    SELECT l.lowest_modified_value, l.greatest_modified_value
    FROM aggregate a
    JOIN _timescaledb_catalog.continuous_aggs_materialization_ranges l ON l.materialization_id = a.id
    UNION ALL
    SELECT coalesce(t.watermark, -9223372036854775808), 9223372036854775807
    FROM aggregate a
    LEFT JOIN _timescaledb_catalog.continuous_aggs_invalidation_threshold t ON t.hypertable_id = a.raw_id
"""


# Catalog tables that _STALE reads; without them TimescaleDB does not show what changed.
_LOGS = (
    "continuous_aggs_hypertable_invalidation_log",
    "continuous_aggs_materialization_invalidation_log",
    "continuous_aggs_materialization_ranges",
    "continuous_aggs_invalidation_threshold",
)


def make(conn: Connection, widths: Mapping[str, int]) -> None:
    """Make an aggregate for each name, with buckets of so many microseconds, and its policy; in a transaction."""
    # TimescaleDB notes changes only for existing aggregates: so running writes must end first.
    conn.execute("LOCK TABLE ONLY reading IN SHARE ROW EXCLUSIVE MODE")
    for name, width in widths.items():
        conn.execute(_MAKE.format(name=sql.Identifier(name), width=sql.Literal(f"{width // 1_000_000} seconds")))
        # The first run is in an hour, because a new aggregate is refreshed immediately.
        conn.execute(
            "SELECT add_continuous_aggregate_policy(%(name)s::text::regclass, start_offset => NULL, end_offset => NULL,"
            " schedule_interval => %(every)s::interval, initial_start => now() + %(every)s::interval)",
            {"name": name, "every": _SCHEDULE},
        )


def drop(conn: Connection, names: Mapping[str, int]) -> None:
    """Drop the aggregates and their policies."""
    for name in names:
        conn.execute(sql.SQL("DROP MATERIALIZED VIEW IF EXISTS {}").format(sql.Identifier(name)))


def refresh(conn: Connection, names: Mapping[str, int]) -> None:
    """Materialise what changed."""
    for name in names:
        conn.execute(sql.SQL("CALL refresh_continuous_aggregate({}, NULL, NULL)").format(sql.Literal(name)))


def stale_stretches(conn: Connection, name: str) -> list[Stretch]:
    """The stretches where readings of any sensor changed since they were materialised, or never were."""
    known = conn.execute(
        "SELECT bool_and(to_regclass('_timescaledb_catalog.' || name) IS NOT NULL) FROM unnest(%s::text[]) AS name",
        (list(_LOGS),),
    ).fetchone()
    if known != (True,):
        return [_EVER]
    # TimescaleDB also counts microseconds from 1970; both ends are inclusive.
    return [(low, high + 1) for low, high in conn.execute(_STALE, (name,))]

"""Policies as the server has them: how long readings are kept, when they are compressed, which aggregates there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from iotctl.errors import ConfigurationError
from iotctl.repositories.aggregates import AggregateState, aggregate_states
from iotctl.repositories.connection import Connection
from iotctl.repositories.retention import retention
from iotctl.repositories.schema import StorageLayout, capabilities

# The jobs of TimescaleDB that work on readings and on what is computed from them.
_JOBS = """
    SELECT j.proc_name, s.last_run_status = 'Failed', s.total_failures
    FROM timescaledb_information.jobs j JOIN timescaledb_information.job_stats s USING (job_id)
    WHERE j.hypertable_schema = current_schema()
      AND j.hypertable_name IN ('reading', 'reading_hourly', 'reading_daily')
    ORDER BY j.job_id
"""


@dataclass(frozen=True, slots=True)
class Policies:
    """What is set. retain: None for good. compress_after: None where nothing compresses late readings.

    aggregates: empty where none are kept.
    """

    layout: StorageLayout
    retain: timedelta | None
    compress_after: timedelta | None
    aggregates: tuple[AggregateState, ...]


def policies(conn: Connection, layout: StorageLayout) -> Policies:
    """The policies as they are now."""
    if layout is StorageLayout.HYPERTABLE and not capabilities(conn).community_licence:
        return Policies(layout, None, None, ())
    return Policies(layout, retention(conn, layout), compression(conn, layout), tuple(aggregate_states(conn, layout)))


def compression(conn: Connection, layout: StorageLayout) -> timedelta | None:
    """After how long a chunk's late readings are moved into the columnstore, None where no policy does."""
    if layout is not StorageLayout.COLUMNSTORE:
        return None
    row = conn.execute(
        "SELECT (config->>'compress_after')::interval FROM timescaledb_information.jobs"
        " WHERE proc_name = 'policy_compression'"
        " AND hypertable_schema = current_schema() AND hypertable_name = 'reading'"
    ).fetchone()
    if row is None:
        return None
    assert isinstance(row[0], timedelta)
    return row[0]


def set_compression(conn: Connection, after: timedelta | None) -> None:
    """Move late readings of chunks older than this into the columnstore, None for never; COLUMNSTORE alone."""
    with conn.transaction():
        conn.execute("SELECT remove_compression_policy('reading', if_exists => true)")
        if after is not None:
            conn.execute("SELECT add_compression_policy('reading', compress_after => %s::interval)", (after,))


def check_policies_exist(conn: Connection, layout: StorageLayout) -> None:
    """Raises ConfigurationError where the server is a TimescaleDB that has no policies."""
    if layout is not StorageLayout.PARTITIONS and not capabilities(conn).community_licence:
        raise ConfigurationError(
            "This TimescaleDB is under the Apache licence: it has no policies and no continuous aggregates.",
            hint="Set timescaledb.license to timescale if the build has it, or install the community edition.",
        )


def failing_jobs(conn: Connection, layout: StorageLayout) -> list[str]:
    """Policies whose last run failed, with how often they have."""
    if layout is StorageLayout.PARTITIONS:
        return []
    rows = conn.execute(_JOBS.encode()).fetchall()
    return [f"{name} ({failures} failures)" for name, failed, failures in rows if failed is True]

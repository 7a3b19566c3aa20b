"""Jobs of TimescaleDB for readings and aggregates."""

from __future__ import annotations

from datetime import timedelta

from iotctl.repositories.postgres.connection import Connection

_JOBS = """
    SELECT j.proc_name, s.last_run_status = 'Failed', s.total_failures
    FROM timescaledb_information.jobs j JOIN timescaledb_information.job_stats s USING (job_id)
    WHERE j.hypertable_schema = current_schema()
      AND j.hypertable_name IN ('reading', 'reading_hourly', 'reading_daily')
    ORDER BY j.job_id
"""


def job_interval(conn: Connection, procedure: str, setting: str) -> timedelta | None:
    """A setting of the job that runs a procedure on readings, None where there is no such job."""
    row = conn.execute(
        "SELECT (config->>%s)::interval FROM timescaledb_information.jobs"
        " WHERE proc_name = %s AND hypertable_schema = current_schema() AND hypertable_name = 'reading'",
        (setting, procedure),
    ).fetchone()
    if row is None:
        return None
    assert isinstance(row[0], timedelta)
    return row[0]


def compression(conn: Connection) -> timedelta | None:
    """After how long a chunk's late readings are moved into the columnstore; None without a policy."""
    return job_interval(conn, "policy_compression", "compress_after")


def set_compression(conn: Connection, after: timedelta | None) -> None:
    """Move late readings of chunks older than this into the columnstore, None for never."""
    with conn.transaction():
        conn.execute("SELECT remove_compression_policy('reading', if_exists => true)")
        if after is not None:
            conn.execute("SELECT add_compression_policy('reading', compress_after => %s::interval)", (after,))


def failing_jobs(conn: Connection) -> list[str]:
    """Jobs with a failed last run, with the number of failures."""
    rows = conn.execute(_JOBS.encode()).fetchall()
    return [f"{name} ({failures} failures)" for name, failed, failures in rows if failed is True]

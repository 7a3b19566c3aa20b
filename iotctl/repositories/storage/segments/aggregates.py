"""Aggregates of segments: tables of hours and days, computed again where readings changed.

A trigger enters the spans of changed segments into reading_touched, for every statement of any program. So an aggregate
is never stale without an entry, even after a crash.
"""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import ADVISORY_CLASS, SUMMARY_LOCK
from iotctl.repositories.postgres.timestamps import as_microseconds
from iotctl.repositories.storage.stretches import Stretch

# Entries that one transaction handles: some ten thousand stretches of a sensor's time.
_STATEMENTS_AT_ONCE = 50

# Locks are taken in the order of a load, readings first. The lock waits for every running load, and later loads see the
# triggers. All existing readings are stale at first.
_MAKE = """
    LOCK TABLE reading_segment IN SHARE ROW EXCLUSIVE MODE;
    CREATE TABLE reading_hourly (
        sensor_id int, bucket timestamptz, readings bigint NOT NULL,
        sum float8 NOT NULL, min float8 NOT NULL, max float8 NOT NULL,
        PRIMARY KEY (sensor_id, bucket)
    );
    CREATE TABLE reading_daily (LIKE reading_hourly INCLUDING ALL);
    CREATE TABLE reading_touched (
        touch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sensor_ids int[] NOT NULL, first timestamptz[] NOT NULL, last timestamptz[] NOT NULL
    );
    INSERT INTO reading_touched (sensor_ids, first, last)
        SELECT array_agg(sensor_id), array_agg(first), array_agg(last) FROM reading_segment GROUP BY sensor_id;
    CREATE FUNCTION reading_touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            TRUNCATE reading_hourly, reading_daily, reading_touched;
        ELSIF current_setting('iotctl.touches', true) IS DISTINCT FROM 'on' THEN
            INSERT INTO reading_touched (sensor_ids, first, last)
            SELECT array_agg(sensor_id), array_agg(first), array_agg(last) FROM changed HAVING count(*) > 0;
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER reading_added AFTER INSERT ON reading_segment REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION reading_touch();
    CREATE TRIGGER reading_gone AFTER DELETE ON reading_segment REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION reading_touch();
    CREATE TRIGGER reading_was AFTER UPDATE ON reading_segment REFERENCING OLD TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION reading_touch();
    CREATE TRIGGER reading_is AFTER UPDATE ON reading_segment REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION reading_touch();
    CREATE TRIGGER reading_emptied AFTER TRUNCATE ON reading_segment
        FOR EACH STATEMENT EXECUTE FUNCTION reading_touch();
"""

_DROP = """
    LOCK TABLE reading_segment IN ACCESS EXCLUSIVE MODE;
    DROP FUNCTION IF EXISTS reading_touch CASCADE;
    DROP TABLE IF EXISTS reading_touched, reading_daily, reading_hourly;
"""

# Each table, and its rows for a stretch r of whole days.
_TABLES = (
    (
        "reading_hourly",
        """
        SELECT sensor_id, date_bin('1 hour', "timestamp", timestamptz '1970-01-01 00:00Z') AS bucket, count(*),
               sum(sensor_value), min(sensor_value), max(sensor_value)
        FROM readings_of(r.sensor_id, r.first, r.until) GROUP BY 1, 2
        """,
    ),
    (
        "reading_daily",
        """
        SELECT sensor_id, date_bin('1 day', bucket, timestamptz '1970-01-01 00:00Z'), sum(readings),
               sum(sum), min(min), max(max)
        FROM reading_hourly WHERE sensor_id = r.sensor_id AND bucket >= r.first AND bucket < r.until GROUP BY 1, 2
        """,
    ),
)


def make(conn: Connection) -> None:
    """Make the tables, empty, and the triggers."""
    conn.execute(_MAKE.encode())


def drop(conn: Connection) -> None:
    """Drop tables and triggers."""
    conn.execute(_DROP.encode())


def refresh(conn: Connection, halted: Callable[[], bool]) -> None:
    """Compute the changed days again; one session at a time."""
    conn.execute("SELECT pg_advisory_lock(%s, %s)", (ADVISORY_CLASS, SUMMARY_LOCK))
    try:
        while not halted() and _work_off(conn):
            pass
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s, %s)", (ADVISORY_CLASS, SUMMARY_LOCK))


def stale_stretches(conn: Connection, sensor_id: int | None) -> list[Stretch]:
    """The stretches where readings of a sensor, or of any sensor, changed since the tables were computed."""
    rows = conn.execute(
        """
        SELECT DISTINCT e.first, e.last
        FROM reading_touched t, unnest(t.sensor_ids, t.first, t.last) AS e (id, first, last)
        WHERE (%(id)s::int IS NULL OR t.sensor_ids @> ARRAY[%(id)s::int]) AND (%(id)s::int IS NULL OR e.id = %(id)s)
        """,
        {"id": sensor_id},
    )
    return [(as_microseconds(first), as_microseconds(last) + 1) for first, last in rows]


def _work_off(conn: Connection) -> bool:
    """Compute the changes of some entries again; False if no entry is left."""
    with conn.transaction():
        conn.execute(
            "CREATE TEMP TABLE IF NOT EXISTS refreshing (sensor_id int, first timestamptz, until timestamptz)"
            " ON COMMIT DELETE ROWS"
        )
        # Before the readings are read: a commit in between has its own entry, which stays.
        taken = conn.execute(
            """
            WITH taken AS (
                DELETE FROM reading_touched
                WHERE touch_id IN (SELECT touch_id FROM reading_touched ORDER BY touch_id LIMIT %s)
                RETURNING sensor_ids, first, last
            ), days AS (
                SELECT e.sensor_id, range_agg(tstzrange(date_trunc('day', e.first),
                                                        date_trunc('day', e.last) + interval '1 day')) AS touched
                FROM taken, unnest(taken.sensor_ids, taken.first, taken.last) AS e (sensor_id, first, last)
                GROUP BY 1
            )
            INSERT INTO refreshing
            SELECT sensor_id, lower(stretch), upper(stretch) FROM days, unnest(touched) AS stretch
            """,
            (_STATEMENTS_AT_ONCE,),
        ).rowcount
        if taken == 0:
            return False
        conn.execute("ANALYZE refreshing")
        for table, rows in _TABLES:
            conn.execute(
                sql.SQL(
                    "DELETE FROM {} AS old USING refreshing r"
                    " WHERE old.sensor_id = r.sensor_id AND old.bucket >= r.first AND old.bucket < r.until"
                ).format(sql.Identifier(table))
            )
            # OFFSET 0 forces an index look-up for each stretch.
            added = f"INSERT INTO {table} SELECT new.* FROM refreshing r, LATERAL ({rows} OFFSET 0) AS new"  # noqa: S608
            conn.execute(added.encode())
    return True

"""Aggregates on plain PostgreSQL: tables of hours and days, computed anew where readings changed.

Every transaction that changes readings also enters what it touched into reading_touched, so that no crash leaves an
aggregate silently stale: ingest a row per batch, anyone else by a trigger on each row. Partitions that came, went or
were truncated are known by their file: reading_summarised has those that the tables were computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg import sql

from iotctl.repositories.binary import as_microseconds
from iotctl.repositories.connection import Connection
from iotctl.repositories.extents import Extents
from iotctl.repositories.schema import ADVISORY_CLASS, SUMMARY_LOCK, has_table
from iotctl.repositories.stretches import Stretch

HOUR, DAY = 3_600_000_000, 86_400_000_000
_EVER = (-(2**63), 2**63)

# Touched batches worked off in one transaction: some ten thousand stretches of a sensor's time.
_BATCHES_AT_ONCE = 50

# The order of locks, readings first, is that of a load. CREATE TRIGGER waits for every load in flight, and those that
# come after it see the triggers. BRIN: the months of a partition are found again without a look at every row.
_MAKE = """
    LOCK TABLE reading IN SHARE ROW EXCLUSIVE MODE;
    CREATE TABLE reading_hourly (
        sensor_id int, bucket timestamptz, readings bigint NOT NULL,
        sum float8 NOT NULL, min float8 NOT NULL, max float8 NOT NULL,
        PRIMARY KEY (sensor_id, bucket)
    );
    CREATE TABLE reading_daily (LIKE reading_hourly INCLUDING ALL);
    CREATE INDEX reading_hourly_bucket ON reading_hourly USING brin (bucket);
    CREATE INDEX reading_daily_bucket ON reading_daily USING brin (bucket);
    CREATE TABLE reading_summarised (
        partition_oid oid PRIMARY KEY, file_node oid NOT NULL, first timestamptz NOT NULL, until timestamptz NOT NULL
    );
    CREATE TABLE reading_touched (
        touch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        sensor_ids int[] NOT NULL, first timestamptz[] NOT NULL, last timestamptz[] NOT NULL
    );
    CREATE FUNCTION reading_touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            INSERT INTO reading_touched (sensor_ids, first, last)
            VALUES (ARRAY[OLD.sensor_id], ARRAY[OLD."timestamp"], ARRAY[OLD."timestamp"]);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO reading_touched (sensor_ids, first, last)
            VALUES (ARRAY[NEW.sensor_id], ARRAY[NEW."timestamp"], ARRAY[NEW."timestamp"]);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER reading_touch AFTER INSERT OR UPDATE OR DELETE ON reading FOR EACH ROW
        WHEN (current_setting('iotctl.touches', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION reading_touch();
"""

_DROP = """
    LOCK TABLE reading IN ACCESS EXCLUSIVE MODE;
    DROP FUNCTION IF EXISTS reading_touch CASCADE;
    DROP TABLE IF EXISTS reading_touched, reading_summarised, reading_daily, reading_hourly;
"""

# Partitions as they are now, with whole days around their bounds.
_PARTITIONS = r"""
    SELECT c.oid, pg_relation_filenode(c.oid) AS file_node,
           date_trunc('day', coalesce(substring(bound FROM $$FROM \('([^']+)'\)$$)::timestamptz, '-infinity')) AS first,
           date_trunc('day', coalesce(substring(bound FROM $$TO \('([^']+)'\)$$)::timestamptz, 'infinity')
                             + interval '1 day' - interval '1 us') AS until
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid,
         LATERAL pg_get_expr(c.relpartbound, c.oid) AS bound
    WHERE i.inhparent = 'reading'::regclass
"""

# Partitions that came or changed, and those that went or were before they changed. Bounds as text, as they
# may be infinite.
_UNSUMMARISED = (
    """
    WITH present AS ("""  # noqa: S608
    + _PARTITIONS
    + """)
    SELECT first::text, until::text, oid, file_node, true AS there FROM present p
    WHERE NOT EXISTS (SELECT FROM reading_summarised s WHERE (s.partition_oid, s.file_node) = (p.oid, p.file_node))
    UNION ALL
    SELECT first::text, until::text, partition_oid, file_node, false FROM reading_summarised s
    WHERE NOT EXISTS (SELECT FROM present p WHERE (s.partition_oid, s.file_node) = (p.oid, p.file_node))
    ORDER BY 1
"""
)

_HOURS_OF = """
    SELECT sensor_id, date_bin('1 hour', "timestamp", timestamptz '1970-01-01 00:00Z') AS bucket, count(*),
           sum(sensor_value), min(sensor_value), max(sensor_value)
    FROM reading WHERE {} GROUP BY 1, 2
"""
_DAYS_OF = """
    SELECT sensor_id, date_bin('1 day', bucket, timestamptz '1970-01-01 00:00Z'), sum(readings),
           sum(sum), min(min), max(max)
    FROM reading_hourly WHERE {} GROUP BY 1, 2
"""

# Each table, what it is computed from, and the time in that; in this order.
_TABLES = (("reading_hourly", _HOURS_OF, '"timestamp"'), ("reading_daily", _DAYS_OF, "bucket"))


def make(conn: Connection) -> None:
    """Make the tables, empty, and the triggers."""
    conn.execute(_MAKE.encode())


def drop(conn: Connection) -> None:
    """Drop tables and triggers."""
    conn.execute(_DROP.encode())


@contextmanager
def touching(conn: Connection, extents: Extents | None) -> Iterator[None]:
    """Enter what a load changes inside, in its transaction, where aggregates are kept; no trigger fires then.

    Where they are switched on or off meanwhile, the triggers do fire, or UndefinedTable ends the transaction.
    """
    if extents is None or not has_table(conn, "reading_touched"):
        yield
        return
    conn.execute("SELECT set_config('iotctl.touches', 'on', true)")
    yield
    conn.execute(
        "INSERT INTO reading_touched (sensor_ids, first, last) VALUES (%(sensor_ids)s, %(first)s, %(last)s)",
        extents.parameters(),
    )


def refresh(conn: Connection, halted: Callable[[], bool]) -> None:
    """Compute anew what was touched; one session at a time."""
    conn.execute("SELECT pg_advisory_lock(%s, %s)", (ADVISORY_CLASS, SUMMARY_LOCK))
    try:
        for first, until, oid, file_node, there in conn.execute(_UNSUMMARISED.encode()).fetchall():
            if halted():
                return
            _summarise_partition(
                conn,
                {"first": first, "until": until, "oid": oid, "file_node": file_node},
                there=there is True,
            )
        while not halted() and _work_off_batches(conn):
            pass
    finally:
        if not conn.closed:
            conn.execute("SELECT pg_advisory_unlock(%s, %s)", (ADVISORY_CLASS, SUMMARY_LOCK))


def stale_stretches(conn: Connection, sensor_id: int | None) -> list[Stretch]:
    """Where readings of a sensor, or of any, were touched since; all of time where partitions came or went."""
    if conn.execute(f"SELECT EXISTS ({_UNSUMMARISED})".encode()).fetchone() == (True,):
        return [_EVER]
    rows = conn.execute(
        """
        SELECT DISTINCT e.first, e.last
        FROM reading_touched t, unnest(t.sensor_ids, t.first, t.last) AS e (id, first, last)
        WHERE (%(id)s::int IS NULL OR t.sensor_ids @> ARRAY[%(id)s::int]) AND (%(id)s::int IS NULL OR e.id = %(id)s)
        """,
        {"id": sensor_id},
    )
    return [(as_microseconds(first), as_microseconds(last) + 1) for first, last in rows]  # type: ignore[arg-type]


def _summarise_partition(conn: Connection, partition: dict[str, object], *, there: bool) -> None:
    """Compute a partition's stretch of time anew for all sensors, and take note of it, or of its end."""
    with conn.transaction():
        # Before the readings are looked at: where it is truncated between, the note does not fit, and it is done again.
        conn.execute(
            "DELETE FROM reading_summarised WHERE partition_oid = %(oid)s AND (%(there)s OR file_node = %(file_node)s)",
            partition | {"there": there},
        )
        if there:
            conn.execute(
                "INSERT INTO reading_summarised VALUES (%(oid)s, %(file_node)s, %(first)s, %(until)s)", partition
            )
        for table, rows, time in _TABLES:
            inside = "{0} >= %(first)s AND {0} < %(until)s"
            conn.execute(f"DELETE FROM {table} WHERE {inside.format('bucket')}".encode(), partition)  # noqa: S608
            conn.execute(f"INSERT INTO {table} {rows.format(inside.format(time))}".encode(), partition)


def _work_off_batches(conn: Connection) -> bool:
    """Compute anew what some batches touched; False where none is left."""
    with conn.transaction():
        conn.execute(
            "CREATE TEMP TABLE IF NOT EXISTS refreshing (sensor_id int, first timestamptz, until timestamptz)"
            " ON COMMIT DELETE ROWS"
        )
        # Before the readings are looked at: what commits between has its own entry, which stays.
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
            (_BATCHES_AT_ONCE,),
        ).rowcount
        if taken == 0:
            return False
        conn.execute("ANALYZE refreshing")
        for table, rows, time in _TABLES:
            conn.execute(
                sql.SQL(
                    "DELETE FROM {} AS old USING refreshing r"
                    " WHERE old.sensor_id = r.sensor_id AND old.bucket >= r.first AND old.bucket < r.until"
                ).format(sql.Identifier(table))
            )
            # OFFSET 0 keeps an index look-up per stretch.
            inside = f"sensor_id = r.sensor_id AND {time} >= r.first AND {time} < r.until"
            conn.execute(
                f"INSERT INTO {table} SELECT new.* FROM refreshing r,"  # noqa: S608
                f" LATERAL ({rows.format(inside)} OFFSET 0) AS new".encode()
            )
    return True

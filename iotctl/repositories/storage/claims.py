"""Claims on extents: they prevent duplicates from concurrent loads without a unique constraint (columnstore)."""

from __future__ import annotations

from psycopg import sql

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import ADVISORY_CLASS, CLAIM_CLASS, CLAIM_LOCK
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.storage.extents import Extents

# Claims that overlap ours, and whether their session still lives.
_RIVALS = sql.SQL("""
    SELECT DISTINCT c.claim_id, l.objid IS NOT NULL
    FROM ingest_claim c
    JOIN LATERAL unnest(c.sensor_ids, c.first_time, c.last_time) AS theirs (sensor_id, first, last) ON true
    JOIN unnest(%(sensor_ids)s::int[], %(first)s::timestamptz[], %(last)s::timestamptz[])
         AS ours (sensor_id, first, last)
      ON ours.sensor_id = theirs.sensor_id AND ours.first <= theirs.last AND theirs.first <= ours.last
    LEFT JOIN pg_locks l ON l.locktype = 'advisory' AND l.classid::bigint = %(class)s
      AND l.objid::bigint = c.claim_id AND l.mode = 'ExclusiveLock' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


class LostRaceError(Exception):
    """Another session changed the rows between our check and our write: try the batch again."""


def claim(conn: Connection, extents: Extents) -> int:
    """Wait until no other live load writes into these extents, then claim them; returns the claim's id.

    Call it outside a transaction. Then call release() in the transaction that writes, and unlock() after it, so that
    others see our readings as soon as the claim is gone. The claim of a dead session does not block others.
    """
    wanted = extents.parameters()
    while True:
        with conn.transaction():
            conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ADVISORY_CLASS, CLAIM_LOCK))
            rival = _live_rival(conn, wanted)
            if rival is None:
                return _insert(conn, wanted)
        conn.execute("SELECT pg_advisory_lock_shared(%s, %s)", (CLAIM_CLASS, rival))
        conn.execute("SELECT pg_advisory_unlock_shared(%s, %s)", (CLAIM_CLASS, rival))


def release(conn: Connection, claim_id: int) -> None:
    """Give up a claim once the current transaction commits."""
    conn.execute("DELETE FROM ingest_claim WHERE claim_id = %s", (claim_id,))


def unlock(conn: Connection, claim_id: int) -> None:
    """Wake the sessions that wait for a claim; call it after the transaction that released it, or instead."""
    conn.execute("SELECT pg_advisory_unlock(%s, %s)", (CLAIM_CLASS, claim_id))


def _live_rival(conn: Connection, wanted: dict[str, object]) -> int | None:
    rows = conn.execute(_RIVALS, wanted | {"class": CLAIM_CLASS}).fetchall()
    dead = [claim_id for claim_id, alive in rows if not alive]
    conn.execute("DELETE FROM ingest_claim WHERE claim_id = ANY(%s)", (dead,))
    return next((claim_id for claim_id, alive in rows if alive), None)


def _insert(conn: Connection, wanted: dict[str, object]) -> int:
    claim_id = one_value(
        conn,
        int,
        "INSERT INTO ingest_claim (sensor_ids, first_time, last_time)"
        " VALUES (%(sensor_ids)s, %(first)s, %(last)s) RETURNING claim_id",
        wanted,
    )
    conn.execute("SELECT pg_advisory_lock(%s, %s)", (CLAIM_CLASS, claim_id))
    return claim_id

"""A beacon: how a process on another machine finds out whether it works on the very same database."""

from __future__ import annotations

import secrets

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import BEACON_CLASS


def light_beacon(conn: Connection) -> int:
    """A number that whoever looks into this database can see while this connection lives.

    A copy of the database, which has its tables, its oid and its system identifier, does not show it.
    """
    number = secrets.randbelow(2**31)
    conn.execute("SELECT pg_advisory_lock_shared(%s, %s)", (BEACON_CLASS, number))
    return number


def sees_beacon(conn: Connection, number: int) -> bool:
    """Whether this is the database in which that beacon is lit."""
    row = conn.execute(
        """
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = %s
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        (BEACON_CLASS, number),
    ).fetchone()
    return row is not None

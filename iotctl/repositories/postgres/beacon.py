"""A beacon: a process on another machine uses it to check that it is connected to the same database."""

from __future__ import annotations

import secrets

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import BEACON_CLASS


def light_beacon(conn: Connection) -> int:
    """A number that any session of this database can see as long as this connection lives.

    A copy of the database does not show it, although it has the same tables, oid and system identifier.
    """
    number = secrets.randbelow(2**31)
    conn.execute("SELECT pg_advisory_lock_shared(%s, %s)", (BEACON_CLASS, number))
    return number


def sees_beacon(conn: Connection, number: int) -> bool:
    """Whether this is the database of that beacon."""
    row = conn.execute(
        """
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = %s
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """,
        (BEACON_CLASS, number),
    ).fetchone()
    return row is not None

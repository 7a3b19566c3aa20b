"""Monthly partitions of the reading table on plain PostgreSQL, made when a batch needs them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories.connection import Connection
from iotctl.repositories.schema import ADVISORY_CLASS, PARTITION_LOCK, has_table


def months_of(time: NDArray[np.int64]) -> list[np.datetime64]:
    """The months (UTC) that times, microseconds since 1970-01-01 UTC, fall into; in order."""
    return list(np.unique(time.view("M8[us]").astype("M8[M]")))


def ensure_partition(conn: Connection, month: np.datetime64) -> None:
    """Make the partition of a month unless it is there.

    Outside the transaction that loads, so that other loads are not held up until that one commits.
    """
    name = "reading_" + str(month).replace("-", "_")
    edges = [f"{edge.astype('M8[D]')} 00:00Z" for edge in (month, month + np.timedelta64(1, "M"))]
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (ADVISORY_CLASS, PARTITION_LOCK))
        if has_table(conn, name):
            return
        # CREATE TABLE ... PARTITION OF would wait for every COPY in flight; ATTACH does not (manual, ALTER TABLE).
        conn.execute(sql.SQL("CREATE TABLE {} (LIKE reading INCLUDING ALL)").format(sql.Identifier(name)))
        conn.execute(
            sql.SQL("ALTER TABLE reading ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})").format(
                sql.Identifier(name), *map(sql.Literal, edges)
            )
        )

"""The two writers of new readings: compressed batches made by iotctl, or TimescaleDB's direct compress.

The table decides: with a primary key iotctl writes batches, because direct compress does not work with a key; without
a key, direct compress.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.model import ColumnstoreWriter
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_row
from iotctl.repositories.storage.columnstore.compressed_tables import untested
from iotctl.repositories.storage.columnstore.compressed_writer import CompressedWriter
from iotctl.repositories.storage.columnstore.direct_compress import DirectCompress
from iotctl.repositories.storage.sorted_readings import SortedReadings

_STATE = """
    SELECT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary),
           pg_has_role(c.relowner, 'USAGE'),
           (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
           obj_description(c.oid, 'pg_class'),
           EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid),
           CASE
               WHEN (SELECT count(*) FROM timescaledb_information.dimensions
                     WHERE hypertable_schema = current_schema() AND hypertable_name = 'reading') > 1
                   THEN 'divided by more than time'
               WHEN EXISTS (SELECT FROM pg_trigger
                            WHERE tgrelid = c.oid AND NOT tgisinternal AND NOT starts_with(tgname, 'ts_'))
                   THEN 'watched by a trigger'
               WHEN EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype IN ('c', 'f'))
                   THEN 'under a constraint of its own'
           END
    FROM pg_class c WHERE c.oid = 'reading'::regclass
"""

_WANTED = "IOTCTL_COLUMNSTORE_WRITER was direct"


class Writer(Protocol):
    """Inserts readings that the table does not have. chunk_microseconds: the length of new chunks."""

    chunk_microseconds: int

    def prepare(self, readings: SortedReadings) -> None:
        """Prepare the table for readings, outside a transaction."""

    def insert(self, readings: SortedReadings, file_id: int | NDArray[np.int32]) -> None:
        """Write readings, in a transaction; file_id: one for all, or (n,)."""


class _Table:
    """The present state of the table of readings."""

    def __init__(self, conn: Connection) -> None:
        row = one_row(conn, _STATE.encode())
        self.has_key, self.ours, version, comment, self.has_chunks, self.obstacle = row
        self.untested = untested(version)
        self.may_get_key = self.ours and not self.has_key and not self.has_chunks and self.untested is None
        self.comment: str | None = comment


def writer_of(conn: Connection) -> Writer:
    """The writer for the present table."""
    return CompressedWriter(conn) if direct_because(conn) is None else DirectCompress(conn)


def direct_because(conn: Connection) -> str | None:
    """Why direct compress is used; None where iotctl writes the batches."""
    table = _Table(conn)
    if table.untested is not None:
        return table.untested
    if not table.ours:
        return "the table of readings belongs to another user"
    if table.obstacle is not None:  # batches would go past it, or into the chunk of another sensor
        return f"the table of readings is {table.obstacle}"
    return None if table.has_key else table.comment or "the table of readings has no primary key"


def as_wanted(conn: Connection, wanted: ColumnstoreWriter) -> str | None:
    """Prepare the table for the wanted writer, if permitted; returns why it is direct compress, or None.

    A table with readings does not get a primary key here, because the server would have to read all of them.
    """
    table = _Table(conn)
    if table.ours and table.has_key and wanted is ColumnstoreWriter.DIRECT:
        use_direct_compress(conn, _WANTED)
    elif table.ours and table.has_key and table.untested is not None:
        use_direct_compress(conn, table.untested)
    elif wanted is ColumnstoreWriter.AUTO and table.may_get_key:
        with conn.transaction():
            conn.execute('ALTER TABLE reading ADD PRIMARY KEY (sensor_id, "timestamp")')
            conn.execute("DROP INDEX IF EXISTS reading_sensor_time")
            conn.execute("COMMENT ON TABLE reading IS NULL")
    return direct_because(conn)


def use_direct_compress(conn: Connection, reason: str) -> None:
    """Drop the primary key, because direct compress does not work with it; outside a transaction.

    reason: for people.
    """
    with conn.transaction():
        conn.execute("ALTER TABLE reading DROP CONSTRAINT IF EXISTS reading_pkey")
        # For the few readings in the row store.
        conn.execute('CREATE INDEX IF NOT EXISTS reading_sensor_time ON reading (sensor_id, "timestamp")')
        conn.execute(sql.SQL("COMMENT ON TABLE reading IS {}").format(sql.Literal(reason)))

"""Chunks and their upkeep: late readings leave the row store, and what is read stays the same."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories import Connection, Database, ensure_schema, sort_readings, storage_of
from iotctl.repositories.status import status
from iotctl.services.compact import compact

HOUR = 3_600_000_000


def load(conn: Connection, layout: StorageLayout, hours: range, value: float, file_id: int) -> None:
    time = np.array(hours, dtype=np.int64) * HOUR
    batch = sort_readings(np.ones(len(time), dtype=np.int32), time, np.full(len(time), value))
    loader = storage_of(conn)
    with loader.batch(batch):
        loader.write(batch, file_id, OnDuplicate.SKIP)


def readings(conn: Connection) -> list[tuple[object, ...]]:
    return conn.execute("SELECT timestamp, sensor_value FROM reading ORDER BY timestamp").fetchall()


def test_compact_moves_late_readings_and_changes_none(timescale_direct: Database) -> None:
    database = timescale_direct
    with database.connect() as conn:
        layout = ensure_schema(conn)
        load(conn, layout, range(0, 2000, 2), 1.0, 1)
        load(conn, layout, range(0, 2000, 3), 2.0, 2)  # between those that are there, and some of them
        before = readings(conn)
        assert len(before) == 1000 + 333  # every sixth hour is in both
        assert storage_of(conn).parts().loose
    compacted = compact(database)
    assert compacted.parts >= 3  # 2000 hours are 83 days
    with database.connect() as conn:
        assert storage_of(conn).parts().loose == 0
        all_chunks = storage_of(conn).parts().count
        assert readings(conn) == before
    assert compact(database).parts == 0
    assert compact(database, full=True).parts == all_chunks
    with database.connect() as conn:
        assert readings(conn) == before


def test_a_full_compact_puts_what_came_in_many_files_together(timescale: Database) -> None:
    with timescale.connect() as conn:
        layout = ensure_schema(conn)
        for day in range(20):
            load(conn, layout, range(24 * day, 24 * day + 24), 1.0, 1)
        assert storage_of(conn).parts().loose == 0
    compact(timescale, full=True)
    with timescale.connect() as conn:
        assert len(readings(conn)) == 24 * 20
        compressed = conn.execute(
            "SELECT format('%I.%I', c.schema_name, c.table_name) FROM _timescaledb_catalog.chunk c"
            " WHERE c.table_name LIKE 'compress%'"
        ).fetchone()
        assert compressed is not None
        # All 480 readings of the sensor in one batch, where there were 20.
        assert conn.execute(f"SELECT count(*) FROM {compressed[0]}".encode()).fetchone() == (1,)


def test_a_chunk_interval_holds_for_chunks_to_come(timescale: Database) -> None:
    with timescale.connect() as conn:
        layout = ensure_schema(conn)
        load(conn, layout, range(24), 1.0, 1)
        storage_of(conn).set_part_interval(timedelta(days=7))
        load(conn, layout, range(24 * 90, 24 * 104), 2.0, 1)
        chunks = status(conn, storage_of(conn)).parts
        assert (chunks.interval, chunks.count, chunks.loose) == (timedelta(days=7), 4, 0)
        # Straight into the columnstore, also where the loader cuts elsewhere than chunks made before.
        load(conn, layout, range(24 * 5, 24 * 25), 3.0, 1)
        assert len(readings(conn)) == 24 + 24 * 14 + 24 * 20
        assert storage_of(conn).parts().loose == 0

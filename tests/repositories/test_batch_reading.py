"""A long series is the same whether iotctl unpacks its batches or the server, wherever its readings are stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from iotctl.repositories import Connection, Database, ReadingStorage, open_storage
from iotctl.repositories.postgres.binary import array_value, decode_floats, decode_times
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.storage.answers import Series
from iotctl.repositories.storage.columnstore import batch_reading
from iotctl.repositories.storage.compressed import OtherFormatError, decompress

DAY = 86_400_000_000
START = 1_577_836_800_000_000  # 2020-01-01 00:00 UTC
DAYS = 42

# What happens to some of six chunks, one after the other.
CHANGES = {
    "all in batches": "SELECT",
    "late readings": "INSERT INTO reading VALUES (1, 2, '2020-01-16 00:00:30+00', 7), (1, 2, '2020-01-16 00:01:30', 8)",
    "changed readings": "UPDATE reading SET sensor_value = -1 WHERE timestamp BETWEEN '2020-01-24' AND '2020-01-25'",
    "removed readings": "DELETE FROM reading WHERE timestamp BETWEEN '2020-01-30' AND '2020-02-01'",
    "a chunk in rows": "SELECT decompress_chunk(c) FROM show_chunks('reading', newer_than => '2020-02-06'::date) c",
}
BOUNDS = [(None, None), (None, START + 30 * DAY + 1), (START + DAY - 1, None), (START + 2 * DAY, START + 40 * DAY)]


def by_server(conn: Connection, start: int | None, end: int | None) -> Series:
    cursor = conn.cursor(binary=True).execute(
        "SELECT array_agg(timestamp), array_agg(sensor_value) FROM (SELECT timestamp, sensor_value FROM reading"
        " WHERE sensor_id = 1 AND timestamp >= %s AND timestamp < %s ORDER BY timestamp) AS r",
        (
            "-infinity" if start is None else as_datetime(start),
            "infinity" if end is None else as_datetime(end),
        ),
    )
    return decode_times(array_value(cursor, 0)), decode_floats(array_value(cursor, 1))


def assert_same(storage: ReadingStorage, conn: Connection) -> None:
    for start, end in BOUNDS:
        for found, expected in zip(storage.whole_series(1, start, end), by_server(conn, start, end), strict=True):
            assert found.tobytes() == expected.tobytes()


@pytest.fixture
def taken_apart(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many batches were taken apart at a time."""
    counts = []

    def counted(times: Sequence[bytes], values: Sequence[bytes]) -> Series:
        counts.append(len(times))
        return decompress(times, values)

    monkeypatch.setattr(batch_reading, "decompress", counted)
    return counts


def refuse(times: Sequence[bytes], values: Sequence[bytes]) -> Series:
    raise OtherFormatError


def batches_of(conn: Connection) -> str:
    """The tables of all compressed batches."""
    rows = conn.execute(
        "SELECT format('%I.%I', b.schema_name, b.table_name) FROM _timescaledb_catalog.chunk c"
        " JOIN _timescaledb_catalog.chunk b ON b.id = c.compressed_chunk_id"
    )
    return ", ".join(str(name) for (name,) in rows)


def test_a_series_is_what_the_server_says_wherever_its_readings_lie(
    timescale: Database, taken_apart: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_reading, "_BATCHES_AT_ONCE", 7)
    monkeypatch.setattr(batch_reading, "_CHUNKS_AT_ONCE", 2)
    with timescale.connect() as conn:
        storage = open_storage(conn)
        storage.set_part_interval(timedelta(days=7))
        conn.execute(
            "INSERT INTO reading SELECT s, 1, '2020-01-01'::timestamptz + n * interval '1 minute', sin(n * s)"
            " FROM generate_series(1, 2) s, generate_series(0, %s) n",
            (DAYS * 1440 - 1,),
        )
        conn.execute("SELECT compress_chunk(c) FROM show_chunks('reading') c")
        for change, statement in CHANGES.items():
            conn.execute(statement.encode())
            taken_apart.clear()
            assert_same(storage, conn)
            assert taken_apart, change

        # Batches that are compressed in another way, and those that this role may not read, are left to the server.
        monkeypatch.setattr(batch_reading, "decompress", refuse)
        assert_same(storage, conn)
        monkeypatch.undo()
        conn.execute(
            "CREATE ROLE iotctl_test_reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO iotctl_test_reader"
        )
        try:
            conn.execute(f"REVOKE ALL ON {batches_of(conn)} FROM iotctl_test_reader".encode())
            conn.execute("SET ROLE iotctl_test_reader")
            assert_same(storage, conn)
        finally:
            conn.execute("RESET ROLE")
            conn.execute("DROP OWNED BY iotctl_test_reader; DROP ROLE iotctl_test_reader")

"""TimescaleDB reads our compressed batches correctly: in bulk or row by row, forwards and backwards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.repositories.postgres.binary import (
    COPY_HEADER,
    COPY_TRAILER,
    array_value,
    decode_floats,
    decode_ints,
    decode_times,
)
from iotctl.repositories.storage.compressed import compress, copy_rows, decompress
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from tests.conftest import new_database
from tests.kinds_of_readings import FLOATS, floats, whole_numbers
from tests.timescale import URL_SETTING

# Microseconds from 1970 on that the chunk has room for, nearly 290,000 years of them.
_ROOM = 9e18

_COMPRESSED = """
    SELECT b.schema_name, b.table_name FROM _timescaledb_catalog.chunk c
    JOIN _timescaledb_catalog.chunk b ON b.id = c.compressed_chunk_id
"""
_COLUMNS = """
    SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


class Chunk:
    """A chunk of nearly all times, which has nothing but the batches that are written into it."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        ensure_schema(conn)
        conn.execute("SELECT set_chunk_time_interval('reading', interval '292000 years')")
        conn.execute("INSERT INTO reading VALUES (0, 0, '2024-01-01', 0)")
        conn.execute("SELECT compress_chunk(c) FROM show_chunks('reading') c")
        self.find_table()
        conn.execute(sql.SQL("TRUNCATE {}").format(self._table))
        self._columns = [str(name) for (name,) in conn.execute(_COLUMNS, (self._table.as_string(conn),)).fetchall()]

    def find_table(self) -> None:
        (row,) = self.conn.execute(_COMPRESSED).fetchall()
        self._table = sql.Identifier(str(row[0]), str(row[1]))

    def compress_anew(self) -> None:
        self.conn.execute("SELECT decompress_chunk(c) FROM show_chunks('reading') c")
        self.conn.execute("SELECT compress_chunk(c) FROM show_chunks('reading') c")
        self.find_table()

    def write(self, readings: OwnedReadings, sizes: list[int]) -> None:
        columns = sql.SQL(", ").join(map(sql.Identifier, self._columns))
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(self._table, columns)
        with self.conn.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(COPY_HEADER)
            for row in copy_rows(compress(readings, np.cumsum([0, *sizes])), self._columns):
                copy.write(row)
            copy.write(COPY_TRAILER)

    def bytes(self) -> int:
        """What the compressed values take, all together."""
        statement = sql.SQL(
            "SELECT sum(pg_column_size(file_id) + pg_column_size(timestamp) + pg_column_size(sensor_value)) FROM {}"
        )
        (row,) = self.conn.execute(statement.format(self._table)).fetchall()
        return int(str(row[0]))

    def batches(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and values as we find them in the batches."""
        statement = sql.SQL("SELECT timestamp, sensor_value FROM {} ORDER BY sensor_id, _ts_meta_min_1")
        rows = self.conn.cursor(binary=True).execute(statement.format(self._table)).fetchall()
        return decompress([times for times, _ in rows], [values for _, values in rows])

    def read(self, *, bulk: bool, backwards: bool) -> OwnedReadings:
        """What the server finds in the chunk, by (sensor_id, time)."""
        self.conn.execute(f"SET timescaledb.enable_bulk_decompression = {bulk}".encode())
        order = "DESC" if backwards else "ASC"
        cursor = self.conn.cursor(binary=True).execute(
            f"""
            SELECT array_agg(sensor_id), array_agg(timestamp), array_agg(file_id), array_agg(sensor_value)
            FROM (SELECT * FROM reading ORDER BY sensor_id {order}, timestamp {order}) AS r
            """.encode()
        )
        sensor, time, file, value = (array_value(cursor, column) for column in range(4))
        found = OwnedReadings(decode_ints(sensor), decode_times(time), decode_ints(file), decode_floats(value))
        return found[::-1] if backwards else found


@pytest.fixture(scope="module")
def chunk(timescale_or_none: Database | None) -> Iterator[Chunk]:
    """One for all tests, which take back what they wrote."""
    if timescale_or_none is None:
        pytest.skip(f"no TimescaleDB: set {URL_SETTING}, or install it for a local PostgreSQL")
    with new_database(timescale_or_none) as database, database.connect() as conn:
        yield Chunk(conn)


@st.composite
def batches(draw: st.DrawFn, sensor_id: int) -> OwnedReadings:
    """The readings of a batch, each later than the one before."""
    steps = (draw(whole_numbers()) >> np.uint64(draw(st.integers(2, 40)))).view(np.int64) + 1
    steps = steps[: max(np.count_nonzero(np.cumsum(steps.astype(float)) < _ROOM), 1)]
    size = len(steps)
    files = draw(st.sampled_from([[0], [1], [2**31 - 1], [-(2**31), 2**31 - 1], [5, 7]]))
    return OwnedReadings(
        np.full(size, sensor_id, np.int32),
        np.cumsum(steps),
        np.resize(np.array(files, np.int32), size),
        draw(floats(st.just(size))),
    )


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_server_reads_what_was_written(chunk: Chunk, data: st.DataObject) -> None:
    parts = [data.draw(batches(sensor)) for sensor in range(data.draw(st.integers(1, 12)))]
    readings = OwnedReadings.joined(parts)
    with chunk.conn.transaction(force_rollback=True):
        chunk.write(readings, [len(part) for part in parts])
        for bulk in (True, False):
            for backwards in (False, True):
                assert_same_bits(chunk.read(bulk=bulk, backwards=backwards), readings)
        assert_same_series(chunk.batches(), readings)
        chunk.compress_anew()
        assert_same_bits(chunk.read(bulk=True, backwards=False), readings)
        assert_same_series(chunk.batches(), readings)  # the server's own
    chunk.find_table()


def test_the_server_compresses_anew_and_changes_what_was_written(chunk: Chunk) -> None:
    size = 3000
    readings = OwnedReadings(
        np.full(size, 4, np.int32),
        np.arange(size) * 1_000_000,
        np.full(size, 9, np.int32),
        np.random.default_rng(5).normal(size=size),
    )
    with chunk.conn.transaction(force_rollback=True):
        chunk.write(readings, [1000] * 3)
        chunk.conn.execute("DELETE FROM reading WHERE timestamp = '1970-01-01 00:00:01+00'")
        chunk.conn.execute("UPDATE reading SET sensor_value = 1.5 WHERE timestamp = '1970-01-01 00:00:02+00'")
        chunk.conn.execute("SELECT compress_chunk(c, recompress => true) FROM show_chunks('reading') c")
        readings.value[2] = 1.5
        assert_same_bits(chunk.read(bulk=True, backwards=False), readings[np.arange(size) != 1])


def test_batches_are_as_small_as_the_servers_own(chunk: Chunk) -> None:
    noise = np.random.default_rng(5)
    time = np.arange(10_000) * 60_000_000 + noise.integers(0, 1_000_000, 10_000)
    of_one = np.full(10_000, 9, np.int32)
    for kind in ("decimals", "noise", "counter", "states", "runs"):
        value = np.concatenate([FLOATS[kind](noise, 1000) for _ in range(10)])
        with chunk.conn.transaction(force_rollback=True):
            chunk.write(OwnedReadings(of_one, time, of_one, value), [1000] * 10)
            ours = chunk.bytes()
            chunk.compress_anew()
            assert ours <= 1.05 * chunk.bytes(), kind
        chunk.find_table()


def assert_same_series(found: tuple[NDArray[np.int64], NDArray[np.float64]], readings: OwnedReadings) -> None:
    assert found[0].tobytes() == readings.time.tobytes()
    assert found[1].tobytes() == readings.value.tobytes()


def assert_same_bits(found: OwnedReadings, readings: OwnedReadings) -> None:
    for column in OwnedReadings.__slots__:
        assert getattr(found, column).tobytes() == getattr(readings, column).tobytes(), column

"""The columnstore returns readings in order of time, loaded in any order; a wrong order is found and repaired."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from iotctl.model import ColumnstoreWriter, OnDuplicate, StorageLayout
from iotctl.repositories import (
    Connection,
    Database,
    LostRaceError,
    SortedReadings,
    ensure_schema,
    open_storage,
    sort_readings,
    storage_of,
)
from iotctl.repositories.storage.columnstore.batch_order import Chunk, Places, chunks_between, look
from iotctl.services.compact import compact
from iotctl.services.doctor import check_database

MINUTE = 60_000_000
START = 1_577_836_800_000_000  # 2020-01-01 00:00 UTC


@pytest.fixture(params=["postgres", "timescale", "timescale_direct"])
def database(request: pytest.FixtureRequest) -> Database:
    """A new database, once on each kind of server, and once for each way into the columnstore."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found


def load(conn: Connection, minutes: list[int] | range, file_id: int, sensors: int = 2) -> None:
    sensor = np.repeat(np.arange(1, sensors + 1, dtype=np.int32), len(minutes))
    minute = np.tile(np.array(minutes, dtype=np.int64), sensors)
    batch = sort_readings(sensor, START + MINUTE * minute, minute.astype(float))
    loader = open_storage(conn)
    while True:
        try:
            with loader.batch(batch):
                loader.write(batch, file_id, OnDuplicate.SKIP)
        except LostRaceError:
            continue
        return


def in_order(conn: Connection, direction: str = "ASC", limit: int | None = None) -> list[int]:
    rows = conn.execute(
        f"SELECT sensor_value FROM reading WHERE sensor_id = 1 ORDER BY timestamp {direction} LIMIT %s".encode(),
        (limit,),
    ).fetchall()
    return [int(float(str(value))) for (value,) in rows]


def damage(conn: Connection) -> None:
    """An earlier fault of iotctl: a gap inside a compressed batch is filled with readings marked as ordered."""
    load(conn, [*range(100), *range(200, 300)], 1)
    with conn.transaction():
        conn.execute("SET LOCAL timescaledb.enable_direct_compress_copy = on")
        conn.execute("SET LOCAL timescaledb.enable_direct_compress_copy_client_sorted = on")
        with (
            conn.cursor() as cursor,
            cursor.copy("COPY reading (sensor_id, file_id, timestamp, sensor_value) FROM STDIN") as copy,
        ):
            for sensor in (1, 2):
                for minute in range(100, 200):
                    moment = np.datetime64(START + MINUTE * minute, "us").astype(object).isoformat() + "Z"
                    copy.write_row((sensor, 2, moment, float(minute)))


def test_a_gap_inside_a_batch_is_filled_in_order(conn: Connection, layout: StorageLayout, database: Database) -> None:
    load(conn, [*range(100), *range(200, 300)], 1)
    load(conn, range(100, 200), 2)
    for _ in range(3):
        assert in_order(conn) == list(range(300))
        assert in_order(conn, limit=15) == list(range(15))
        assert in_order(conn, "DESC", 110) == list(range(299, 189, -1))
        compact(database, full=_ == 1)
    assert storage_of(conn).parts().loose == 0


def test_small_files_in_order_of_their_names_stay_in_order(conn: Connection) -> None:
    days = sorted(range(25), key=lambda day: f"f_{day}")  # f_0, f_1, f_10, f_11, ...
    for file_id, day in enumerate(days, start=1):
        load(conn, range(1440 * day // 10, 1440 * (day + 1) // 10), file_id)
    assert in_order(conn) == list(range(3600))


def test_many_gaps_of_any_size_are_filled_in_order(conn: Connection) -> None:
    chance = random.Random(5)
    minutes = list(range(30_000))
    chance.shuffle(minutes)
    there: set[int] = set()
    for file_id in range(1, 25):
        start = chance.randrange(30_000)
        size, step = chance.choice([3, 40, 400, 4000]), chance.choice([1, 1, 2, 7])
        picked = [m for m in range(start, min(30_000, start + size * step), step) if chance.random() < 0.8]
        if picked:
            load(conn, picked, file_id)
            there |= set(picked)
        assert in_order(conn) == sorted(there)
        assert in_order(conn, limit=7) == sorted(there)[:7]


def test_readings_that_go_on_behind_the_last_are_compressed_in_order(conn: Connection) -> None:
    for day in range(6):
        load(conn, range(1440 * day, 1440 * (day + 1)), day + 1)
    assert storage_of(conn).parts().loose == 0


def load_beside_a_recompression(
    database: Database, way_in: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, psycopg.Error | None]:
    """Two late readings on either side of ours are compressed into one batch after our look, before our COPY.

    Returns how often was looked, and what the recompression was refused with.
    """
    with database.connect() as conn, psycopg.connect(database.dsn, autocommit=True) as other:
        ensure_schema(conn)
        load(conn, range(2000, 3000), 1, sensors=1)  # a chunk with batches
        for minute in (0, 1900):
            conn.execute(
                "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, to_timestamp(%s), %s)",
                (START / 1e6 + 60 * minute, minute),
            )
        (chunk,) = chunks_between(conn, START, START + MINUTE)
        looks: list[Places] = []
        refused: list[psycopg.Error] = []

        def look_and_wait(conn: Connection, chunks: Sequence[Chunk], readings: SortedReadings) -> Places:
            looks.append(places := look(conn, chunks, readings))
            if len(looks) == 1:
                try:
                    other.execute(f"SELECT compress_chunk('{chunk.schema}.{chunk.table}')".encode())
                except psycopg.Error as error:
                    refused.append(error)
            return places

        monkeypatch.setattr(f"iotctl.repositories.storage.columnstore.{way_in}.look", look_and_wait)
        load(conn, range(500, 700), 2, sensors=1)
        assert in_order(conn) == [0, *range(500, 700), 1900, *range(2000, 3000)]
        assert storage_of(conn).faults() == []
        return len(looks), refused[0] if refused else None


def test_a_batch_that_a_recompression_commits_beside_us_is_seen_before_our_commit(
    timescale_direct: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, refused = load_beside_a_recompression(timescale_direct, "direct_compress", monkeypatch)
    assert (looks, refused) == (2, None)  # our first try was given up


def test_a_recompression_gives_way_to_batches_of_our_own(timescale: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    looks, refused = load_beside_a_recompression(timescale, "compressed_writer", monkeypatch)
    assert looks == 1
    assert isinstance(refused, psycopg.errors.SerializationFailure)


def test_disorder_is_found_and_repaired(timescale_direct: Database) -> None:
    with timescale_direct.connect() as conn:
        ensure_schema(conn)
        damage(conn)
        assert in_order(conn) != list(range(300))  # the fault is there
        assert len(storage_of(conn).faults()) == 1
        checks = {check.name: check for check in check_database(timescale_direct)}
        assert checks["order"].error is not None
        assert "compact" in str(checks["order"].advice)
        assert compact(timescale_direct).parts == 1
        assert storage_of(conn).faults() == []
        assert in_order(conn) == list(range(300))
        assert {check.name: check for check in check_database(timescale_direct)}["order"].error is None


def test_disorder_beside_late_readings_is_repaired_too(timescale_direct: Database) -> None:
    with timescale_direct.connect() as conn:
        ensure_schema(conn)
        damage(conn)
        conn.execute(
            "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (2, to_timestamp(%s), 5)",
            (START / 1e6 + 5,),
        )
        compact(timescale_direct)
        assert (storage_of(conn).faults(), storage_of(conn).parts().loose) == ([], 0)
        assert in_order(conn) == list(range(300))


def test_compact_tries_again_after_a_change_beside_it(timescale: Database) -> None:
    with timescale.connect() as conn, timescale.connect() as other, ThreadPoolExecutor(1) as thread:
        ensure_schema(conn)
        load(conn, range(300), 1)
        for second in (1, 2):
            conn.execute(
                "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (2, to_timestamp(%s), 5)",
                (START / 1e6 + second,),
            )
        other.execute("BEGIN")
        # A recompression that meets this gives up: "aborting recompression due to concurrent updates".
        other.execute("DELETE FROM reading WHERE sensor_id = 2 AND timestamp = to_timestamp(%s)", (START / 1e6 + 1,))
        compacting = thread.submit(compact, timescale)
        deadline = time.monotonic() + 30
        while not waits(conn) and time.monotonic() < deadline:
            time.sleep(0.02)
        other.execute("COMMIT")
        assert compacting.result(30).parts == 1
        assert storage_of(conn).parts().loose == 0
        assert conn.execute("SELECT count(*) FROM reading").fetchone() == (601,)


def waits(conn: Connection) -> bool:
    query = "SELECT FROM pg_stat_activity WHERE application_name = 'iotctl compact' AND wait_event_type = 'Lock'"
    return conn.execute(query).fetchone() is not None


def test_statements_that_others_prepared_see_the_order_that_a_chunk_has(timescale: Database) -> None:
    with timescale.connect() as conn, psycopg.connect(timescale.dsn, autocommit=True) as dashboard:
        load(conn, [*range(100), *range(200, 400)], 1)
        dashboard.execute("SET plan_cache_mode = force_generic_plan")
        query = "SELECT sensor_value FROM reading WHERE sensor_id = %s ORDER BY timestamp"
        before = dashboard.execute(query, (1,), prepare=True).fetchall()
        load(conn, range(100, 200), 2)
        after = dashboard.execute(query, (1,), prepare=True).fetchall()
        assert [value for (value,) in before] == [*range(100), *range(200, 400)]
        assert [value for (value,) in after] == list(range(400))


@pytest.mark.parametrize("writer", list(ColumnstoreWriter))
def test_a_user_who_does_not_own_the_table_fills_gaps_in_order_too(
    timescale: Database, writer: ColumnstoreWriter
) -> None:
    with timescale.connect() as conn:
        open_storage(conn).set_writer(writer)
        load(conn, [*range(100), *range(200, 300)], 1)
        conn.execute("DROP ROLE IF EXISTS a_loader")
        conn.execute("CREATE ROLE a_loader LOGIN")
        conn.execute("GRANT USAGE, CREATE ON SCHEMA public TO a_loader")
        conn.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO a_loader")
        conn.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO a_loader")
        with Database(make_conninfo(timescale.dsn, user="a_loader")).connect() as other:
            load(other, range(100, 200), 2)
            assert in_order(other) == list(range(300))
        assert in_order(conn) == list(range(300))
        conn.execute("DROP OWNED BY a_loader")
        conn.execute("DROP ROLE a_loader")

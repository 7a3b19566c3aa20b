"""Batches made by iotctl in TimescaleDB's columnstore: with other programs, jobs and dumps, and when they fail."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from iotctl.model import ColumnstoreWriter, OnDuplicate
from iotctl.repositories import Connection, Database, LostRaceError, SortedReadings, open_storage, storage_of
from iotctl.repositories.storage.columnstore import compressed_tables
from iotctl.repositories.storage.columnstore.batch_order import chunks_between
from iotctl.repositories.storage.columnstore.compressed_writer import CompressedWriter
from iotctl.repositories.storage.compressed import CompressedBatches, compress
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from iotctl.services.compact import compact
from iotctl.services.doctor import check_database
from tests.conftest import new_database

MINUTE = 60_000_000
START = 1_577_836_800_000_000  # 2020-01-01 00:00 UTC


def minutes(numbers: range | list[int], sensors: int = 2) -> SortedReadings:
    """A reading of each sensor in each of these minutes; its value is the minute's number."""
    number = np.tile(np.array(numbers, dtype=np.int64), sensors)
    sensor_id = np.repeat(np.arange(1, sensors + 1, dtype=np.int32), len(numbers))
    return SortedReadings(sensor_id, START + MINUTE * number, number.astype(float))


def load(conn: Connection, readings: SortedReadings, file_id: int = 1) -> int:
    """Load as ingest does; returns how many were new."""
    storage = storage_of(conn)
    for _ in range(30):
        with suppress(LostRaceError), storage.batch(readings):
            return storage.write(readings, file_id, OnDuplicate.SKIP).loaded
    raise AssertionError("always lost")


def table(conn: Connection, sensor: int = 1) -> list[int]:
    rows = conn.execute("SELECT sensor_value FROM reading WHERE sensor_id = %s ORDER BY timestamp", (sensor,))
    return [int(float(str(value))) for (value,) in rows]


def moment(minute: int) -> datetime:
    return datetime.fromtimestamp((START + MINUTE * minute) / 1e6, UTC)


def insert(conn: psycopg.Connection[tuple[object, ...]], minute: int, more: str = "") -> int:
    """Write as another program does; returns how many rows went in."""
    statement = f"INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, %s, -1) {more}"
    return conn.execute(statement.encode(), (moment(minute),)).rowcount


@pytest.fixture
def conn(timescale: Database) -> Iterator[Connection]:
    """A connection to a new database, where iotctl compresses."""
    with timescale.connect() as conn:
        assert open_storage(conn).direct_because() is None
        yield conn


@pytest.fixture
def other(timescale: Database, conn: Connection) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """Another program's session."""
    del conn
    with psycopg.connect(timescale.dsn, autocommit=True) as other:
        yield other


def waits(conn: psycopg.Connection[tuple[object, ...]], pid: int) -> bool:
    row = conn.execute("SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone()
    return row == ("Lock",)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_readings_lie_in_full_batches_and_nothing_waits_outside(conn: Connection) -> None:
    load(conn, minutes(range(2500)))
    (chunk,) = chunks_between(conn, START, START)
    assert chunk.batches is not None
    counts = conn.execute(
        b"SELECT sensor_id, _ts_meta_count FROM " + chunk.batches.as_bytes(conn) + b" ORDER BY 1, _ts_meta_min_1"
    ).fetchall()
    assert counts == [(sensor, count) for sensor in (1, 2) for count in (1000, 1000, 500)]
    assert table(conn) == list(range(2500))
    assert storage_of(conn).parts().loose == 0


def test_the_database_refuses_a_double_of_another_program(
    conn: Connection, other: psycopg.Connection[tuple[object, ...]]
) -> None:
    load(conn, minutes(range(1500)))
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(other, 700)
    assert insert(other, 700, "ON CONFLICT DO NOTHING") == 0
    assert insert(other, 5000) == 1
    assert insert(other, 701, "ON CONFLICT (sensor_id, timestamp) DO UPDATE SET sensor_value = 7010") == 1
    assert table(conn) == [*range(701), 7010, *range(702, 1500), -1]


# Odd minutes between even ones: none, some that go in as rows, and many, with which a batch is made anew.
@pytest.mark.parametrize("late", [range(0), range(2001, 2007, 2), range(2001, 2500, 2)])
def test_what_another_program_has_not_committed_yet_is_waited_for(
    conn: Connection, other: psycopg.Connection[tuple[object, ...]], timescale: Database, late: range
) -> None:
    load(conn, minutes(range(2000, 2500, 2)))
    with psycopg.connect(timescale.dsn, autocommit=True) as watcher, ThreadPoolExecutor(1) as thread:
        other.execute("BEGIN")
        insert(other, 150)
        loading = thread.submit(load, conn, minutes([*range(100, 400), *late]), 2)
        until(lambda: waits(watcher, conn.info.backend_pid))
        other.execute("COMMIT")
        assert loading.result(60) == 599 + 2 * len(late)
    assert table(conn) == [*range(100, 150), -1, *range(151, 400), *sorted([*range(2000, 2500, 2), *late])]


def test_another_program_waits_for_a_load_that_is_not_committed_yet(
    conn: Connection, other: psycopg.Connection[tuple[object, ...]], timescale: Database
) -> None:
    storage, readings = storage_of(conn), minutes(range(300))
    with psycopg.connect(timescale.dsn, autocommit=True) as watcher, ThreadPoolExecutor(1) as thread:
        with storage.batch(readings):
            storage.write(readings, 1, OnDuplicate.SKIP)
            inserting = thread.submit(insert, other, 150, "ON CONFLICT DO NOTHING")
            until(lambda: waits(watcher, other.info.backend_pid))
        assert inserting.result(60) == 0
    assert table(conn) == list(range(300))


def test_loads_of_different_sensors_into_one_chunk_do_not_wait_for_each_other(
    conn: Connection, timescale: Database
) -> None:
    both = minutes(range(300))
    first, second = both[both.sensor_id == 1], both[both.sensor_id == 2]
    load(conn, minutes(range(1000, 1300)))
    storage = storage_of(conn)
    with timescale.connect() as beside:
        with storage.batch(first):
            storage.write(first, 2, OnDuplicate.SKIP)
            beside.execute("SET lock_timeout = '20s'")
            assert load(beside, second, 3) == 300
        assert table(beside, 1) == table(beside, 2) == [*range(300), *range(1000, 1300)]


def test_many_late_readings_are_merged_into_the_batches_that_are_there(conn: Connection) -> None:
    load(conn, minutes(range(0, 6000, 2)))
    insert(conn, 777)  # a row beside the batches
    assert load(conn, minutes(range(1, 6000, 2)), 2) == 6000 - 1
    expected = list(range(6000))
    expected[777] = -1
    assert table(conn) == expected
    assert table(conn, 2) == list(range(6000))
    assert storage_of(conn).faults() == []
    assert storage_of(conn).parts().loose == 1  # the row of the other program waits still
    owners = conn.execute("SELECT file_id, count(*) FROM reading GROUP BY 1 ORDER BY 1").fetchall()
    assert owners == [(0, 1), (1, 6000), (2, 5999)]


def test_two_loads_that_merge_into_the_same_batches_lose_nothing(conn: Connection, timescale: Database) -> None:
    load(conn, minutes(range(0, 4000, 4), sensors=1))
    start = threading.Barrier(3)

    def merge(first: int) -> int:
        with timescale.connect() as own:
            start.wait()
            return sum(load(own, minutes(range(at, at + 400, 4), sensors=1), first) for at in range(first, 4000, 400))

    with ThreadPoolExecutor(3) as threads:
        assert list(threads.map(merge, (1, 2, 3))) == [1000] * 3
    assert table(conn) == list(range(4000))
    assert storage_of(conn).faults() == []


def test_aggregates_hear_of_batches(conn: Connection) -> None:
    storage = storage_of(conn)
    load(conn, minutes(range(3000)))
    storage.make_aggregates()
    storage.refresh_aggregates()
    hours = "SELECT sum(readings) FROM reading_hourly WHERE sensor_id = 2"
    assert conn.execute(hours.encode()).fetchone() == (3000,)
    late = minutes(range(3000, 4000))
    load(conn, minutes([20_000]), 2)  # the watermark lies behind what comes late
    storage.refresh_aggregates()
    load(conn, late, 3)
    stale = storage.stale_stretches("reading_hourly", 2)
    assert all(any(low <= moment < high for low, high in stale) for moment in late.time.tolist())
    storage.refresh_aggregates()
    assert conn.execute(hours.encode()).fetchone() == (4001,)


def test_aggregates_hear_of_each_chunk_that_a_load_writes_into(conn: Connection) -> None:
    storage = storage_of(conn)
    storage.set_part_interval(timedelta(days=1))
    load(conn, minutes([0, 10 * 1440]))
    storage.make_aggregates()
    storage.refresh_aggregates()
    late = minutes(range(700, 8 * 1440, 2))
    load(conn, late, 2)
    stale = storage.stale_stretches("reading_daily", 2)
    assert all(any(low <= moment < high for low, high in stale) for moment in late.time.tolist())
    storage.refresh_aggregates()
    for name in ("reading_hourly", "reading_daily"):
        rows = conn.execute(f"SELECT sensor_id, sum(readings), sum(sum) FROM {name} GROUP BY 1".encode()).fetchall()
        assert dict((row[0], row[1:]) for row in rows) == {  # noqa: C402
            sensor: (2 + len(late) // 2, float(sum(table(conn, sensor)))) for sensor in (1, 2)
        }


def test_jobs_of_timescaledb_work_on_batches(conn: Connection, timescale: Database) -> None:
    load(conn, minutes(range(0, 100_000, 10)))
    conn.execute("DELETE FROM reading WHERE sensor_id = 1 AND sensor_value BETWEEN 200 AND 395")
    conn.execute("UPDATE reading SET sensor_value = -5 WHERE sensor_id = 1 AND sensor_value = 1000")
    expected = [-5 if n == 1000 else n for n in range(0, 100_000, 10) if not 200 <= n <= 395]
    assert table(conn) == expected
    compact(timescale)
    assert table(conn) == expected
    compact(timescale, full=True)
    assert table(conn) == expected
    conn.execute("VACUUM ANALYZE reading")
    conn.execute("SELECT decompress_chunk(c) FROM show_chunks('reading') c")
    assert table(conn) == expected
    assert load(conn, minutes(range(5, 100_000, 10)), 2) == 20_000  # chunks without batches get some
    assert sorted(table(conn, 2)) == table(conn, 2) == list(range(0, 100_000, 5))
    storage_of(conn).set_retention(timedelta(days=30))
    storage_of(conn).drop_expired()
    assert table(conn) == []
    assert load(conn, minutes(range(10)), 3) == 20


def change_one(readings: OwnedReadings, starts: NDArray[np.intp]) -> CompressedBatches:
    """An encoder with a defect: the last value of all is another one."""
    value = readings.value.copy()
    value[starts[1] - 1] += 1
    return compress(OwnedReadings(readings.sensor_id, readings.time, readings.file_id, value), starts)


def break_off(readings: OwnedReadings, starts: NDArray[np.intp]) -> CompressedBatches:
    """An encoder with a defect that the server sees."""
    batches = compress(readings, starts)
    batches.values[0] = batches.values[0][:7]
    return batches


@pytest.mark.parametrize("encoder", [change_one, break_off])
def test_where_a_batch_does_not_come_back_timescaledb_compresses(
    conn: Connection,
    timescale: Database,
    monkeypatch: pytest.MonkeyPatch,
    encoder: Callable[[OwnedReadings, NDArray[np.intp]], CompressedBatches],
) -> None:
    load(conn, minutes(range(1000)))
    monkeypatch.setattr(compressed_tables, "compress", encoder)
    assert load(conn, minutes(range(1000, 3000)), 2) == 4000
    assert table(conn) == list(range(3000))
    reason = storage_of(conn).direct_because()
    assert reason == "a batch came back different from what was written"
    found = {check.name: check for check in check_database(timescale)}["writer"]
    assert reason in found.found
    assert storage_of(conn).parts().loose == 0  # in batches, as the key is gone


def test_an_unknown_release_compresses_itself(
    conn: Connection, timescale: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(conn, minutes(range(1000)))
    monkeypatch.setattr(compressed_tables, "TESTED", ((2, 27),))
    reason = open_storage(conn).set_writer(ColumnstoreWriter.AUTO)
    assert reason is not None
    assert "2.27" in reason
    load(conn, minutes(range(1000, 2000)), 2)
    assert table(conn) == list(range(2000))
    insert(conn, 5)  # nothing refuses it any more
    assert len(table(conn)) == 2001


def test_a_user_chooses_and_may_change_his_mind_while_the_table_is_empty(conn: Connection) -> None:
    storage = open_storage(conn)
    assert storage.set_writer(ColumnstoreWriter.DIRECT) == "IOTCTL_COLUMNSTORE_WRITER was direct"
    assert storage.set_writer(ColumnstoreWriter.AUTO) is None
    load(conn, minutes(range(500)))
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(conn, 5)
    assert storage.set_writer(ColumnstoreWriter.DIRECT) is not None
    load(conn, minutes(range(500, 1000)), 2)
    assert table(conn) == list(range(1000))
    assert storage.set_writer(ColumnstoreWriter.AUTO) == "IOTCTL_COLUMNSTORE_WRITER was direct"
    conn.execute('ALTER TABLE reading ADD PRIMARY KEY (sensor_id, "timestamp")')
    assert storage.set_writer(ColumnstoreWriter.AUTO) is None


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE reading SET (timescaledb.compress_orderby = '\"timestamp\" DESC')",
        "ALTER TABLE reading SET (timescaledb.compress_segmentby = '')",
        "ALTER TABLE reading ADD COLUMN note text",
    ],
)
def test_tables_of_another_form_get_rows(conn: Connection, change: str) -> None:
    conn.execute(change.encode())
    assert load(conn, minutes(range(1000))) == 2000
    assert load(conn, minutes(range(500, 1500)), 2) == 1000
    assert table(conn) == list(range(1500))
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(conn, 5)


def test_a_dump_comes_back_with_its_batches(conn: Connection, timescale: Database, tmp_path: Path) -> None:
    (bindir,) = conn.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'").fetchone() or ("",)
    programs = Path(str(bindir))
    if not (programs / "pg_dump").exists():
        pytest.skip("the server's pg_dump is not on this machine")
    load(conn, minutes(range(0, 50_000, 7)))
    insert(conn, 1)
    before = conn.execute("SELECT * FROM reading ORDER BY 1, 3").fetchall()
    subprocess.run(
        [programs / "pg_dump", "-Fc", "-f", tmp_path / "dump", timescale.dsn], check=True, capture_output=True
    )
    with new_database(timescale) as restored:
        with psycopg.connect(restored.dsn, autocommit=True) as session:
            session.execute("CREATE EXTENSION timescaledb")
            session.execute("SELECT timescaledb_pre_restore()")
        subprocess.run(
            [programs / "pg_restore", "-d", restored.dsn, tmp_path / "dump"], check=False, capture_output=True
        )
        with psycopg.connect(restored.dsn, autocommit=True) as session:
            session.execute("SELECT timescaledb_post_restore()")
        with restored.connect() as again:
            assert again.execute("SELECT * FROM reading ORDER BY 1, 3").fetchall() == before
            assert open_storage(again).direct_because() is None
            assert load(again, minutes(range(3, 50_000, 7)), 2) == 2 * len(range(3, 50_000, 7))
            with pytest.raises(psycopg.errors.UniqueViolation):
                insert(again, 3)
            assert len(table(again)) == 1 + len(range(0, 50_000, 7)) + len(range(3, 50_000, 7))


@pytest.mark.parametrize("form", [None, "'\"timestamp\" DESC'"])
def test_what_lies_beside_a_batch_made_again_in_a_chunk_without_batches_is_kept(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, form: str | None
) -> None:
    """The second chunk is gone again when the load begins, or keeps its batches in another form."""
    storage = storage_of(conn)
    storage.set_part_interval(timedelta(days=1))
    load(conn, minutes(range(0, 1440, 2)))
    if form is None:
        monkeypatch.setattr(CompressedWriter, "prepare", lambda *_: None)
    else:
        conn.execute(f"ALTER TABLE reading SET (timescaledb.compress_orderby = {form})".encode())
    late = minutes([*range(1, 1440, 2), 1500, 1501, 1502])
    assert load(conn, late, 2) == len(late)
    assert table(conn) == table(conn, 2) == [*range(1440), 1500, 1501, 1502]

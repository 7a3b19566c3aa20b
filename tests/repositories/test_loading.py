"""Batches into the reading table: each (sensor, time) once, and the order of loading does not matter."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import numpy as np
import pytest

from iotctl.errors import DuplicateError, UnreachableError
from iotctl.model import OnDuplicate, StorageLayout, StoredFile
from iotctl.repositories import (
    Connection,
    Database,
    Ledger,
    LostRaceError,
    SortedReadings,
    Written,
    ensure_schema,
    joined_readings,
    open_storage,
    sort_file_readings,
    sort_readings,
    storage_of,
)
from iotctl.repositories.postgres.timestamps import as_microseconds

MINUTE = 60_000_000
START = 1_388_534_400_000_000  # 2014-01-01 00:00 UTC
Row = tuple[int, int, float]


def readings(rows: list[Row]) -> SortedReadings:
    """Rows of (sensor, minute, value)."""
    sensor, minute, value = zip(*rows, strict=True)
    return sort_readings(
        np.array(sensor, dtype=np.int32),
        START + MINUTE * np.array(minute, dtype=np.int64),
        np.array(value, dtype=float),
    )


def table(conn: Connection) -> list[Row]:
    found = conn.execute(
        "SELECT sensor_id, (extract(epoch FROM timestamp) * 1000000)::bigint, sensor_value FROM reading ORDER BY 1, 2"
    ).fetchall()
    return [(int(str(s)), (int(str(t)) - START) // MINUTE, float(str(v))) for s, t, v in found]


def files(conn: Connection, count: int) -> list[int]:
    """Files in the ledger, each modified a day after the one before."""
    listed = [StoredFile(f"s3://b/{i}.csv", 1, "v", datetime(2020, 1, 1 + i, tzinfo=UTC)) for i in range(count)]
    return [entry.file_id for entry in Ledger(conn).register(listed, {})]


def load(conn: Connection, rows: list[Row], file_id: int = 1, on_duplicate: OnDuplicate = OnDuplicate.SKIP) -> Written:
    loader = open_storage(conn)
    batch = readings(rows)
    with loader.batch(batch):
        return loader.write(batch, file_id, on_duplicate)


def counts(written: Written) -> tuple[int, int]:
    """Readings loaded, and those that lost to others."""
    return written.loaded, len(written.lost)


def test_a_batch_comes_back_as_it_was(conn: Connection) -> None:
    rows = [(s, m, s * 1000.5 + m) for s in (1, 2, 7) for m in range(0, 200_000, 977)]
    assert counts(load(conn, random.Random(1).sample(rows, len(rows)))) == (len(rows), 0)
    assert table(conn) == rows


def test_values_and_times_keep_every_bit(conn: Connection) -> None:
    values = [0.1, -0.0, 5e-324, 1.7976931348623157e308, float("nan"), float("inf")]
    time = np.array([-2_208_988_800_000_000, -1, 0, 1, START + 1, 7_258_118_399_999_999])  # 1900 to the end of 2199
    batch = sort_readings(np.full(6, 3, dtype=np.int32), time, np.array(values))
    loader = open_storage(conn)
    with loader.batch(batch):
        loader.write(batch, 1, OnDuplicate.SKIP)
    got_time, got_value = storage_of(conn).whole_series(3)
    assert got_time.tolist() == time.tolist()
    assert got_value.tobytes() == np.array(values).tobytes()


def test_sorting_keeps_the_first_of_equal_keys_or_the_last() -> None:
    sensor = np.array([2, 1, 2, 1, 2], dtype=np.int32)
    time = np.array([5, 9, 5, 3, 4])
    value = np.arange(5.0)
    first = sort_readings(sensor, time, value)
    assert (first.sensor_id.tolist(), first.time.tolist(), first.value.tolist()) == (
        [1, 1, 2, 2],
        [3, 9, 4, 5],
        [3, 1, 4, 0],
    )
    last, lost = sort_file_readings(sensor, time, value, file_id=8, keep_last=True)
    assert last.value.tolist() == [3, 1, 4, 2]
    assert (lost.sensor_id.tolist(), lost.time.tolist(), lost.file_id.tolist()) == ([2], [5], [8])
    assert (lost.value.tolist(), lost.kept_value.tolist(), lost.kept_file_id.tolist()) == ([0], [2], [8])


@pytest.mark.parametrize("far", [0, 100_000])
def test_joined_batches_are_sorted_and_the_first_of_them_wins(far: int) -> None:
    noise = np.random.default_rng(3)
    parts = []
    for number in range(5):
        sensor = noise.integers(0, 4, 200).astype(np.int32)
        sensor[sensor == 3] += far  # too many numbers for the quick way
        parts.append(sort_readings(sensor, noise.integers(0, 300, 200) + 50 * (number % 2), np.full(200, number * 1.0)))
    joined, origin, lost = joined_readings(parts, np.arange(5, dtype=np.int32))
    expected: dict[tuple[int, int], float] = {}
    for part in parts:
        for key in zip(part.sensor_id.tolist(), part.time.tolist(), strict=True):
            expected.setdefault(key, float(part.value[0]))
    found = zip(joined.sensor_id.tolist(), joined.time.tolist(), joined.value.tolist(), strict=True)
    assert [((sensor, time), value) for sensor, time, value in found] == sorted(expected.items())
    assert origin.tolist() == joined.value.astype(int).tolist()
    assert len(lost) == sum(len(part) for part in parts) - len(joined)
    columns = (lost.sensor_id, lost.time, lost.value, lost.kept_value)
    for sensor_id, time, value, kept in zip(*(column.tolist() for column in columns), strict=True):
        assert expected[sensor_id, time] == kept < value
    assert lost.file_id.tolist() == lost.value.astype(int).tolist()
    assert lost.kept_file_id.tolist() == lost.kept_value.astype(int).tolist()


def test_what_is_there_is_not_doubled(conn: Connection) -> None:
    first, second = files(conn, 2)
    load(conn, [(1, m, 1.0) for m in range(100)], first)
    written = load(conn, [(1, m, 2.0) for m in range(50, 150)] + [(2, m, 2.0) for m in range(10)], second)
    assert counts(written) == (60, 50)
    assert table(conn) == [(1, m, 1.0 if m < 100 else 2.0) for m in range(150)] + [(2, m, 2.0) for m in range(10)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize(("on_duplicate", "winner"), [(OnDuplicate.SKIP, 0), (OnDuplicate.REPLACE, 2)])
def test_the_outcome_does_not_depend_on_who_comes_first(
    conn: Connection, order: tuple[int, ...], on_duplicate: OnDuplicate, winner: int
) -> None:
    listed = files(conn, 3)
    total = sum(load(conn, [(1, m, float(i)) for m in range(20)], listed[i], on_duplicate).loaded for i in order)
    displaced = sum(int(str(n)) for (n,) in conn.execute("SELECT displaced FROM ingest_file"))
    assert table(conn) == [(1, m, float(winner)) for m in range(20)]
    assert displaced == 0  # the ledger's part, not the loader's
    assert total == 20 * (
        1 + sum(order[i] < min(order[:i]) if winner == 0 else order[i] > max(order[:i]) for i in (1, 2))
    )


def test_fail_names_the_first_and_writes_nothing(conn: Connection) -> None:
    load(conn, [(1, 5, 1.0)])
    with pytest.raises(DuplicateError, match="2014-01-01T00:05"):
        load(conn, [(1, m, 2.0) for m in range(10)], 2, OnDuplicate.FAIL)
    assert table(conn) == [(1, 5, 1.0)]


def test_readings_of_other_programs_stay_unless_replaced(conn: Connection) -> None:
    (file_id,) = files(conn, 1)
    load(conn, [(1, 1, 1.0)], file_id)
    conn.execute("INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, '2014-01-01 00:02Z', 9)")
    assert load(conn, [(1, 2, 5.0), (1, 3, 5.0)], file_id).loaded == 1
    assert table(conn) == [(1, 1, 1.0), (1, 2, 9.0), (1, 3, 5.0)]
    load(conn, [(1, 2, 7.0)], file_id, OnDuplicate.REPLACE)
    assert table(conn) == [(1, 1, 1.0), (1, 2, 7.0), (1, 3, 5.0)]


def test_many_overlapping_batches_at_once_load_each_reading_once(database: Database) -> None:
    with database.connect() as conn:
        ensure_schema(conn)
        file_ids = files(conn, 4)
    barrier = threading.Barrier(4)

    def work(part: int) -> int:
        loaded = 0
        with database.connect() as conn:
            loader = storage_of(conn)
            barrier.wait()
            for step in range(6):
                rows = [
                    (s, m, float(m))
                    for s in range(5)
                    for m in range(step * 300 + part * 40, step * 300 + part * 40 + 400)
                ]
                batch = readings(rows)
                while True:
                    try:
                        with loader.batch(batch):
                            written = loader.write(batch, file_ids[part], OnDuplicate.SKIP)
                    except LostRaceError:
                        continue
                    loaded += written.loaded - int(np.count_nonzero(written.lost.file_id != file_ids[part]))
                    break
        return loaded

    with ThreadPoolExecutor(4) as pool:
        loaded = sum(pool.map(work, range(4)))
    with database.connect() as conn:
        there = table(conn)
    assert there == [(s, m, float(m)) for s in range(5) for m in range(5 * 300 + 120 + 400)]
    assert loaded == len(there)


def test_ordered_reads_stay_right_after_interleaved_loads(conn: Connection, layout: StorageLayout) -> None:
    """The case where trusted order in the columnstore gives unsorted answers without an error."""
    load(conn, [(1, m, float(m)) for m in range(0, 4000, 2)], 1)
    load(conn, [(1, m, float(m)) for m in range(1, 4000, 2)], 2)
    in_order = [
        float(str(v))
        for (v,) in conn.execute("SELECT sensor_value FROM reading WHERE sensor_id = 1 ORDER BY timestamp")
    ]
    assert in_order == [float(m) for m in range(4000)]
    first = conn.execute("SELECT sensor_value FROM reading WHERE sensor_id = 1 ORDER BY timestamp LIMIT 10").fetchall()
    assert [float(str(v)) for (v,) in first] == [float(m) for m in range(10)]
    span = conn.execute(
        "SELECT count(*) FROM reading WHERE timestamp >= '2014-01-01 01:00Z' AND timestamp < '2014-01-01 02:00Z'"
    ).fetchone()
    assert span == (60,)


def in_order_of_time(conn: Connection, sensor: int) -> list[int]:
    """Minutes as the server gives them when it is asked for an order, and trusts its batches to have it."""
    rows = conn.execute("SELECT timestamp FROM reading WHERE sensor_id = %s ORDER BY timestamp", (sensor,)).fetchall()
    return [(as_microseconds(row[0]) - START) // MINUTE for row in rows if isinstance(row[0], datetime)]


def test_a_batch_that_begins_with_the_last_readings_again_goes_on_in_order(
    conn: Connection, layout: StorageLayout
) -> None:
    load(conn, [(s, m, 1.0) for s in (1, 2) for m in range(1000)])
    written = load(conn, [(s, m, 2.0) for s in (1, 2) for m in range(990, 2000)])
    assert counts(written) == (2000, 20)
    # All of it is in the columnstore, in order: nothing is left to compact.
    assert layout is not StorageLayout.COLUMNSTORE or storage_of(conn).parts().loose == 0
    assert in_order_of_time(conn, 1) == list(range(2000))


def test_overlapping_loads_of_any_shape_come_back_whole_and_in_order(conn: Connection) -> None:
    chance = random.Random(9)
    expected: dict[tuple[int, int], float] = {}
    for number in range(40):
        start, step, count = chance.randrange(6000), chance.randrange(1, 4), chance.choice([5, 150, 600, 1500])
        rows = [(s, start + step * i, float(number)) for s in (1, 2, 3) if chance.random() < 0.8 for i in range(count)]
        if not rows:
            continue
        written = load(conn, rows)
        assert written.loaded == sum((sensor, minute) not in expected for sensor, minute, _ in rows)
        expected = {(sensor, minute): value for sensor, minute, value in rows} | expected
        for sensor in (1, 2, 3):
            assert in_order_of_time(conn, sensor) == sorted(m for s, m in expected if s == sensor)
    assert table(conn) == [(*key, value) for key, value in sorted(expected.items())]


def test_a_load_that_dies_leaves_no_claim_behind(database: Database) -> None:
    batch = readings([(1, m, 1.0) for m in range(100)])
    with database.connect() as second:
        ensure_schema(second)

        def die_in_mid_load() -> None:
            with database.connect() as first:
                loader = storage_of(first)
                with loader.batch(batch):
                    loader.write(batch, 1, OnDuplicate.SKIP)
                    second.execute("SELECT pg_terminate_backend(%s, 5000)", (first.info.backend_pid,))
                    first.execute("SELECT 1")

        with pytest.raises(UnreachableError):
            die_in_mid_load()
        assert counts(load(second, [(1, m, 1.0) for m in range(100)])) == (100, 0)
        assert len(table(second)) == 100

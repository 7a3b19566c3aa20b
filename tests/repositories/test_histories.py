"""After any history, a table has the readings of a dict, and every kind of query gives the same."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from iotctl.model import ColumnstoreWriter, OnDuplicate, StorageLayout
from iotctl.repositories import (
    Connection,
    Database,
    ReadingStorage,
    open_storage,
    storage_of,
)
from iotctl.repositories.readings.bucket_grid import LocalClock, Width
from iotctl.repositories.readings.buckets import Aggregate, read_buckets
from iotctl.services.compact import compact
from tests.conftest import new_database
from tests.history import MINUTE, SENSORS, SPAN, START, History, moment, table_rows

# A history a seed. Few in every test run, all of them with the fault tests.
FEW, ALL = 6, 500
STEPS = 14


@pytest.fixture(scope="module", params=["postgres", "timescale", "timescale direct"])
def shared(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database that histories use one after the other, for each storage and each way into it."""
    server = request.getfixturevalue("postgres_server" if request.param == "postgres" else "timescale_or_none")
    if server is None:
        pytest.skip("no TimescaleDB")
    assert isinstance(server, Database)
    with new_database(server) as database:
        with database.connect() as conn:
            storage = open_storage(conn)
            storage.set_part_interval(timedelta(days=1))
            if request.param == "timescale direct":
                storage.set_writer(ColumnstoreWriter.DIRECT)
        yield database


@contextmanager
def emptied(database: Database) -> Iterator[Connection]:
    with database.connect() as conn:
        storage_of(conn).drop_aggregates()
        segments = storage_of(conn).layout is StorageLayout.SEGMENTS
        conn.execute("TRUNCATE reading_segment" if segments else "TRUNCATE reading")
        conn.execute("TRUNCATE ingest_file, ingest_batch, reject, conflict, file_overlap RESTART IDENTITY")
        yield conn


def check(
    conn: Connection,
    dashboard: psycopg.Connection[tuple[object, ...]],
    history: History,
    chance: random.Random,
) -> None:
    """Compare the table with the model in every way that a user can ask; dashboard: another program's session."""
    model, ids, storage = history.model, history.sensor_ids(), storage_of(conn)
    rows = list(table_rows(conn, ids))
    assert len(rows) == len({row[:2] for row in rows}), "a reading is there twice"
    assert {row[:2]: row[2] for row in rows} == model.table()
    assert storage.faults() == []
    assert storage.disorder() == []
    assert storage.span().readings == len(rows)
    for sensor in range(SENSORS):
        expected = model.of_sensor(sensor)
        low, high = sorted(chance.randrange(SPAN + 1) for _ in range(2))
        within = [row for row in expected if low <= row[0] < high]
        limit = chance.choice([1, 7, 110, 1500])
        span = "sensor_id = %s AND timestamp >= %s AND timestamp < %s"
        for direction, wanted in (("ASC", within), ("DESC", within[::-1])):
            for most in (None, limit):
                asked = dashboard.execute(
                    f"SELECT timestamp, sensor_value FROM reading WHERE {span} ORDER BY timestamp {direction}"
                    " LIMIT %s".encode(),
                    (ids[sensor], moment(low), moment(high), most),
                    prepare=True,
                ).fetchall()
                assert asked == [(moment(minute), value) for minute, value in wanted[:most]], (direction, most)
                by_function = dashboard.execute(
                    "SELECT timestamp, sensor_value FROM readings(%s, %s, %s)"
                    f" ORDER BY timestamp {direction} LIMIT %s".encode(),
                    (history.uuid(sensor), moment(low), moment(high), most),
                    prepare=True,
                ).fetchall()
                assert by_function == asked
        time, value = storage.whole_series(ids[sensor], START + MINUTE * low, START + MINUTE * high)
        assert ((time - START) // MINUTE).tolist() == [minute for minute, _ in within]
        assert value.tolist() == [value for _, value in within]
        pages = list(storage.series(ids[sensor], limit=limit))
        assert [int(t - START) // MINUTE for page, _ in pages for t in page] == [m for m, _ in expected[:limit]]
        every = chance.choice([5, 60, 1440])
        buckets: dict[int, list[float]] = {}
        for minute, number in within:
            buckets.setdefault(minute // every * every, []).append(number)
        for aggregate, of in (
            (Aggregate.COUNT, len), (Aggregate.MIN, min), (Aggregate.MAX, max),
            (Aggregate.FIRST, lambda values: values[0]), (Aggregate.LAST, lambda values: values[-1]),
        ):  # fmt: skip
            got = asked_buckets(conn, storage, ids[sensor], low, high, every, aggregate)
            assert list(got.values()) == [of(values) for values in buckets.values()], (aggregate, every)


def asked_buckets(
    conn: Connection, storage: ReadingStorage, sensor_id: int, low: int, high: int, every: int, aggregate: Aggregate
) -> dict[int, float]:
    start, end = START + MINUTE * low, START + MINUTE * high
    utc = LocalClock(np.array([start]), np.array([0]))
    time, value = read_buckets(conn, storage, sensor_id, start, end, Width(MINUTE * every), utc, aggregate)
    assert (np.diff(time) > 0).all()
    return dict(zip(((time - START) // MINUTE).tolist(), value.tolist(), strict=True))


def run(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    mode = chance.choice([OnDuplicate.SKIP, OnDuplicate.SKIP, OnDuplicate.REPLACE])
    with emptied(database) as conn, psycopg.connect(database.dsn, autocommit=True) as dashboard:
        # It plans its statements once, and trusts the server to say when that will not do any more.
        dashboard.execute("SET plan_cache_mode = force_generic_plan")
        dashboard.execute("SET timezone = 'UTC'")
        history = History(conn, chance, mode)
        try:
            for _ in range(STEPS):
                history.step()
                if chance.random() < 0.15:
                    full = chance.random() < 0.3
                    history.steps.append("compact --full" if full else "compact")
                    compact(database, full=full)
                check(conn, dashboard, history, chance)
        except BaseException:
            print(f"history {seed}:", *history.steps, sep="\n  ")
            raise


def run_at_once(database: Database, seed: int) -> None:
    """Two writers with files that overlap, new versions among them, beside a compaction that never stops."""
    chance = random.Random(seed)
    mode = chance.choice([OnDuplicate.SKIP, OnDuplicate.REPLACE])
    done = threading.Event()
    with emptied(database) as conn, psycopg.connect(database.dsn, autocommit=True) as dashboard:
        dashboard.execute("SET timezone = 'UTC'")
        histories = [History(conn, random.Random(seed * 2 + number), mode) for number in (0, 1)]
        model = histories[0].model

        def write(history: History, name: str) -> None:
            with database.connect() as own:
                history.go_on(own, model)
                for number in range(8):
                    history.write_beside_others(f"{name}{number % 6}")

        def keep_compacting() -> None:
            while not done.is_set():
                compact(database, full=chance.random() < 0.2)

        with ThreadPoolExecutor(3) as pool:
            compacting = pool.submit(keep_compacting)
            writers = [pool.submit(write, history, name) for history, name in zip(histories, "ab", strict=True)]
            try:
                for writer in writers:
                    writer.result()
            finally:
                done.set()
            compacting.result()
        histories[0].go_on(conn, model)
        histories[0].read_again()
        check(conn, dashboard, histories[0], chance)
        compact(database)
        check(conn, dashboard, histories[0], chance)


@pytest.mark.parametrize("seed", range(2))
def test_writers_and_compactions_at_once_end_as_a_dict_says(shared: Database, seed: int) -> None:
    run_at_once(shared, seed)


@pytest.mark.parametrize("seed", range(FEW))
def test_a_random_history_ends_as_a_dict_says(shared: Database, seed: int) -> None:
    run(shared, seed)


@pytest.mark.faults
def test_many_random_histories_end_as_a_dict_says(shared: Database) -> None:
    # On a machine that checks every change, a part of them, another one each day.
    part = 10 if os.environ.get("CI") else 1
    for seed in range(2, ALL // 10, part):
        run_at_once(shared, seed)
    for seed in range(FEW + datetime.now(UTC).timetuple().tm_yday % part, ALL, part):
        run(shared, seed)

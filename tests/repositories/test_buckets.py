"""Hours and days from aggregates equal those from readings, after any changes and kills."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime

import numpy as np
import psycopg
import pytest

from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories import (
    Connection,
    Database,
    Series,
    ensure_schema,
    has_aggregates,
    policies,
    sort_readings,
    storage_of,
)
from iotctl.repositories.readings.bucket_grid import LocalClock, Width
from iotctl.repositories.readings.buckets import Aggregate, read_buckets
from tests.slow_aggregates import OF

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
START = 1_420_070_400_000_000  # 2015-01-01 00:00 UTC
DAYS = 70
WIDTHS = (900, 3600, 5400, 7200, 86400, 86400 * 7, 86400 * 1.5)
SENSORS = (1, 2)


def load(conn: Connection, layout: StorageLayout, sensor: int, time: list[int], value: float, file_id: int = 1) -> None:
    loader = storage_of(conn)
    values = np.random.default_rng(len(time)).normal(value, 1e3, len(time))
    batch = sort_readings(np.full(len(time), sensor, dtype=np.int32), np.array(time, dtype=np.int64), values)
    with loader.batch(batch):
        loader.write(batch, file_id, OnDuplicate.REPLACE)


def fill(conn: Connection, layout: StorageLayout) -> None:
    for sensor in SENSORS:
        load(conn, layout, sensor, list(range(START, START + DAYS * DAY, 40 * MINUTE)), 10.0)


def in_utc(
    conn: Connection, layout: StorageLayout, sensor: int, start: int, end: int, every: float, aggregate: Aggregate
) -> Series:
    """Buckets of so many seconds; tests/repositories/test_local_buckets.py has those of other zones."""
    clock = LocalClock(np.array([start]), np.array([0]))
    return read_buckets(conn, storage_of(conn), sensor, start, end, Width(int(every * 1e6)), clock, aggregate)


def by_loop(
    conn: Connection, sensor: int, start: int, end: int, every: float, aggregate: Aggregate
) -> dict[int, float]:
    """The obvious way: every reading, in Python."""
    width, groups = int(every * 1e6), dict[int, list[float]]()
    rows = conn.execute(
        "SELECT (extract(epoch FROM timestamp) * 1000000)::bigint, sensor_value FROM reading WHERE sensor_id = %s"
        " ORDER BY timestamp",
        (sensor,),
    ).fetchall()
    for moment, value in rows:
        if start <= moment < end:
            groups.setdefault(max(start, moment // width * width), []).append(value)
    return {bucket: OF[aggregate](values) for bucket, values in groups.items()}


def agree(conn: Connection, layout: StorageLayout, seed: int, rounds: int = 12) -> None:
    """Random ranges, widths and aggregates: the answer is that of the loop."""
    chosen = random.Random(seed)
    for _ in range(rounds):
        sensor, every = chosen.choice(SENSORS), chosen.choice(WIDTHS)
        aggregate = chosen.choice(list(Aggregate))
        start = START + chosen.randrange(-5 * DAY, DAYS * DAY)
        end = start + chosen.choice((HOUR, 3 * DAY, 40 * DAY)) + chosen.randrange(DAY)
        if chosen.random() < 0.3:
            start, end = start // DAY * DAY, end // DAY * DAY + DAY
        time, value = in_utc(conn, layout, sensor, start, end, every, aggregate)
        expected = by_loop(conn, sensor, start, end, every, aggregate)
        assert time.tolist() == sorted(expected)
        exact = aggregate not in (Aggregate.MEAN, Aggregate.SUM)
        wanted = [expected[bucket] for bucket in sorted(expected)]
        assert value.tolist() == (wanted if exact else pytest.approx(wanted, rel=1e-9, abs=1e-6))


def agree_on_day(conn: Connection, layout: StorageLayout, day: int) -> None:
    """On one day, that has been spoiled elsewhere."""
    start, end = START + day * DAY, START + (day + 1) * DAY
    for aggregate in (Aggregate.MIN, Aggregate.MAX, Aggregate.COUNT):
        time, value = in_utc(conn, layout, 1, start, end, 86400, aggregate)
        expected = by_loop(conn, 1, start, end, 86400, aggregate)
        assert dict(zip(time.tolist(), value.tolist(), strict=True)) == expected


@pytest.fixture
def layout(conn: Connection) -> StorageLayout:
    """The layout, readings of two sensors, and fresh aggregates of them."""
    layout = ensure_schema(conn)
    fill(conn, layout)
    storage_of(conn).make_aggregates()
    storage_of(conn).refresh_aggregates()
    return layout


def stored_in(conn: Connection, layout: StorageLayout, name: str) -> str:
    """The table behind an aggregate."""
    if layout is StorageLayout.SEGMENTS:
        return name
    row = conn.execute(
        "SELECT format('%%I.%%I', materialization_hypertable_schema, materialization_hypertable_name)"
        " FROM timescaledb_information.continuous_aggregates WHERE view_name = %s",
        (name,),
    ).fetchone()
    assert row is not None
    return str(row[0])


def poison(conn: Connection, layout: StorageLayout) -> None:
    """Make the stored aggregates wrong, directly in the table: a right result then did not come from them."""
    for name in ("reading_hourly", "reading_daily"):
        conn.execute(f"UPDATE {stored_in(conn, layout, name)} SET min = -1e12".encode())


def spoiled(
    conn: Connection, layout: StorageLayout, every: float, start: int = START, end: int = START + DAYS * DAY
) -> set[int]:
    """The buckets that were answered from what poison has spoiled, as days since START."""
    time, value = in_utc(conn, layout, 1, start, end, every, Aggregate.MIN)
    return {(int(bucket) - START) // DAY for bucket in time[value == -1e12]}


def test_aggregates_answer_as_the_readings_do(conn: Connection, layout: StorageLayout) -> None:
    agree(conn, layout, 1, rounds=40)


def test_aggregates_are_what_is_read_where_they_are_fresh(conn: Connection, layout: StorageLayout) -> None:
    poison(conn, layout)
    assert spoiled(conn, layout, 86400) == set(range(DAYS))
    assert spoiled(conn, layout, 7200) == set(range(DAYS))
    assert spoiled(conn, layout, 1800) == set()
    # Ragged ends come from the readings.
    assert spoiled(conn, layout, 86400, START + HOUR, START + 3 * DAY + HOUR) == {1, 2}


def only_near(conn: Connection, layout: StorageLayout, *days: int) -> bool:
    """Whether the answer came from the readings on these days, and from what is kept on all others.

    Where one reading of a segment changes, all days of the segment, half a month here, are computed anew.
    """
    far = 16 if layout is StorageLayout.SEGMENTS else 0
    near = {other for day in days for other in range(day - far, day + far + 1)}
    found = spoiled(conn, layout, 86400)
    return not found & set(days) and set(range(DAYS)) - near <= found


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO reading VALUES (1, 0, '2015-01-20 12:01Z', -7e9)",
        "INSERT INTO reading VALUES (1, 5, '2015-01-20 12:01Z', -7e9)",
        "UPDATE reading SET sensor_value = -7e9 WHERE sensor_id = 1 AND timestamp = '2015-01-20 12:00Z'",
        "UPDATE reading SET timestamp = '2015-01-20 12:01Z' WHERE sensor_id = 1 AND timestamp = '2015-01-20 12:00Z'",
        "DELETE FROM reading WHERE sensor_id = 1 AND timestamp = '2015-01-20 12:00Z'",
    ],
)
def test_what_another_program_writes_is_in_the_next_answer(
    database: Database, conn: Connection, layout: StorageLayout, change: str
) -> None:
    with psycopg.connect(database.dsn) as other:  # a session of its own, in the machine's own zone
        other.execute(change.encode())
    agree(conn, layout, 2)
    poison(conn, layout)
    assert only_near(conn, layout, 19)
    storage_of(conn).refresh_aggregates()
    assert only_near(conn, layout, 19)
    agree_on_day(conn, layout, 19)


def test_a_reading_that_moves_to_another_month_leaves_no_trace(conn: Connection, layout: StorageLayout) -> None:
    if layout is not StorageLayout.SEGMENTS:
        pytest.skip("TimescaleDB moves no row to another chunk")
    poison(conn, layout)
    conn.execute(
        "UPDATE reading SET timestamp = timestamp + interval '31 days 1 minute'"
        " WHERE sensor_id = 1 AND timestamp = '2015-01-20 12:00Z'"
    )
    assert only_near(conn, layout, 19, 50)
    storage_of(conn).refresh_aggregates()
    for day in (19, 50):
        agree_on_day(conn, layout, day)


def test_late_and_replaced_readings_are_in_the_next_answer(conn: Connection, layout: StorageLayout) -> None:
    load(conn, layout, 1, list(range(START + 3 * DAY, START + 5 * DAY, 40 * MINUTE)), 99.0, 2)  # replaces
    load(conn, layout, 1, list(range(START + 8 * DAY + MINUTE, START + 9 * DAY, 40 * MINUTE)), 5.0, 2)  # late
    load(conn, layout, 1, list(range(START + DAYS * DAY, START + (DAYS + 40) * DAY, 4 * HOUR)), 5.0, 2)  # new months
    agree(conn, layout, 4, rounds=24)
    storage_of(conn).refresh_aggregates()
    agree(conn, layout, 5, rounds=24)
    poison(conn, layout)
    assert spoiled(conn, layout, 86400) == set(range(DAYS))


def test_a_transaction_that_is_rolled_back_changes_nothing(conn: Connection, layout: StorageLayout) -> None:
    poison(conn, layout)
    with conn.transaction(force_rollback=True):
        conn.execute("DELETE FROM reading WHERE sensor_id = 1")
    assert spoiled(conn, layout, 86400) == set(range(DAYS))


def test_an_answer_does_not_mix_two_moments(database: Database, conn: Connection, layout: StorageLayout) -> None:
    """A change in flight is in no answer; a refresh meanwhile does not hide it once it commits."""
    with psycopg.connect(database.dsn) as other:
        other.execute("DELETE FROM reading WHERE sensor_id = 1 AND timestamp = '2015-01-20 12:00Z'")
        agree(conn, layout, 6)
        if layout is StorageLayout.SEGMENTS:
            storage_of(conn).refresh_aggregates()
        other.commit()
    agree(conn, layout, 6)
    storage_of(conn).refresh_aggregates()
    agree(conn, layout, 6)


def test_a_killed_refresh_leaves_no_wrong_answer(database: Database, conn: Connection, layout: StorageLayout) -> None:
    conn.execute("UPDATE reading SET sensor_value = -7e9 WHERE sensor_id = 1 AND timestamp < '2015-01-20 12:00Z'")
    with psycopg.connect(database.dsn, autocommit=True) as doomed, psycopg.connect(database.dsn) as other:
        # It waits for the rows that another session has locked, until it is ended.
        other.execute(f"LOCK TABLE {stored_in(conn, layout, 'reading_daily')} IN SHARE MODE".encode())
        doomed.execute("SET statement_timeout = '500ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            storage_of(doomed).refresh_aggregates()
    agree(conn, layout, 7)
    storage_of(conn).refresh_aggregates()
    agree(conn, layout, 7)


def test_parts_that_come_and_go_by_hand_are_noticed(conn: Connection, layout: StorageLayout) -> None:
    if layout is StorageLayout.SEGMENTS:
        conn.execute("DELETE FROM reading_segment WHERE first < '2015-02-01 0:0Z'")
        agree(conn, layout, 8)
        conn.execute(
            "UPDATE reading_segment SET first = first + interval '9 minutes', last = last + interval '9 minutes'"
            " WHERE last < '2015-02-20'"
        )
    else:
        conn.execute("SELECT drop_chunks('reading', older_than => timestamptz '2015-02-10 00:00Z')")
    agree(conn, layout, 9)
    storage_of(conn).refresh_aggregates()
    agree(conn, layout, 9)
    conn.execute("TRUNCATE reading_segment" if layout is StorageLayout.SEGMENTS else "TRUNCATE reading")
    assert spoiled(conn, layout, 86400) == set()
    agree(conn, layout, 10)
    fill(conn, layout)
    agree(conn, layout, 10)


def test_freshness_is_told_within_the_span_of_the_readings(conn: Connection, layout: StorageLayout) -> None:
    assert [(state.name, state.stale) for state in policies(conn, storage_of(conn)).aggregates] == [
        ("reading_daily", None),
        ("reading_hourly", None),
    ]
    load(conn, layout, 2, [START + 5 * DAY + 90 * MINUTE + 1], 1.0, 2)
    daily, hourly = policies(conn, storage_of(conn)).aggregates
    if layout is StorageLayout.SEGMENTS:  # the segment that the reading lies in
        assert daily.stale is not None
        assert daily.stale[0] <= START + 5 * DAY < START + 6 * DAY <= daily.stale[1] <= START + 31 * DAY
    else:
        assert daily.stale == (START + 5 * DAY, START + 6 * DAY)
        assert hourly.stale == (START + 5 * DAY + HOUR, START + 5 * DAY + 2 * HOUR)
    assert daily.table_bytes > 0


def test_aggregates_switched_off_leave_nothing_behind(conn: Connection, layout: StorageLayout) -> None:
    storage_of(conn).drop_aggregates()
    assert not has_aggregates(conn)
    agree(conn, layout, 11)
    left = conn.execute(
        "SELECT relname FROM pg_class WHERE relname ~ '^reading_(hourly|daily|touched|summarised)' UNION ALL"
        " SELECT proname FROM pg_proc WHERE proname = 'reading_touch'"
    ).fetchall()
    assert left == []
    storage_of(conn).make_aggregates()
    load(conn, layout, 1, [START + 5 * MINUTE], 1.0, 2)
    agree(conn, layout, 11)


def test_a_load_in_flight_when_aggregates_are_made_is_in_the_answer(database: Database) -> None:
    with database.connect() as conn, database.connect() as other:
        layout = ensure_schema(conn)
        time = np.arange(START, START + DAYS * DAY, 40 * MINUTE)
        batch = sort_readings(np.ones(len(time), dtype=np.int32), time, np.ones(len(time)))
        loader = storage_of(conn)
        with loader.batch(batch):
            storage_of(other).make_aggregates()  # after the load looked, before it writes
            storage_of(other).refresh_aggregates()
            loader.write(batch, 1, OnDuplicate.SKIP)
        agree(conn, layout, 12)
        storage_of(conn).refresh_aggregates()
        agree(conn, layout, 12)


def test_a_load_that_has_written_when_aggregates_are_made_is_in_the_answer(database: Database) -> None:
    with database.connect() as conn, database.connect() as other, database.connect() as watcher:
        layout = ensure_schema(conn)
        load(conn, layout, 1, [START + 900 * DAY], 1.0)
        loader, time = storage_of(conn), np.arange(START, START + DAYS * DAY, 40 * MINUTE)
        batch = sort_readings(np.ones(len(time), dtype=np.int32), time, np.ones(len(time)))

        def make() -> None:
            storage_of(other).make_aggregates()
            storage_of(other).refresh_aggregates()

        waits = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event_type = 'Lock'"
        with ThreadPoolExecutor(1) as thread, loader.batch(batch):
            loader.write(batch, 1, OnDuplicate.SKIP)
            making = thread.submit(make)
            while not making.done() and watcher.execute(waits, (other.info.backend_pid,)).fetchone() is None:
                wait([making], timeout=0.02)
        making.result(60)
        agree(conn, layout, 13)
        storage_of(conn).refresh_aggregates()
        assert conn.execute("SELECT sum(readings) FROM reading_hourly").fetchone() == (1 + len(time),)


def test_infinite_and_missing_numbers_come_out_as_they_went_in(conn: Connection) -> None:
    layout = ensure_schema(conn)
    moments = [datetime(2015, 1, 1, hour, minute, tzinfo=UTC) for hour in range(4) for minute in (0, 30)]
    values = [1.0, float("nan"), float("inf"), 2.0, float("inf"), float("-inf"), 3.0, 4.0]
    rows = [(1, moment, value) for moment, value in zip(moments, values, strict=True)]
    conn.cursor().executemany("INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (%s, %s, %s)", rows)
    before = [in_utc(conn, layout, 1, START, START + DAY, 7200, aggregate)[1].tolist() for aggregate in list(Aggregate)]
    storage_of(conn).make_aggregates()
    storage_of(conn).refresh_aggregates()
    after = [in_utc(conn, layout, 1, START, START + DAY, 7200, aggregate)[1].tolist() for aggregate in list(Aggregate)]
    assert str(after) == str(before)

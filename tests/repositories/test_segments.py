"""Segments: every query returns the written readings, small ones are merged, and the database refuses duplicates."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest

from iotctl.model import OnDuplicate
from iotctl.repositories import Connection, Database, ReadingStorage, SortedReadings, open_storage, sort_readings
from iotctl.repositories.storage.segments.encoding import MOST_READINGS, SMALL, segment_starts
from iotctl.repositories.storage.segments.merging import FEWEST_SMALL
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from iotctl.services.compact import compact

SECOND, DAY = 1_000_000, 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = 1_580_342_400_000_000  # 2020-01-30 00:00 UTC

Rows = dict[tuple[int, int], float]


@pytest.fixture
def conn(postgres: Database) -> Iterator[Connection]:
    with postgres.connect() as conn:
        open_storage(conn)
        yield conn


@pytest.fixture
def storage(conn: Connection) -> ReadingStorage:
    return open_storage(conn)


def load(storage: ReadingStorage, rows: Rows, file_id: int = 1) -> None:
    batch = as_readings(rows)
    with storage.batch(batch):
        storage.write(batch, file_id, OnDuplicate.SKIP)


def as_readings(rows: Rows) -> SortedReadings:
    sensor, time = zip(*rows, strict=True)
    return sort_readings(np.array(sensor, np.int32), np.array(time, np.int64), np.array(list(rows.values())))


def by_view(conn: Connection) -> Rows:
    """All of the table as the view has it, by the server's own arithmetic."""
    rows = conn.execute("SELECT sensor_id, timestamp, sensor_value FROM reading ORDER BY 1, 2").fetchall()
    found = {}
    for sensor, time, value in rows:
        assert isinstance(time, datetime)
        found[int(str(sensor)), (time - EPOCH) // timedelta(microseconds=1)] = float(str(value))
    assert len(found) == len(rows)
    return found


def moment(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def count(conn: Connection, what: str = "") -> int:
    row = conn.execute(f"SELECT count(*) FROM reading_segment {what}".encode()).fetchone()
    assert row is not None
    return int(str(row[0]))


def any_times(chance: random.Random) -> list[int]:
    """Times of a sensor: even or not, to the second or the microsecond, near each other or years apart."""
    unit = chance.choice([1, 1000, SECOND, 60 * SECOND])
    step = chance.choice([1, 60, 3600, 86_400]) * SECOND
    jitter = chance.choice([0, 0, step // 3, step * 40])
    count = chance.choice([1, 2, 900, 1000, 1001, 2500])
    start = chance.choice([START, -2_208_988_800_000_000, 7_200_000_000_000_000])
    times = {start + (number * step + chance.randrange(jitter + 1)) // unit * unit for number in range(count)}
    return sorted(time for time in times if time < 7_258_118_400_000_000)


@pytest.mark.parametrize("seed", range(8))
def test_what_goes_in_comes_out_by_every_way_of_asking(conn: Connection, storage: ReadingStorage, seed: int) -> None:
    chance = random.Random(seed)
    rows = {(sensor, time): chance.gauss(0, 1) for sensor in (1, 2, 7) for time in any_times(chance)}
    load(storage, rows)
    assert by_view(conn) == rows
    assert storage.span().readings == len(rows)
    for sensor in (1, 2, 7):
        expected = {time: value for (of, time), value in rows.items() if of == sensor}
        time, value = storage.whole_series(sensor)
        assert dict(zip(time.tolist(), value.tolist(), strict=True)) == expected
        assert (np.diff(time) > 0).all()
        low, high = sorted(chance.choices(list(expected), k=2))
        within = [(time, value) for time, value in sorted(expected.items()) if low <= time < high]
        time, value = storage.whole_series(sensor, low, high)
        assert list(zip(time.tolist(), value.tolist(), strict=True)) == within
        pages = list(storage.series(sensor, low, high, limit=3))
        assert [int(one) for page, _ in pages for one in page] == [time for time, _ in within[:3]]
        asked = conn.execute(
            "SELECT timestamp, sensor_value FROM readings_of(%s, %s, %s) ORDER BY timestamp",
            (sensor, moment(low), moment(high)),
        ).fetchall()
        assert asked == [(moment(time), value) for time, value in within]


def test_segments_are_of_one_month_and_cut_evenly() -> None:
    time = START + np.arange(0, 10 * DAY, 120 * SECOND)  # 720 a day; a month ends after two days
    readings = OwnedReadings(np.ones(len(time), np.int32), time, np.ones(len(time), np.int32), np.zeros(len(time)))
    lengths = np.diff(segment_starts(readings), append=len(time)).tolist()
    assert lengths == [720, 720, 960, 960, 960, 960, 960, 960]
    assert max(lengths) <= MOST_READINGS


def test_the_database_refuses_a_second_segment_over_the_same_time(conn: Connection, storage: ReadingStorage) -> None:
    load(storage, {(1, START + SECOND * second): 1.0 for second in range(10)})
    add = (
        "INSERT INTO reading_segment (sensor_id, file_id, readings, first, last, unit, sensor_values)"
        " VALUES (%s, 2, 2, %s, %s, 1000000, '{1,2}')"
    )
    with pytest.raises(psycopg.errors.ExclusionViolation):
        conn.execute(add, (1, moment(START + 9 * SECOND), moment(START + 10 * SECOND)))
    conn.execute(add, (1, moment(START + 9 * SECOND + 1), moment(START + 10 * SECOND + 1)))
    conn.execute(add, (2, moment(START + 9 * SECOND), moment(START + 10 * SECOND)))
    assert storage.faults() == []
    conn.execute("ALTER TABLE reading_segment DROP CONSTRAINT reading_segment_reading_span_excl")
    assert "exclusion constraint" in storage.faults()[0]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM readings_of(3, '2020-03-01Z', '2020-03-02Z')",
        "SELECT * FROM readings_of(ARRAY[3, 4], '2020-03-01Z', '2020-03-02Z')",
        "SELECT * FROM readings('00000003-0000-4000-8000-000000000000'::text, '2020-03-01Z', '2020-03-02Z')",
        "SELECT * FROM readings(ARRAY['pump 3', 'pump 4'], '2020-03-01Z', '2020-03-02Z')",
        "SELECT last_reading_of(3)",
    ],
)
def test_the_planner_finds_segments_by_their_key(conn: Connection, storage: ReadingStorage, query: str) -> None:
    conn.execute(
        "INSERT INTO sensor (sensor_id, sensor_uuid, sensor_name) SELECT n,"
        " (lpad(n::text, 8, '0') || '-0000-4000-8000-000000000000')::uuid, 'pump ' || n FROM generate_series(1, 50) n"
    )
    load(storage, {(sensor, START + DAY * day // 8): 1.0 for sensor in range(1, 51) for day in range(8 * 300)})
    conn.execute("VACUUM (ANALYZE) reading_segment")
    rows = conn.execute(f"SELECT * FROM ({query}) AS asked".encode()).fetchall()
    assert len(rows) == (16 if "ARRAY" in query else 1 if "last" in query else 8)
    plan = "\n".join(str(line) for (line,) in conn.execute(f"EXPLAIN (ANALYZE) {query}".encode()))
    if "last" not in query:  # that one is no part of the plan
        assert "Seq Scan on reading_segment" not in plan
        assert "reading_segment_pkey" in plan


def test_readings_that_come_one_by_one_do_not_grow_without_bound(conn: Connection, storage: ReadingStorage) -> None:
    rows: Rows = {}
    ticks = 10 * FEWEST_SMALL
    for tick in range(ticks):
        now = {(sensor, START + 60 * SECOND * tick): float(tick) for sensor in range(1, 6)}
        load(storage, now, file_id=tick + 1)
        rows |= now
        assert count(conn) <= sum(FEWEST_SMALL + sensor + 1 for sensor in range(1, 6))
    assert by_view(conn) == rows
    assert storage.rows_by_file() == {tick + 1: 5 for tick in range(ticks)}


def test_compact_merges_what_is_small_and_leaves_what_lies_between(
    postgres: Database, conn: Connection, storage: ReadingStorage
) -> None:
    rows: Rows = {}
    for number, minutes in enumerate((range(5), range(10, 15), range(100, 1100), range(2000, 2005), range(2010, 2011))):
        some = {(1, START + 60 * SECOND * minute): float(number) for minute in minutes}
        load(storage, some, file_id=number)
        rows |= some
    assert count(conn) == storage.parts().count == 5
    assert storage.parts().loose == 4  # and one of them is merged with the large one beside it
    assert compact(postgres).parts == 5
    assert count(conn, f"WHERE readings < {SMALL}") == storage.parts().loose == 0
    assert by_view(conn) == rows
    assert compact(postgres).parts == 0


@pytest.mark.parametrize("seed", range(4))
def test_other_programs_change_readings_by_the_view(conn: Connection, storage: ReadingStorage, seed: int) -> None:
    """Against a dict, over segments of every form: even, uneven, far, of several files."""
    chance = random.Random(seed)
    times = {
        START + number * (60 * SECOND if seed % 2 else DAY // 3 + chance.randrange(DAY // 3)) for number in range(60)
    }
    rows = {(1, time): float(number) for number, time in enumerate(sorted(times))}
    half = dict(list(rows.items())[::2])
    load(storage, half, 1)
    load(storage, rows, 2)
    for _ in range(60):
        kind, key = chance.choice(["insert", "update", "move", "delete"]), chance.choice(list(rows))
        free = (1, key[1] + chance.choice([-1, 1, 30 * SECOND]))
        where = (key[0], moment(key[1]))
        if kind == "insert" and free not in rows:
            conn.execute(
                "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, %s, -1)", (moment(free[1]),)
            )
            rows[free] = -1.0
        elif kind == "update":
            rows[key] = chance.random()
            conn.execute(
                "UPDATE reading SET sensor_value = %s WHERE sensor_id = %s AND timestamp = %s", (rows[key], *where)
            )
        elif kind == "move" and free not in rows:
            rows[free] = rows.pop(key)
            conn.execute(
                "UPDATE reading SET timestamp = %s WHERE sensor_id = %s AND timestamp = %s", (moment(free[1]), *where)
            )
        elif kind == "delete":
            gone = conn.execute("DELETE FROM reading WHERE sensor_id = %s AND timestamp = %s", where)
            assert gone.rowcount == 1
            del rows[key]
    with pytest.raises(psycopg.errors.UniqueViolation, match="already"):
        conn.execute(
            "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, %s, 5)", (moment(max(rows)[1]),)
        )
    assert by_view(conn) == dict(sorted(rows.items()))
    time, _ = storage.whole_series(1)
    assert time.tolist() == sorted(time for _, time in rows)


def test_a_user_who_may_insert_by_the_view_needs_no_right_on_the_table(postgres: Database, conn: Connection) -> None:
    conn.execute("DROP ROLE IF EXISTS feeder")
    conn.execute("CREATE ROLE feeder")
    conn.execute("GRANT SELECT, INSERT ON reading TO feeder")
    conn.execute("GRANT USAGE ON SCHEMA public TO feeder")
    try:
        with psycopg.connect(postgres.dsn, autocommit=True) as other:
            other.execute("SET ROLE feeder")
            other.execute("INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (1, '2020-01-01Z', 5)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                other.execute("DELETE FROM reading_segment")
        assert by_view(conn) == {(1, 1_577_836_800_000_000): 5.0}
    finally:
        conn.execute("DROP OWNED BY feeder")
        conn.execute("DROP ROLE feeder")


def test_the_last_reading_before_a_moment(conn: Connection, storage: ReadingStorage) -> None:
    load(storage, {(1, START + number * DAY // 7): 1.0 for number in range(40)})
    times = [time for _, time in by_view(conn)]
    for before in (times[0], times[0] + 1, times[11], times[25] + 5, times[-1], times[-1] + 9, times[-1] + 99 * DAY):
        row = conn.execute("SELECT last_reading_of(1, %s)", (moment(before),)).fetchone()
        assert row == (max((moment(time) for time in times if time < before), default=None),)
    assert conn.execute("SELECT last_reading_of(1), last_reading_of(2)").fetchone() == (moment(times[-1]), None)

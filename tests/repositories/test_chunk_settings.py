"""A person may change how the table is cut, compressed and watched: queries and compact stay right."""

from __future__ import annotations

import numpy as np
import psycopg
import pytest

from iotctl.errors import IotctlError
from iotctl.model import ColumnstoreWriter, OnDuplicate
from iotctl.repositories import Connection, Database, open_storage, storage_of
from iotctl.repositories.storage.sorted_readings import SortedReadings
from iotctl.services.compact import compact

MINUTE = 60_000_000
START = 1_577_836_800_000_000  # 2020-01-01 00:00 UTC

# More readings than a series reads before it turns to the batches themselves.
MANY = 21_000

SETTINGS = [
    ("timestamp DESC", "sensor_id"),
    ("sensor_value", "sensor_id"),
    ("file_id, timestamp", "sensor_id"),
    ("timestamp", "sensor_id, file_id"),
    ("timestamp", ""),
]


def load(conn: Connection, first: int, end: int, file_id: int = 1) -> None:
    number = np.tile(np.arange(first, end), 2)
    sensor_id = np.repeat(np.arange(1, 3, dtype=np.int32), end - first)
    readings = SortedReadings(sensor_id, START + MINUTE * number, number.astype(float))
    storage = storage_of(conn)
    with storage.batch(readings):
        storage.write(readings, file_id, OnDuplicate.SKIP)


def compress_by(conn: Connection, orderby: str, segmentby: str) -> None:
    settings = f"timescaledb.compress_orderby = '{orderby}', timescaledb.compress_segmentby = '{segmentby}'"
    conn.execute(f"ALTER TABLE reading SET ({settings})".encode())


def check(conn: Connection, end: int) -> None:
    """Whether every way to ask gives one reading a minute until the end; they are not sorted by who checks."""
    storage = storage_of(conn)
    time, value = storage.whole_series(1)
    assert np.array_equal(value, np.arange(end))
    assert np.array_equal(time, START + MINUTE * np.arange(end))
    # A condition that the server cannot look up in what batches say of themselves, and the one that it can.
    asked = "SELECT count(*) FROM reading WHERE sensor_id = 1 AND timestamp {} >= '2020-01-04 01:02Z'"
    assert conn.execute(asked.format("").encode()).fetchone() == (end - 3 * 1440 - 62,)
    assert conn.execute(asked.format("+ interval '0'").encode()).fetchone() == (end - 3 * 1440 - 62,)
    rows = conn.execute("SELECT sensor_value FROM reading WHERE sensor_id = 2 ORDER BY timestamp DESC").fetchall()
    assert [row[0] for row in rows] == list(range(end - 1, -1, -1))
    assert storage.faults() == []
    assert storage.disorder() == []


@pytest.mark.parametrize("writer", list(ColumnstoreWriter))
@pytest.mark.parametrize(("orderby", "segmentby"), SETTINGS)
def test_answers_stay_right_in_another_order(
    timescale: Database, orderby: str, segmentby: str, writer: ColumnstoreWriter
) -> None:
    with timescale.connect() as conn:
        open_storage(conn).set_writer(writer)
        load(conn, 0, 9000)
        compress_by(conn, orderby, segmentby)
        load(conn, 8000, 12_000, 2)
        check(conn, 12_000)
        compact(timescale)
        check(conn, 12_000)
        load(conn, 11_000, MANY, 3)
        compact(timescale, full=True)
        check(conn, MANY)


def test_batches_that_are_read_backwards_and_are_not_are_found_and_mended(timescale: Database) -> None:
    with timescale.connect() as conn:
        storage = open_storage(conn)
        load(conn, 0, 9000)
        compress_by(conn, "timestamp DESC", "sensor_id")
        conn.execute("SELECT compress_chunk(chunk, recompress => true) FROM show_chunks('reading') AS chunk")
        assert len(storage.faults()) == 1
        with pytest.raises(IotctlError, match="wrong order"):
            storage.whole_series(1)
        compact(timescale)
        check(conn, 9000)
        compress_by(conn, "timestamp", "sensor_id")
        compact(timescale, full=True)
        check(conn, 9000)


COUNT_ROWS = """
    CREATE TABLE seen (sensor_id int);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO public.seen VALUES (NEW.sensor_id); RETURN NEW; END $$;
    CREATE TRIGGER see AFTER INSERT ON reading FOR EACH ROW EXECUTE FUNCTION see()
"""


@pytest.mark.parametrize("empty", [True, False])
def test_a_table_that_is_divided_by_sensors_gives_each_its_readings(timescale: Database, empty: bool) -> None:
    divide = b"SELECT add_dimension('reading', by_hash('sensor_id', 3))"
    with timescale.connect() as conn:
        open_storage(conn)
        if not empty:
            load(conn, 0, 5000)
        conn.execute(divide)
        load(conn, 3000 if not empty else 0, 9000, 2)
        check(conn, 9000)
        load(conn, 40 * 1440, 41 * 1440)
        assert [len(storage_of(conn).whole_series(sensor)[0]) for sensor in (1, 2)] == [9000 + 1440] * 2
        compact(timescale, full=True)
        assert [len(storage_of(conn).whole_series(sensor)[0]) for sensor in (1, 2)] == [9000 + 1440] * 2


def test_triggers_and_constraints_of_a_person_see_every_reading(timescale: Database) -> None:
    with timescale.connect() as conn:
        storage = open_storage(conn)
        load(conn, 0, 500)
        conn.execute(COUNT_ROWS.encode())
        assert storage_of(conn).direct_because() == "the table of readings is watched by a trigger"
        load(conn, 400, 1000, 2)
        assert conn.execute("SELECT count(*) FROM seen WHERE sensor_id > 0").fetchone() == (2 * 500,)
        conn.execute("DROP TRIGGER see ON reading")
        assert storage_of(conn).direct_because() is None
        conn.execute("ALTER TABLE reading ADD CONSTRAINT low CHECK (sensor_value < 1500)")
        with pytest.raises(psycopg.errors.CheckViolation):
            load(conn, 1000, 2000, 3)
        assert storage.span().readings == 2 * 1000


def test_a_reading_that_another_program_doubled_is_no_wrong_order(timescale_direct: Database) -> None:
    with timescale_direct.connect() as conn:
        load(conn, 0, 1000)
        conn.execute("INSERT INTO reading SELECT * FROM reading WHERE sensor_id = 1 AND sensor_value = 500")
        time, value = storage_of(conn).whole_series(1)
        assert value.tolist() == sorted([*range(1000), 500])
        assert np.array_equal(time, START + MINUTE * value.astype(int))

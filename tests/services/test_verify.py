"""Verify finds every kind of damage made by hand in a table, and nothing where there is none."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest

from iotctl.errors import IotctlError
from iotctl.formats import ReadOptions
from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories import Connection, Database, ensure_schema, open_storage
from iotctl.repositories.readings.audit import Audit
from iotctl.services.compact import compact
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.progress import Silent
from iotctl.services.ingest.selection import Selection
from iotctl.services.verify.compare import Fault
from iotctl.services.verify.file_readings import FileReadings
from iotctl.services.verify.verify import Difference, Verification, is_drawn, verify
from iotctl.sources import StoreSettings
from iotctl.workers.threads import Threads
from tests.conftest import new_database
from tests.store import S3Server

HEADER = "timestamp;sensor_uuid;sensor_value\n"
ZONE = ZoneInfo("Europe/Berlin")
SENSORS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(8)]
# The clock goes back on 2014-10-26, and 02:00 to 03:00 comes twice.
START = datetime(2014, 10, 25, 20, tzinfo=UTC)
STEP = timedelta(minutes=10)
STORE = StoreSettings()


def options(on_duplicate: OnDuplicate = OnDuplicate.SKIP) -> LoadOptions:
    return LoadOptions(ReadOptions(allow_nan=True, batch_rows=300, block_bytes=8000), on_duplicate)


def load(folder: Path, database: Database, on_duplicate: OnDuplicate = OnDuplicate.SKIP) -> None:
    with Threads(2) as threads:
        IngestRun(IngestRequest(str(folder), STORE, options(on_duplicate)), database, threads, Silent(), Event()).run()


def found(
    folder: Path | str,
    database: Database,
    verdict: Verification | None = None,
    sample: float = 1.0,
    selection: Selection | None = None,
) -> list[Difference]:
    return list(
        verify(
            str(folder),
            database,
            STORE,
            verdict or Verification(),
            listener=Silent(),
            sample=sample,
            selection=selection,
        )
    )


def faults(differences: list[Difference]) -> dict[tuple[str | None, Fault], int]:
    """(File's name, kind) -> readings."""
    counts: Counter[tuple[str | None, Fault]] = Counter()
    for difference in differences:
        name = None if difference.file is None else Path(difference.file).name
        counts[name, difference.fault] += difference.count or 1
    return dict(counts)


def write(path: Path, lines: list[str], age: int = 0) -> None:
    """age: seconds since a fixed moment that the file was changed at."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER + "".join(f"{line}\n" for line in lines))
    os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))


def rows(sensors: list[int], start: datetime, count: int, *, local: bool, seed: int) -> list[str]:
    """A line per sensor and step; local: times without an offset."""
    noise = random.Random(seed)
    lines = []
    for number in range(count):
        moment = (start + number * STEP).astimezone(ZONE)
        text = (moment.replace(tzinfo=None) if local else moment).isoformat(sep=" ")
        for sensor in sensors:
            value = noise.choice(["0.0", "-0.0", "nan", repr(noise.random()), repr(noise.random())])
            lines.append(f"{text};{SENSORS[sensor]};{value}")
    return lines


def write_files(folder: Path, numbers: list[int]) -> None:
    """Files that overlap: 1 has the doubled hour, rejects and a reading twice, 2 has others for half of its time."""
    if 1 in numbers:
        lines = rows([0, 1, 2, 3], START, 500, local=True, seed=1)
        lines += ["nonsense", f"{START.isoformat()};{SENSORS[0]};7.25", f"2014-10-27 12:00;{SENSORS[7]};abc"]
        write(folder / "1.csv", lines, age=1)
    if 2 in numbers:
        lines = rows([2, 3, 4, 5], START + 250 * STEP, 500, local=False, seed=2)
        same = rows([3], START + 400 * STEP, 100, local=False, seed=3)
        write(folder / "2.csv", lines + same, age=2)
    if 3 in numbers:
        write(folder / "3.csv", rows([0, 6], START + timedelta(days=365), 200, local=False, seed=4), age=3)
    if 4 in numbers:
        lines = rows([0], START + STEP / 2, 300, local=False, seed=5)
        write(folder / "4.csv", lines + rows([3], START + 420 * STEP, 60, local=False, seed=3), age=4)


@pytest.mark.parametrize("on_duplicate", [OnDuplicate.SKIP, OnDuplicate.REPLACE])
@pytest.mark.parametrize("order", [[[1, 2, 3, 4]], [[4], [2, 3], [1]], [[2], [1], [4], [3]]])
def test_nothing_differs_after_loads_in_any_order(
    database: Database, tmp_path: Path, order: list[list[int]], on_duplicate: OnDuplicate
) -> None:
    for numbers in order:
        write_files(tmp_path / "t", numbers)
        load(tmp_path / "t", database, on_duplicate)
        verdict = Verification()
        assert found(tmp_path / "t", database, verdict) == []
    # By hand: each (sensor, time) of a file once. 1 has 500 times 4, and one more that is there already; 2 has 500
    # times 4, of which 100 again; 3 has 400; 4 has 360.
    assert (verdict.files, verdict.readings) == (4, 2000 + 2000 + 400 + 360)
    compact(database, full=True)
    assert found(tmp_path / "t", database) == []


def test_each_file_is_judged_by_the_options_it_was_loaded_with(database: Database, tmp_path: Path) -> None:
    write_files(tmp_path / "t", [1])
    load(tmp_path / "t", database)
    write_files(tmp_path / "t", [2])
    load(tmp_path / "t", database, OnDuplicate.REPLACE)
    assert found(tmp_path / "t", database) == []
    with database.connect() as conn:
        conn.execute('UPDATE ingest_file SET options = options || \'{"on_duplicate": "skip"}\'')
    # 2.csv has some readings twice itself.
    assert set(faults(found(tmp_path / "t", database))) == {("1.csv", Fault.DIFFERENT), ("2.csv", Fault.DIFFERENT)}


# --- damage


@dataclass
class Loaded:
    """A database with the four files, and the readings that are damaged: of 1.csv, unless another is named."""

    database: Database
    conn: Connection
    layout: StorageLayout
    folder: Path

    def file_id(self, name: str) -> int:
        row = self.conn.execute("SELECT file_id FROM ingest_file WHERE uri = %s", (str(self.folder / name),)).fetchone()
        assert row is not None
        return int(str(row[0]))

    def sensor_id(self, number: int) -> int:
        row = self.conn.execute("SELECT sensor_id FROM sensor WHERE sensor_uuid = %s", (SENSORS[number],)).fetchone()
        assert row is not None
        return int(str(row[0]))

    def at(self, number: int, step: int) -> str:
        """The condition for one reading."""
        return f"sensor_id = {self.sensor_id(number)} AND timestamp = '{(START + step * STEP).isoformat()}'"

    def change(self, statement: str, expected: int) -> None:
        assert self.conn.execute(statement.encode()).rowcount == expected

    def insert(self, sensor_id: int, file_id: int, moment: datetime, value: str = "1.5") -> None:
        self.change(f"INSERT INTO reading VALUES ({sensor_id}, {file_id}, '{moment.isoformat()}', {value})", 1)


def value_of(line: int) -> float:
    """Of a line of 1.csv, without the header."""
    return float(rows([0, 1, 2, 3], START, 500, local=True, seed=1)[line].split(";")[2])


def lines_with(text: str) -> list[int]:
    """Steps of sensor 0 in 1.csv at which its value is written so."""
    lines = rows([0, 1, 2, 3], START, 500, local=True, seed=1)
    return [line // 4 for line in range(0, 2000, 4) if lines[line].endswith(f";{text}")]


def ordinary() -> list[int]:
    """Steps of sensor 0 in 1.csv at which its value is neither zero nor NaN."""
    return [step for step in range(500) if value_of(4 * step) != 0 and not np.isnan(value_of(4 * step))]


def delete_one(it: Loaded) -> None:
    it.change(f"DELETE FROM reading WHERE {it.at(0, 77)}", 1)


def change_by_one_ulp(it: Loaded) -> None:
    step = ordinary()[30]
    near = float(np.nextafter(value_of(4 * step), np.inf))
    it.change(f"UPDATE reading SET sensor_value = {near!r} WHERE {it.at(0, step)}", 1)


def make_nan(it: Loaded) -> None:
    it.change(f"UPDATE reading SET sensor_value = 'NaN' WHERE {it.at(0, ordinary()[50])}", 1)


def make_number_of_nan(it: Loaded) -> None:
    it.change(f"UPDATE reading SET sensor_value = 0 WHERE {it.at(0, lines_with('nan')[9])}", 1)


def drop_sign_of_zero(it: Loaded) -> None:
    it.change(f"UPDATE reading SET sensor_value = 0 WHERE {it.at(0, lines_with('-0.0')[9])}", 1)


def swap_two_values(it: Loaded) -> None:
    one, other = ordinary()[60:62]
    for step, value in ((one, value_of(4 * other)), (other, value_of(4 * one))):
        it.change(f"UPDATE reading SET sensor_value = {value!r} WHERE {it.at(0, step)}", 1)


def move_by_a_microsecond(it: Loaded) -> None:
    it.change(f"DELETE FROM reading WHERE {it.at(1, 100)}", 1)
    moment = START + 100 * STEP + timedelta(microseconds=1)
    it.insert(it.sensor_id(1), it.file_id("1.csv"), moment, f"'{value_of(401)!r}'")


def move_two_against_each_other(it: Loaded) -> None:
    """Two equal values, one a microsecond later, one earlier: count, values and the sum of times stay."""
    first, second = [step for step in lines_with("0.0") if 200 <= step < 344][:2]
    for step, by in ((first, 1), (second, -1)):
        it.change(f"DELETE FROM reading WHERE {it.at(0, step)}", 1)
        it.insert(it.sensor_id(0), it.file_id("1.csv"), START + step * STEP + timedelta(microseconds=by), "0.0")


def move_to_another_sensor(it: Loaded) -> None:
    it.change(f"DELETE FROM reading WHERE {it.at(1, 100)}", 1)
    it.insert(it.sensor_id(6), it.file_id("1.csv"), START + 100 * STEP, f"'{value_of(401)!r}'")


def move_to_a_sensor_that_is_none(it: Loaded) -> None:
    it.change(f"DELETE FROM reading WHERE {it.at(1, 100)}", 1)
    it.insert(9999, it.file_id("1.csv"), START + 100 * STEP, f"'{value_of(401)!r}'")


def add_on_a_day_of_the_file(it: Loaded) -> None:
    it.insert(it.sensor_id(0), it.file_id("1.csv"), START + 7 * STEP + timedelta(seconds=1))


def add_in_another_year(it: Loaded) -> None:
    it.insert(it.sensor_id(0), it.file_id("1.csv"), datetime(2001, 2, 3, tzinfo=UTC))


def add_of_an_unknown_file(it: Loaded) -> None:
    it.insert(it.sensor_id(0), 777, datetime(2014, 10, 27, 1, 1, 1, tzinfo=UTC))


def give_to_an_unknown_file(it: Loaded) -> None:
    it.change(f"UPDATE reading SET file_id = 777 WHERE {it.at(0, 77)}", 1)


def give_to_a_later_file(it: Loaded) -> None:
    it.change(f"UPDATE reading SET file_id = {it.file_id('3.csv')} WHERE {it.at(0, 77)}", 1)


def give_to_an_earlier_file(it: Loaded) -> None:
    step = 400  # of file 2, which file 1 does not give for sensor 4
    it.change(f"UPDATE reading SET file_id = {it.file_id('1.csv')} WHERE {it.at(4, step)}", 1)


def take_the_loser(it: Loaded) -> None:
    """The reading of 2.csv where that of 1.csv, which was listed before it, has won."""
    it.change(f"UPDATE reading SET file_id = {it.file_id('2.csv')}, sensor_value = 3 WHERE {it.at(2, 300)}", 1)


def remove_a_batch(it: Loaded) -> None:
    it.change(
        f"DELETE FROM reading WHERE file_id = {it.file_id('3.csv')} AND timestamp < '2015-10-26 03:20+00'",
        2 * 44,
    )


def remove_a_day(it: Loaded) -> None:
    it.change(
        f"DELETE FROM reading WHERE sensor_id = {it.sensor_id(1)}"
        " AND timestamp >= '2014-10-27 00:00+00' AND timestamp < '2014-10-28 00:00+00'",
        144,
    )


def remove_a_sensor(it: Loaded) -> None:
    it.change(f"DELETE FROM reading WHERE sensor_id = {it.sensor_id(1)}", 500)


def remove_a_sensor_and_its_name(it: Loaded) -> None:
    remove_a_sensor(it)
    it.change(f"DELETE FROM sensor WHERE sensor_uuid = '{SENSORS[1]}'", 1)


def empty_the_table(it: Loaded) -> None:
    it.conn.execute(f"TRUNCATE {stored_in(it.layout)}".encode())


DAMAGE: list[tuple[Callable[[Loaded], None], dict[tuple[str | None, Fault], int]]] = [
    (delete_one, {("1.csv", Fault.MISSING): 1}),
    (change_by_one_ulp, {("1.csv", Fault.DIFFERENT): 1}),
    (make_nan, {("1.csv", Fault.DIFFERENT): 1}),
    (make_number_of_nan, {("1.csv", Fault.DIFFERENT): 1}),
    (drop_sign_of_zero, {("1.csv", Fault.DIFFERENT): 1}),
    (swap_two_values, {("1.csv", Fault.DIFFERENT): 2}),
    (move_by_a_microsecond, {("1.csv", Fault.MISSING): 1, ("1.csv", Fault.SURPLUS): 1}),
    (move_two_against_each_other, {("1.csv", Fault.MISSING): 2, ("1.csv", Fault.SURPLUS): 2}),
    (move_to_another_sensor, {("1.csv", Fault.MISSING): 1, ("1.csv", Fault.SURPLUS): 1}),
    (move_to_a_sensor_that_is_none, {("1.csv", Fault.MISSING): 1, ("1.csv", Fault.SURPLUS): 1}),
    (add_on_a_day_of_the_file, {("1.csv", Fault.SURPLUS): 1}),
    (add_in_another_year, {("1.csv", Fault.SURPLUS): 1}),
    (add_of_an_unknown_file, {(None, Fault.SURPLUS): 1}),
    (give_to_an_unknown_file, {("1.csv", Fault.DIFFERENT): 1, (None, Fault.SURPLUS): 1}),
    (give_to_a_later_file, {("1.csv", Fault.DIFFERENT): 1, ("3.csv", Fault.SURPLUS): 1}),
    (give_to_an_earlier_file, {("1.csv", Fault.SURPLUS): 1}),
    (take_the_loser, {("1.csv", Fault.DIFFERENT): 1, ("2.csv", Fault.DIFFERENT): 1}),
    (remove_a_batch, {("3.csv", Fault.MISSING): 88}),
    (remove_a_day, {("1.csv", Fault.MISSING): 144}),
    (remove_a_sensor, {("1.csv", Fault.MISSING): 500}),
    (remove_a_sensor_and_its_name, {("1.csv", Fault.MISSING): 500}),
]


def stored_in(layout: StorageLayout) -> str:
    """The table that holds the readings."""
    return "reading_segment" if layout is StorageLayout.SEGMENTS else "reading"


@pytest.fixture(scope="module", params=["postgres_server", "timescale_or_none"])
def undamaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """The four files in a database, once for all of these tests on each kind of server."""
    server = request.getfixturevalue(request.param)
    if server is None:
        pytest.skip("no TimescaleDB")
    folder = tmp_path_factory.mktemp("verify") / "t"
    write_files(folder, [1, 2, 3, 4])
    with new_database(server) as database:
        load(folder, database)
        compact(database, full=True)
        with database.connect() as conn:
            layout = ensure_schema(conn)
            for name, table in (("reading", stored_in(layout)), ("sensor", "sensor"), ("ingest_file", "ingest_file")):
                conn.execute(f"CREATE TABLE kept_{name} AS TABLE {table}".encode())
            yield Loaded(database, conn, layout, folder)


@pytest.fixture
def loaded(undamaged: Loaded) -> Iterator[Loaded]:
    """The same for one test, which may damage it; all is put back afterwards."""
    yield undamaged
    conn = undamaged.conn
    conn.execute(f"TRUNCATE {stored_in(undamaged.layout)}".encode())
    conn.execute(f"INSERT INTO {stored_in(undamaged.layout)} SELECT * FROM kept_reading ORDER BY sensor_id".encode())
    conn.execute("INSERT INTO sensor SELECT * FROM kept_sensor ON CONFLICT DO NOTHING")
    conn.execute(
        "UPDATE ingest_file f SET state = k.state, problem = k.problem FROM kept_ingest_file k"
        " WHERE k.file_id = f.file_id"
    )
    write_files(undamaged.folder, [1, 2, 3, 4])
    compact(undamaged.database, full=True)


@pytest.mark.parametrize(("damage", "expected"), DAMAGE, ids=[damage.__name__ for damage, _ in DAMAGE])
def test_damage_is_found_and_nothing_else(
    loaded: Loaded, damage: Callable[[Loaded], None], expected: dict[tuple[str | None, Fault], int]
) -> None:
    damage(loaded)
    assert faults(found(loaded.folder, loaded.database)) == expected


def test_an_empty_table_has_all_missing_that_the_files_give(loaded: Loaded) -> None:
    empty_the_table(loaded)
    assert faults(found(loaded.folder, loaded.database)) == {
        ("1.csv", Fault.MISSING): 2000,
        ("2.csv", Fault.MISSING): 2000,
        ("3.csv", Fault.MISSING): 400,
        ("4.csv", Fault.MISSING): 360,
    }


def test_a_difference_says_sensor_time_and_values(loaded: Loaded) -> None:
    step = ordinary()[30]
    loaded.change(f"UPDATE reading SET sensor_value = 99.5 WHERE {loaded.at(0, step)}", 1)
    (difference,) = found(loaded.folder, loaded.database)
    assert (difference.sensor, difference.count) == (SENSORS[0], 1)
    assert difference.first == (START + step * STEP - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert difference.note == f"{value_of(4 * step)!r} in the file, 99.5 in the table"


@pytest.mark.parametrize("owner", ["1.csv", "4.csv", None])
def test_a_reading_that_is_there_twice_is_found(timescale_direct: Database, tmp_path: Path, owner: str | None) -> None:
    write_files(tmp_path / "t", [1, 2, 3, 4])
    load(tmp_path / "t", timescale_direct)
    with timescale_direct.connect() as conn:
        it = Loaded(timescale_direct, conn, ensure_schema(conn), tmp_path / "t")
        step = ordinary()[70]
        file_id = 0 if owner is None else it.file_id(owner)
        it.insert(it.sensor_id(0), file_id, START + step * STEP, repr(value_of(4 * step)))
    expected = {("1.csv", Fault.DOUBLED): 1} | ({("4.csv", Fault.DOUBLED): 1} if owner == "4.csv" else {})
    if owner == "4.csv":  # which does not give the reading
        expected[("4.csv", Fault.SURPLUS)] = 1
    assert faults(found(tmp_path / "t", timescale_direct)) == expected


def test_disorder_of_the_columnstore_is_found(timescale_direct: Database, tmp_path: Path) -> None:
    """A gap inside a compressed batch is filled with readings that are said to be in order, as iotctl once did."""
    lines = [f"{(START + n * STEP).isoformat()};{SENSORS[0]};{n}" for n in range(500)]
    write(tmp_path / "t" / "1.csv", lines[:200] + lines[300:])
    load(tmp_path / "t", timescale_direct)
    compact(timescale_direct, full=True)
    with timescale_direct.connect() as conn:
        it = Loaded(timescale_direct, conn, ensure_schema(conn), tmp_path / "t")
        sensor_id = it.sensor_id(0)
        with conn.transaction():
            conn.execute("SET LOCAL timescaledb.enable_direct_compress_copy = on")
            conn.execute("SET LOCAL timescaledb.enable_direct_compress_copy_client_sorted = on")
            with conn.cursor() as cursor, cursor.copy("COPY reading FROM STDIN") as copy:
                for n in range(200, 300):
                    copy.write_row((sensor_id, 0, START + n * STEP, float(n)))
    (difference,) = found(tmp_path / "t", timescale_direct)
    assert (difference.fault, difference.sensor, difference.file) == (Fault.DISORDER, SENSORS[0], None)
    compact(timescale_direct)
    assert found(tmp_path / "t", timescale_direct) == []


# --- files, and how they are read


def test_files_that_are_not_loaded_as_they_are_now_are_named(loaded: Loaded) -> None:
    new = loaded.folder / "5.csv"
    write(new, rows([1], START, 3, local=False, seed=1))
    write(loaded.folder / "2.csv", rows([1], START, 3, local=False, seed=1), age=99)
    loaded.change(f"UPDATE ingest_file SET state = 'failed', problem = 'why' WHERE uri LIKE '%{'3.csv'}'", 1)
    loaded.change(f"UPDATE ingest_file SET state = 'pending' WHERE uri LIKE '%{'4.csv'}'", 1)
    assert faults(found(loaded.folder, loaded.database)) == {
        ("5.csv", Fault.NEW): 1,
        ("2.csv", Fault.CHANGED): 1,
        ("3.csv", Fault.FAILED): 1,
        ("4.csv", Fault.UNFINISHED): 1,
    }
    new.unlink()


def test_a_last_line_that_is_being_written_is_no_difference_but_what_stands_before_it_is(
    postgres: Database, tmp_path: Path
) -> None:
    growing = tmp_path / "t" / "growing.csv"
    growing.parent.mkdir()
    lines = rows([1], START, 5, local=False, seed=1)
    growing.write_text(HEADER + "".join(f"{line}\n" for line in lines[:4]) + lines[4][:-1])
    load(growing.parent, postgres)
    verdict = Verification()
    assert found(growing.parent, postgres, verdict) == []
    assert (verdict.files, verdict.readings, verdict.files_unfinished) == (1, 4, 1)
    with postgres.connect() as conn:
        conn.execute("DELETE FROM reading WHERE timestamp = (SELECT min(timestamp) FROM reading)")
    (missing,) = found(growing.parent, postgres)
    assert (missing.fault, missing.count) == (Fault.MISSING, 1)
    # The version that was listed, with a whole line that was not loaded: of a load that was cut off.
    with postgres.connect() as conn:
        conn.execute("UPDATE ingest_batch SET end_offset = %s, end_line = 2", (len(HEADER + lines[0]) + 1,))
    assert [difference.fault for difference in found(growing.parent, postgres)] == [Fault.UNFINISHED]


def test_files_that_vanished_are_named_and_are_no_difference(loaded: Loaded) -> None:
    (loaded.folder / "3.csv").unlink()
    verdict = Verification()
    assert found(loaded.folder, loaded.database, verdict) == []
    assert verdict.vanished == [str(loaded.folder / "3.csv")]
    verdict = Verification()
    assert found(loaded.folder, loaded.database, verdict, selection=Selection(pattern="1*")) == []
    assert found(loaded.folder / "1.csv", loaded.database, verdict) == []
    assert verdict.vanished == []


@pytest.mark.parametrize("on_duplicate", [OnDuplicate.SKIP, OnDuplicate.REPLACE])
def test_what_another_program_wrote_before_is_right_by_the_rule(
    database: Database, tmp_path: Path, on_duplicate: OnDuplicate
) -> None:
    write_files(tmp_path / "t", [3])
    load(tmp_path / "t", database)
    with database.connect() as conn:
        it = Loaded(database, conn, ensure_schema(conn), tmp_path / "t")
        it.insert(it.sensor_id(0), 0, START + 7 * STEP)
        it.insert(it.sensor_id(0), 0, START + 7 * STEP + timedelta(seconds=1))
        write_files(tmp_path / "t", [1])
        load(tmp_path / "t", database, on_duplicate)
        assert found(tmp_path / "t", database) == []
        owner = conn.execute(f"SELECT file_id FROM reading WHERE {it.at(0, 7)}".encode()).fetchone()
        assert owner == ((0,) if on_duplicate is OnDuplicate.SKIP else (it.file_id("1.csv"),))


def test_objects_of_a_store_are_compared(database: Database, tmp_path: Path, store: S3Server) -> None:
    write_files(tmp_path / "t", [1, 2])
    for path in (tmp_path / "t").iterdir():
        store.put("verify", f"t/{path.name}", path.read_bytes())
    settings = StoreSettings(store.endpoint_url, store.access_key, store.secret_key, "us-east-1")
    with Threads(2) as threads:
        request = IngestRequest("s3://verify/t/", settings, options())
        IngestRun(request, database, threads, Silent(), Event()).run()
    verdict = Verification()
    assert list(verify("s3://verify/t/", database, settings, verdict, listener=Silent())) == []
    assert (verdict.files, verdict.readings) == (2, 4000)
    with database.connect() as conn:
        conn.execute("DELETE FROM reading WHERE timestamp = %s", (START + 3 * STEP,))
    differences = list(verify("s3://verify/t/", database, settings, Verification(), listener=Silent()))
    assert {(one.file, one.fault) for one in differences} == {("s3://verify/t/1.csv", Fault.MISSING)}
    assert len(differences) == 4


def test_names_that_are_no_utf8_are_found_again(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder / os.fsdecode(b"caf\xe9.csv"), rows([1], START, 3, local=False, seed=1))
    write(folder / "b\u00e9ton \u20ac.csv", rows([2], START, 3, local=False, seed=1))
    load(folder, database)
    verdict = Verification()
    assert found(folder, database, verdict) == []
    assert (verdict.readings, verdict.vanished) == (6, [])


def test_the_ledger_keeps_every_option_that_decides_how_a_file_is_read() -> None:
    other: dict[str, object] = {"settle_seconds": 0}  # what is loaded is finished
    for option in dataclasses.fields(ReadOptions):
        default = getattr(ReadOptions(), option.name)
        match default:
            case Enum():
                other[option.name] = next(member for member in type(default) if member is not default)
            case bool():
                other[option.name] = not default
            case str():
                other[option.name] = "Asia/Tokyo"
            case _:  # how much is read and kept at once, and when
                # The layout is kept apart.
                assert option.name in ("batch_rows", "block_bytes", "keep_rejects", "settle_seconds", "layouts")
    options = LoadOptions(ReadOptions(**other), OnDuplicate.REPLACE)  # type: ignore[arg-type]
    assert LoadOptions.of_record(json.loads(json.dumps(options.recorded))) == options


def test_a_sample_is_whole_files_the_same_ones_every_time(loaded: Loaded) -> None:
    names = [str(loaded.folder / f"{number}.csv") for number in (1, 2, 3, 4)]
    # By the standard library: the first 48 bits of SHA-256 as a part of 1.
    lots = {name: int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) / 2**48 for name in names}
    in_order = sorted(names, key=lots.__getitem__)
    for count in (1, 2, 3):
        sample = (lots[in_order[count - 1]] + lots[in_order[count]]) / 2
        verdict = Verification()
        assert found(loaded.folder, loaded.database, verdict, sample=sample) == []
        assert (verdict.files, verdict.files_left_out) == (count, 4 - count)
        assert [name for name in in_order if is_drawn(name, sample)] == in_order[:count]
    verdict = Verification()
    found(loaded.folder, loaded.database, verdict, sample=lots[in_order[0]] / 2)
    assert (verdict.files, verdict.files_left_out) == (1, 3)  # never none at all


def test_damage_of_drawn_files_is_found_in_a_sample(loaded: Loaded) -> None:
    delete_one(loaded)
    name = str(loaded.folder / "1.csv")
    lot = int(hashlib.sha256(name.encode()).hexdigest()[:12], 16) / 2**48
    assert faults(found(loaded.folder, loaded.database, sample=min(lot * 1.000001, 0.999999))) == {
        ("1.csv", Fault.MISSING): 1
    }


def test_readings_beyond_the_retention_are_not_missed(loaded: Loaded) -> None:
    if loaded.layout is not StorageLayout.SEGMENTS:
        pytest.skip("TimescaleDB's policy runs by itself")
    verdict = Verification()
    loaded.conn.execute("INSERT INTO reading_retention VALUES (true, interval '1 year')")
    loaded.change(f"DELETE FROM reading WHERE {loaded.at(0, 77)}", 1)
    assert found(loaded.folder, loaded.database, verdict) == []
    assert verdict.expired == 1
    loaded.conn.execute("DELETE FROM reading_retention")


def test_a_database_without_schema_stays_without(database: Database, tmp_path: Path) -> None:
    write_files(tmp_path / "t", [4])
    with pytest.raises(IotctlError, match="no schema"):
        found(tmp_path / "t", database)
    with database.connect() as conn:
        assert conn.execute("SELECT to_regclass('iotctl_schema')::text").fetchone() == (None,)


def test_its_connection_refuses_to_write(database: Database) -> None:
    with database.connect() as conn:
        Audit(conn, open_storage(conn))
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            conn.execute("INSERT INTO sensor (sensor_uuid) VALUES (gen_random_uuid())")


def test_a_last_line_without_an_end_that_was_loaded_is_compared(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "t" / "1.csv"
    write(path, rows([1], START, 3, local=False, seed=1))
    path.write_text(path.read_text().rstrip("\n"))
    os.utime(path, (1_700_000_000, 1_700_000_000))
    load(tmp_path / "t", database)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    verdict = Verification()
    assert found(tmp_path / "t", database, verdict) == []
    assert verdict.readings == 3


@pytest.mark.parametrize("most_rows", [10, 500, 100_000])
@pytest.mark.parametrize("keep_last", [False, True])
def test_a_file_of_any_size_gives_each_reading_once(most_rows: int, keep_last: bool) -> None:
    noise = np.random.default_rng(1)
    sensor = noise.integers(1, 20, 5000).astype(np.int32)
    time = noise.integers(0, 300, 5000) * 7_200_000_000
    value = noise.normal(size=5000)
    expected: dict[tuple[int, int], float] = {}
    for key, one in zip(zip(sensor.tolist(), time.tolist(), strict=True), value.tolist(), strict=True):
        if keep_last or key not in expected:
            expected[key] = one
    with FileReadings(keep_last=keep_last, most_rows=most_rows) as readings:
        for start in range(0, 5000, 700):
            part = slice(start, start + 700)
            readings.add(sensor[part], time[part], value[part])
        pieces = list(readings.pieces())
    keys = [list(zip(p.sensor_id.tolist(), p.time.tolist(), strict=True)) for p in pieces]
    assert all(some == sorted(some) for some in keys)
    days = [{(one, moment // 86_400_000_000) for one, moment in some} for some in keys]
    assert sum(map(len, days)) == len(set().union(*days))
    given = {
        key: one for some, p in zip(keys, pieces, strict=True) for key, one in zip(some, p.value.tolist(), strict=True)
    }
    assert given == expected
    if most_rows == 500:
        assert 1 < len(pieces) < 128
        assert max(map(len, pieces)) <= 1000

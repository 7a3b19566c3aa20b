"""Sensors with text ids: their UUIDs, names and units in the table, in any order of loading."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier
from unicodedata import normalize
from uuid import UUID, uuid5

import numpy as np
import pytest

from iotctl.errors import NotFoundError
from iotctl.model import FileBatch, OnDuplicate, StoredFile
from iotctl.repositories import Connection, Database, FoundSensor, Ledger, SensorRepository, ensure_schema, open_storage
from iotctl.services.ingest.progress import Silent
from iotctl.services.ingest.write_batches import BatchWriter, ReadBatch
from tests.history import file_batch

# As RFC 9562 has it, of the namespace that iotctl has chosen once and for all.
NAMESPACE = UUID("5ef0a7a4-6a9c-5c0a-9d2c-0f6f6c1d2b11")


def uuid_of(name: str) -> str:
    return str(uuid5(NAMESPACE, normalize("NFC", name)))


def batch(names: list[str], units: list[str | None] | None = None, minute: int = 0) -> FileBatch:
    """A reading of each sensor."""
    uuids = [UUID(uuid_of(name)).bytes for name in names]
    found = file_batch([(at, minute, float(at)) for at in range(len(names))], uuids, minute, minute + 1)
    return replace(found, names=tuple(names), units=tuple(units or ()))


class Listener(Silent):
    def __init__(self) -> None:
        self.told: list[str] = []

    def noted(self, message: str, file: str | None = None) -> None:
        self.told.append(message)


def write(conn: Connection, name: str, batches: list[FileBatch]) -> list[str]:
    """Load batches as a file; returns what was noted."""
    storage, ledger, listener = open_storage(conn), Ledger(conn), Listener()
    (entry,) = ledger.register([StoredFile(f"/in/{name}", 1, "v", datetime(2020, 1, 1, tzinfo=UTC))], {})
    writer = BatchWriter(conn, ledger, storage, OnDuplicate.SKIP, listener)
    for one in batches:
        writer.write([ReadBatch(entry, one)])
    return listener.told


def sensors(conn: Connection) -> dict[str, tuple[object, ...]]:
    rows = conn.execute("SELECT sensor_uuid::text, sensor_name, is_mapped, unit, file_unit FROM sensor").fetchall()
    return {str(uuid): tuple(rest) for uuid, *rest in rows}


def test_a_sensor_is_found_by_what_files_call_it(conn: Connection) -> None:
    names = ["pump-7/temp", "Öl.Druck", "x" * 900]
    assert write(conn, "a.csv", [batch(names, ["°C", None, None])]) == []
    assert sensors(conn) == {
        uuid_of(name): (name, False, None, unit) for name, unit in zip(names, ["°C", None, None], strict=True)
    }
    repository = SensorRepository(conn)
    assert repository.find("pump-7/temp").unit == "°C"
    # Accents in two forms are one name.
    assert repository.find(normalize("NFD", "Öl.Druck")).sensor_uuid == uuid_of("Öl.Druck")
    assert [sensor.sensor_name for sensor in repository.all(normalize("NFD", "Ö*"))] == ["Öl.Druck"]
    views = conn.execute("SELECT sensor_name, sensor_uuid::text FROM sensor_mapping WHERE sensor_name LIKE 'pump%'")
    assert views.fetchall() == [("pump-7/temp", uuid_of("pump-7/temp"))]


def test_a_file_never_renames_a_sensor_and_a_taken_name_is_told(conn: Connection) -> None:
    ensure_schema(conn)
    other = "11111111-2222-3333-4444-555555555555"
    repository = SensorRepository(conn)
    with repository.changes():
        repository.rename(["taken", "nicer"], [other, uuid_of("plain")])
    told = write(
        conn, "a.csv", [batch(["taken", "plain", "y" * 3000]), batch(["taken", "plain"], ["K", "K"], minute=9)]
    )
    assert {uuid: row[0] for uuid, row in sensors(conn).items()} == {
        other: "taken",
        uuid_of("taken"): None,
        uuid_of("plain"): "nicer",
        uuid_of("y" * 3000): None,
    }
    (note,) = told
    assert (
        "2 sensors without a name, because another sensor has it or it is too long: taken"
        f" (its UUID is {uuid_of('taken')})" in note
    )
    # The name in the table is that of the other sensor; a name that a mapping has replaced still leads to its own.
    assert (repository.find("taken").sensor_uuid, repository.find("plain").sensor_name) == (other, "nicer")


def test_the_first_unit_of_files_stays_and_another_one_is_told(conn: Connection) -> None:
    assert write(conn, "a.csv", [batch(["t", "p"], ["°C", None])]) == []
    assert write(conn, "b.csv", [batch(["t", "p"], ["°C", "bar"], 10)]) == []
    (note,) = write(conn, "c.csv", [batch(["t"], ["°F"], 20), batch(["t"], ["°F"], 21), batch(["p"], minute=22)])
    assert "1 sensor with another unit than in files before (in brackets): t °F (°C)" in note
    assert {row[0]: row[3] for row in sensors(conn).values()} == {"t": "°C", "p": "bar"}


def test_loads_that_meet_the_same_new_names_at_once_end_alike(database: Database) -> None:
    names = [f"plant/{number:03}" for number in range(200)]
    with database.connect() as conn:
        ensure_schema(conn)
    workers, rounds = 4, 5
    barrier = Barrier(workers)

    def register(worker: int) -> list[dict[str, int]]:
        shuffled = np.random.default_rng(worker)
        found = []
        with database.connect() as conn:
            for number in range(rounds):
                some = [FoundSensor(uuid_of(f"{number}{name}"), f"{number}{name}", "°C") for name in names]
                mixed = [some[at] for at in shuffled.permutation(len(some))]
                barrier.wait(60)
                # Half of them know no names, as from files with UUIDs alone.
                repository = SensorRepository(conn)
                plain = worker % 2 and number % 2
                ids = repository.ids([one.uuid for one in mixed]) if plain else repository.register(mixed).ids
                found.append(ids)
        return found

    with ThreadPoolExecutor(workers) as pool:
        first, *others = pool.map(register, range(workers))
    assert all(other == first for other in others)
    with database.connect() as conn:
        table = sensors(conn)
    assert len(table) == rounds * len(names)
    assert {row[3] for row in table.values()} == {"°C"}
    assert {uuid: row[0] for uuid, row in table.items()} == {
        uuid_of(f"{number}{name}"): f"{number}{name}" for number in range(rounds) for name in names
    }


def test_a_name_that_is_not_there_says_the_nearest_ones(conn: Connection) -> None:
    write(conn, "a.csv", [batch(["pump-01", "pump-11", "pump-2", "PUMP-1"])])
    with pytest.raises(NotFoundError) as error:
        SensorRepository(conn).find("pump-1")
    assert error.value.hint == "Nearest names: pump-01, pump-11, PUMP-1"

"""Random histories of a table, and a slow model of its contents after each step.

The model has the newest version of each file, and computes the table from all of them. If two files have one (sensor,
time), the file listed first wins, or with replace the newest file, in any order of loading.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import numpy as np
import psycopg

from iotctl.model import FileBatch, OnDuplicate, Position, StorageLayout, StoredFile
from iotctl.repositories import Connection, Ledger, has_aggregates, is_passing, storage_of
from iotctl.services.ingest.write_batches import BatchWriter, ReadBatch

MINUTE = 60_000_000
START = 1_580_342_400_000_000  # 2020-01-30 00:00 UTC: a month ends after two days
SPAN = 4 * 1440  # minutes: four chunks of a day
SENSORS = 3

_MODEL = threading.Lock()

Key = tuple[int, int]  # sensor, minute
Row = tuple[int, int, float]


@dataclass
class ModelFile:
    """A file of the model: its rank, its age, and its rows in their order."""

    number: int
    modified: int
    rows: list[Row]


@dataclass
class Model:
    """The expected table, computed again from all files each time. others: readings of another program."""

    mode: OnDuplicate
    files: dict[str, ModelFile] = field(default_factory=dict)
    others: dict[Key, float] = field(default_factory=dict)

    def put(self, uri: str, file: ModelFile) -> None:
        """A file, or its new version."""
        self.files[uri] = file
        if self.mode is OnDuplicate.REPLACE:  # another program's readings have no date, and always give way
            self.others = {key: value for key, value in self.others.items() if key not in self._readings(file)}

    def table(self) -> dict[Key, float]:
        """Each (sensor, minute) and its value."""
        found = dict(self.others)
        if self.mode is OnDuplicate.SKIP:  # the first one stays
            for file in sorted(self.files.values(), key=lambda file: file.number):
                found = self._readings(file) | found
        else:  # the newest one stays
            for file in sorted(self.files.values(), key=lambda file: (file.modified, file.number)):
                found = found | self._readings(file)
        return found

    def of_sensor(self, sensor: int) -> list[tuple[int, float]]:
        """(minute, value) in order of time."""
        return sorted((minute, value) for (of, minute), value in self.table().items() if of == sensor)

    def _readings(self, file: ModelFile) -> dict[Key, float]:
        """A file's own readings: of its lines for one key the first, or with replace the last."""
        found: dict[Key, float] = {}
        for sensor, minute, value in file.rows:
            if self.mode is OnDuplicate.REPLACE or (sensor, minute) not in found:
                found[sensor, minute] = value
        return found


class History:
    """A history on one connection, step by step, beside its model."""

    def __init__(self, conn: Connection, chance: random.Random, mode: OnDuplicate) -> None:
        self.model = Model(mode)
        self.steps: list[str] = []
        self._conn = conn
        self._chance = chance
        self._age = 0
        self._uuids = [number.to_bytes(16) for number in range(1, SENSORS + 1)]

    def uuid(self, sensor: int) -> str:
        """The UUID of one of our sensors."""
        return bytes_as_uuid(self._uuids[sensor])

    def step(self) -> None:
        """One random change of the table."""
        happenings = [(self.load, 10), (self.load_small_files, 2), (self.fill_a_gap, 4), (self.change_a_file, 4)]
        happenings += [(self.forget_a_file, 2), (self.let_another_program_write, 2), (self.load_again, 1)]
        happenings += [(self.let_the_old_go, 1), (self.keep_aggregates, 2)]
        happening = self._chance.choices([of for of, _ in happenings], [weight for _, weight in happenings])[0]
        happening()

    def load(self) -> None:
        self._load({f"f{len(self.steps)}": self._rows()})

    def load_small_files(self) -> None:
        """Several files that are committed as one, in the order of their names."""
        count = self._chance.randrange(2, 8)
        width = SPAN // 20
        start = self._chance.randrange(SPAN - width * 2)
        self._load(
            {
                f"s{len(self.steps)}_{name}": self._rows(
                    start + int(name) * width // count, self._chance.choice([5, 60])
                )
                for name in sorted(str(number) for number in range(count))
            }
        )

    def go_on(self, conn: Connection, model: Model) -> None:
        """Go on over another connection, beside others with the same model."""
        self._conn, self.model = conn, model

    def write_beside_others(self, uri: str) -> None:
        """A file, or its new version; another try where the database gave up one of two that waited for each other."""
        rows = self._rows()
        self._age += 1
        ledger = Ledger(self._conn)
        (entry,) = ledger.register([self._stored(uri, self._age)], {})
        batches = self._batches(rows)
        with _MODEL:
            known = uri in self.model.files
            self.model.put(uri, ModelFile(entry.file_id, round(entry.file.modified.timestamp()), rows))
        if known:
            _patiently(lambda: self._writer(ledger).renew(entry, batches, {}))
        else:
            for batch in batches:
                _patiently(partial(self._writer(ledger).write, [ReadBatch(entry, batch)]))
            ledger.finish([entry], {})

    def fill_a_gap(self) -> None:
        """All minutes of a sensor's stretch that the table does not have."""
        sensor, start = self._chance.randrange(SENSORS), self._chance.randrange(SPAN)
        end = min(SPAN, start + self._chance.choice([30, 300, 3000]))
        there = {minute for minute, _ in self.model.of_sensor(sensor)}
        rows = [(sensor, minute, self._value()) for minute in range(start, end) if minute not in there]
        self._load({f"g{len(self.steps)}": rows})

    def change_a_file(self) -> None:
        """A new version: rows are corrected, removed and added."""
        if not self.model.files:
            return
        uri = self._chance.choice(list(self.model.files))
        rows = list(self.model.files[uri].rows)
        kind = self._chance.choice(["grow", "correct", "shrink", "other", "empty"])
        if kind == "grow":
            rows += self._rows()
        elif kind == "correct":
            rows = [(s, m, self._value() if self._chance.random() < 0.1 else v) for s, m, v in rows]
        elif kind == "shrink":
            rows = [row for row in rows if self._chance.random() < 0.7]
        else:
            rows = self._rows() if kind == "other" else []
        self._load({uri: rows})

    def load_again(self) -> None:
        """The same content as another version: nothing may change."""
        if self.model.files:
            uri = self._chance.choice(list(self.model.files))
            self._load({uri: self.model.files[uri].rows})

    def forget_a_file(self) -> None:
        if not self.model.files:
            return
        uri = self._chance.choice(list(self.model.files))
        self.steps.append(f"forget {uri}")
        ledger = Ledger(self._conn)
        (entry,) = ledger.named([uri])
        self._writer(ledger).forget(entry)
        del self.model.files[uri]
        self.read_again()

    def let_the_old_go(self) -> None:
        """Retention up to the end of the month, or of a day where chunks are cut by days."""
        storage = storage_of(self._conn)
        days = 2 if storage.layout is StorageLayout.SEGMENTS else self._chance.randrange(1, 4)
        self.steps.append(f"retention: {days} days go")
        storage.set_retention(datetime.now(UTC) - moment(days * 1440))
        storage.drop_expired()
        storage.set_retention(None)
        # The files that were read keep rows of the days that are left, here and in the model.
        for file in self.model.files.values():
            file.rows = [row for row in file.rows if row[1] >= days * 1440]
        self.model.others = {key: value for key, value in self.model.others.items() if key[1] >= days * 1440}

    def keep_aggregates(self) -> None:
        """From now on, or bring them up to the readings: hours and days are asked for after each step."""
        storage, kept = storage_of(self._conn), has_aggregates(self._conn)
        self.steps.append("refresh aggregates" if kept else "make aggregates")
        if not kept:
            storage.make_aggregates()
        storage.refresh_aggregates()

    def let_another_program_write(self) -> None:
        """New readings by plain INSERTs."""
        there = self.model.table()
        rows = [row for row in self._rows(count=self._chance.choice([1, 20, 200])) if row[:2] not in there]
        first = {(sensor, minute): value for sensor, minute, value in reversed(rows)}
        self.steps.append(f"INSERT {len(first)}")
        ids = self.sensor_ids()
        with self._conn.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (%s, %s, %s)",
                [(ids[sensor], moment(minute), value) for (sensor, minute), value in first.items()],
            )
        self.model.others |= first

    def _load(self, contents: Mapping[str, list[Row]]) -> None:
        stored = []
        for uri in contents:
            self._age += 1
            stored.append(self._stored(uri, self._age))
        self.steps.append(", ".join(f"{uri}: {len(rows)}" for uri, rows in contents.items()))
        ledger = Ledger(self._conn)
        entries = ledger.register(stored, {})
        writer = self._writer(ledger)
        new: list[ReadBatch] = []
        for entry, (uri, rows) in zip(entries, contents.items(), strict=True):
            if uri in self.model.files:
                assert entry.file_id == self.model.files[uri].number, "a new version keeps its rank"
                writer.renew(entry, self._batches(rows), {})
            else:
                new += [ReadBatch(entry, batch) for batch in self._batches(rows)]
            self.model.put(uri, ModelFile(entry.file_id, round(entry.file.modified.timestamp()), rows))
        if len(contents) > 1:
            writer.write(new)
        else:
            for part in new:
                writer.write([part])
        ledger.finish([part.entry for part in new], {})
        self.read_again()

    def read_again(self) -> None:
        """What the end of an ingest does: files that had lost readings to one that changed are read once more."""
        ledger = Ledger(self._conn)
        rows = {file.number: file.rows for file in self.model.files.values()}
        for _ in range(5):
            for entry in ledger.reopened():
                self._writer(ledger).renew(entry, self._batches(rows[entry.file_id]), {})
        assert ledger.reopened() == []

    def _rows(self, start: int | None = None, count: int | None = None) -> list[Row]:
        """Rows in file order: mostly one stretch of time for a few sensors, with gaps, in order or not."""
        chance = self._chance
        start = chance.randrange(-200, SPAN) if start is None else start
        count = chance.choice([1, 4, 30, 150, 700, 2500]) if count is None else count
        step = chance.choice([1, 1, 1, 2, 5])
        density = chance.choice([1.0, 1.0, 0.9, 0.3])
        sensors = chance.sample(range(SENSORS), chance.randrange(1, SENSORS + 1))
        rows = [
            (sensor, minute, self._value())
            for minute in range(start, start + count * step, step)
            for sensor in sensors
            if 0 <= minute < SPAN and chance.random() < density
        ]
        if chance.random() < 0.2:
            chance.shuffle(rows)
        if rows and chance.random() < 0.2:
            rows += [(sensor, minute, self._value()) for sensor, minute, _ in chance.sample(rows, min(5, len(rows)))]
        return rows

    def _value(self) -> float:
        return self._chance.choice([self._chance.random(), float(self._chance.randrange(3))])

    def _batches(self, rows: list[Row]) -> list[FileBatch]:
        """The rows as one batch, or as several."""
        if not rows:
            return []
        cuts = sorted(
            {0, len(rows), *(self._chance.randrange(len(rows)) for _ in range(self._chance.choice([0, 0, 2])))}
        )
        return [file_batch(rows[start:end], self._uuids, start, end) for start, end in pairwise(cuts)]

    def _stored(self, uri: str, age: int) -> StoredFile:
        return StoredFile(uri, 1, f"version {age}", datetime(2021, 1, 1, tzinfo=UTC) + timedelta(minutes=age))

    def _writer(self, ledger: Ledger) -> BatchWriter:
        return BatchWriter(self._conn, ledger, storage_of(self._conn), self.model.mode)

    def sensor_ids(self) -> dict[int, int]:
        """The database's number of each of our sensors."""
        rows = self._conn.execute(
            "INSERT INTO sensor (sensor_uuid) SELECT * FROM unnest(%s::uuid[]) ON CONFLICT (sensor_uuid)"
            " DO UPDATE SET sensor_uuid = excluded.sensor_uuid RETURNING sensor_id, sensor_uuid::text",
            ([bytes_as_uuid(uuid) for uuid in self._uuids],),
        ).fetchall()
        found = {str(uuid): int(str(number)) for number, uuid in rows}
        return {at: found[bytes_as_uuid(uuid)] for at, uuid in enumerate(self._uuids)}


def _patiently(work: Callable[[], object]) -> None:
    """What services.patience does, on one connection."""
    for _ in range(20):
        try:
            work()
        except psycopg.Error as error:
            if not is_passing(error):
                raise
        else:
            return
    raise AssertionError("no end of deadlocks")


def file_batch(rows: list[Row], uuids: list[bytes], start: int, end: int) -> FileBatch:
    sensor, minute, value = zip(*rows, strict=True)
    return FileBatch(
        start=Position(start, start + 1),
        end=Position(end, end + 1),
        uuids=np.frombuffer(b"".join(uuids), dtype=np.uint8).reshape(len(uuids), 16),
        sensor=np.array(sensor, dtype=np.int32),
        time=START + MINUTE * np.array(minute, dtype=np.int64),
        value=np.array(value, dtype=float),
        rejects=(),
        rejected={},
        rows_read=len(rows),
    )


def bytes_as_uuid(uuid: bytes) -> str:
    text = uuid.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def moment(minute: int) -> datetime:
    return datetime.fromtimestamp((START + MINUTE * minute) / 1e6, UTC)


def table_rows(conn: Connection, ids: Mapping[int, int]) -> Iterator[Row]:
    sensors = {number: at for at, number in ids.items()}
    for sensor, time, value in conn.execute(
        "SELECT sensor_id, extract(epoch FROM timestamp)::bigint, sensor_value FROM reading"
    ).fetchall():
        yield sensors[int(str(sensor))], (int(str(time)) - START // 1_000_000) // 60, float(str(value))

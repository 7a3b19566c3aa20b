"""After any history, verify and a slow and obvious loader agree on whether the table is right."""

from __future__ import annotations

import math
import os
import random
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from iotctl.formats import ReadOptions
from iotctl.model import OnDuplicate
from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.services.compact import compact
from iotctl.services.ingest.forget import files_to_forget, forget
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.progress import Silent
from iotctl.services.verify.verify import Difference, Verification, verify
from iotctl.sources import StoreSettings
from iotctl.workers.threads import Threads
from tests.obvious import HEADER, SENSORS

Key = tuple[str, datetime]
START = datetime(2014, 10, 20, tzinfo=UTC)
NAMES = ["a.csv", "b.csv", "c.csv", "d.csv"]
VALUES = ["0.0", "-0.0", "nan", "inf", "1.5", "2.5"]


class History:
    """A folder of files that a database follows, and what it has to have by an obvious rule."""

    def __init__(self, folder: Path, database: Database, on_duplicate: OnDuplicate, chance: random.Random) -> None:
        self.folder = folder
        self.database = database
        self.rule = on_duplicate
        self.chance = chance
        self.age = 0
        folder.mkdir()

    def write(self, name: str) -> None:
        """A new version of a file: readings of a few days, some twice, and now and then a line that is none."""
        chance = self.chance
        first, days, step = chance.randrange(40), chance.choice([1, 3, 12]), chance.choice([10, 37, 60])
        lines = []
        for sensor in chance.sample(SENSORS[:4], chance.choice([1, 2, 4])):
            for minute in range(0, days * 1440, step):
                moment = START + timedelta(days=first, minutes=minute)
                lines.append(f"{moment.isoformat()};{sensor};{chance.choice([*VALUES, repr(chance.random())])}\n")
        lines += [f"{line[:63]}7.5\n" for line in chance.sample(lines, min(len(lines), chance.choice([0, 5])))]
        if chance.random() < 0.3:
            chance.shuffle(lines)
        if chance.random() < 0.3:
            lines.insert(chance.randrange(len(lines)), "nonsense\n")
        self.age += 1
        (self.folder / name).write_text(HEADER + "".join(lines))
        changed = 1_500_000_000 + self.age * chance.choice([1, 1, -1])
        os.utime(self.folder / name, (changed, changed))

    def load(self, *, again: bool = False) -> None:
        options = LoadOptions(ReadOptions(allow_nan=True, batch_rows=400, block_bytes=9000), self.rule)
        with Threads(2) as threads:
            request = IngestRequest(str(self.folder), StoreSettings(), options, again=again)
            IngestRun(request, self.database, threads, Silent(), Event()).run()

    def forget(self, name: str) -> None:
        """The file goes from the folder, too."""
        forget(self.database, files_to_forget(self.database, [str(self.folder / name)]))
        (self.folder / name).unlink()

    def verify(self) -> list[Difference]:
        return list(verify(str(self.folder), self.database, StoreSettings(), Verification(), listener=Silent()))

    def expected(self, conn: Connection) -> dict[Key, bytes]:
        """Of the file with the lower file_id, or the newer one, its first line, or its last; values to the bit."""
        rows = conn.execute("SELECT uri, file_id, modified FROM ingest_file").fetchall()
        replaces = self.rule is OnDuplicate.REPLACE
        order = sorted(rows, key=lambda row: (row[2], row[1]) if replaces else -int(str(row[1])))
        readings: dict[Key, bytes] = {}
        for uri, _, _ in order:
            own: dict[Key, bytes] = {}
            for line in Path(str(uri)).read_text().splitlines()[1:]:
                if len(fields := line.split(";")) == 3:
                    key = fields[1], datetime.fromisoformat(fields[0])
                    if replaces or key not in own:
                        own[key] = bits(float(fields[2]))
            readings |= own
        return readings

    def table(self, conn: Connection) -> dict[Key, bytes]:
        rows = conn.execute("SELECT sensor_uuid::text, timestamp, sensor_value FROM sensor_data").fetchall()
        return {(str(uuid), moment): bits(float(str(value))) for uuid, moment, value in rows}


def bits(value: float) -> bytes:
    return struct.pack(">d", math.nan if math.isnan(value) else value)


def damage(conn: Connection, chance: random.Random) -> str:
    """Change one reading; returns in which way."""
    row = chance.choice(conn.execute("SELECT sensor_id, file_id, timestamp, sensor_value FROM reading").fetchall())
    sensor_id, file_id, moment, value = row
    assert isinstance(sensor_id, int)
    assert isinstance(moment, datetime)
    assert isinstance(value, float)
    ways = {
        "gone": None,
        "value": (sensor_id, file_id, moment, math.nextafter(value, 7.0) if math.isfinite(value) else 3.0),
        "sign": (sensor_id, file_id, moment, 3.0 if math.isnan(value) else -value),
        "time": (sensor_id, file_id, moment + timedelta(microseconds=chance.choice([-1, 1])), value),
        "sensor": (sensor_id + 100, file_id, moment, value),
        "file": (sensor_id, 777, moment, value),
    }
    way = chance.choice(list(ways))
    gone = conn.execute(
        "DELETE FROM reading WHERE sensor_id = %s AND file_id = %s AND timestamp = %s", (sensor_id, file_id, moment)
    )
    assert gone.rowcount == 1
    if (changed := ways[way]) is not None:
        conn.execute("INSERT INTO reading VALUES (%s, %s, %s, %s)", changed)
    return way


@pytest.mark.parametrize("rule", [OnDuplicate.SKIP, OnDuplicate.REPLACE])
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 20))])
def test_verify_and_an_obvious_loader_agree_after_any_history(
    database: Database, tmp_path: Path, seed: int, rule: OnDuplicate
) -> None:
    chance = random.Random(seed)
    history = History(tmp_path / "t", database, rule, chance)
    with database.connect() as conn:
        ensure_schema(conn)
        for step in range(10):
            for name in chance.sample(NAMES, chance.choice([1, 2])):
                if step > 2 and (history.folder / name).exists() and chance.random() < 0.25:
                    history.forget(name)
                else:
                    history.write(name)
            history.load(again=chance.random() < 0.2)
            if chance.random() < 0.4:
                compact(database, full=chance.random() < 0.5)
            assert history.table(conn) == history.expected(conn), step
            assert history.verify() == [], step
        for _ in range(3):
            way = damage(conn, chance)
            assert history.verify() != [], way
            conn.execute("DELETE FROM reading WHERE file_id = 777 OR sensor_id > 50")
            history.load(again=True)
            assert history.table(conn) == history.expected(conn), way
            assert history.verify() == [], way

"""Made-up files that overlap, and a slow and obviously right loader that gives the expected table."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from iotctl.repositories import Database
from tests.store import S3Server

HEADER = "timestamp;sensor_uuid;sensor_value\n"
SENSORS = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(7)]
ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2014, 1, 1, tzinfo=UTC)

Key = tuple[str, datetime]


def write_files(store: S3Server, bucket: str, count: int, rows: int, seed: int = 1) -> list[str]:
    """Files that overlap: each begins in the middle of the one before, and repeats readings with other values."""
    noise = random.Random(seed)
    contents = []
    for number in range(count):
        lines = []
        for row in range(rows):
            moment = START + timedelta(minutes=11 * (number * rows // 2 + row) // 3)
            local = moment.astimezone(ZONE)
            # In October a time without an offset may be one of two.
            written = local.isoformat() if local.month == 10 or row % 2 else local.replace(tzinfo=None)
            lines.append(f"{written};{noise.choice(SENSORS)};{noise.random()!r}\n")
        lines[noise.randrange(rows)] = "nonsense\n"
        contents.append(HEADER + "".join(lines))
        store.put(bucket, f"t/{number:03}.csv", contents[-1].encode())
    return contents


def obvious(contents: list[str]) -> dict[Key, float]:
    """First file wins, first line of a file wins."""
    readings: dict[Key, float] = {}
    for content in contents:
        for line in content.splitlines()[1:]:
            fields = line.split(";")
            if len(fields) == 3:
                moment = datetime.fromisoformat(fields[0])
                moment = moment if moment.tzinfo else moment.replace(tzinfo=ZONE)
                readings.setdefault((fields[1], moment.astimezone(UTC)), float(fields[2]))
    return readings


def table(database: Database) -> dict[Key, float]:
    with database.connect() as conn:
        rows = conn.execute('SELECT sensor_uuid::text, "timestamp", sensor_value FROM sensor_data').fetchall()
    found = {(str(uuid), moment): float(str(value)) for uuid, moment, value in rows if isinstance(moment, datetime)}
    assert len(found) == len(rows), "a reading is there twice"
    return found

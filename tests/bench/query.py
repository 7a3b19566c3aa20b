"""Reading speed, compared with psql: a day and a year of one sensor, an export of millions, a series for detection.

python -m tests.bench.query [--rounds 5] [--output bench]

On the embedded PostgreSQL, and on TimescaleDB where one is found; a sensor with a reading a second for the export, a
hundred with one every 8 minutes beside it. Everything counts from an open connection, like psql's \\timing, except for
the line that says otherwise. Needs psql.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iotctl.cli.output.readings import ReadingTable, write_readings
from iotctl.cli.output.rows import Format
from iotctl.model import OnDuplicate, StorageLayout
from iotctl.repositories import (
    Connection,
    Database,
    SensorRepository,
    ensure_schema,
    sort_readings,
    storage_of,
)
from iotctl.repositories.embedded import embedded_database
from tests.bench.data import START, STEP_SECONDS
from tests.bench.ingest import fresh
from tests.process import COMMAND
from tests.timescale import timescale_server

SECOND, DAY, YEAR = 1_000_000, 86_400_000_000, 365 * 86_400_000_000
SENSORS = 100
FAST_SENSOR, FAST_READINGS = "ffffffff-0000-4000-8000-000000000000", 10_000_000

Row = tuple[str, float, float | None]


def load(conn: Connection, layout: StorageLayout, sensor: NDArray[np.int32], time: NDArray[np.int64]) -> None:
    """Readings with values made up, a million at a time."""
    loader = storage_of(conn)
    value = np.random.default_rng(1).normal(0, 50, len(time))
    for start in range(0, len(time), 1_000_000):
        part = slice(start, start + 1_000_000)
        batch = sort_readings(sensor[part], time[part], value[part])
        with loader.batch(batch):
            loader.write(batch, 1, OnDuplicate.SKIP)


def fill(conn: Connection) -> tuple[int, int, int]:
    """A year of some sensors, and a fast one. Returns ids of one of each, and the first moment."""
    layout = ensure_schema(conn)
    sensors = SensorRepository(conn)
    ids = sensors.ids([f"{number:08x}-0000-4000-8000-000000000000" for number in range(SENSORS)] + [FAST_SENSOR])
    fast = ids[FAST_SENSOR]
    numbers = np.array([number for uuid, number in ids.items() if uuid != FAST_SENSOR], dtype=np.int32)
    first = int(START.astype("M8[us]").astype(np.int64))
    year = np.arange(first, first + YEAR, STEP_SECONDS * SECOND)
    load(conn, layout, np.tile(numbers, len(year)), np.repeat(year, SENSORS))
    load(conn, layout, np.full(FAST_READINGS, fast, np.int32), first + np.arange(FAST_READINGS) * SECOND)
    conn.execute("VACUUM (ANALYZE)")
    return int(numbers[0]), fast, first


def seconds_of(work: Callable[[], object], rounds: int) -> float:
    """The median, after a first time that does not count."""
    taken = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def psql_seconds(psql: str, database: Database, command: str, rounds: int) -> float:
    """The same, by psql's own clock, for a command without output of its rows."""
    script = "\\timing on\n\\o /dev/null\n" + f"{command}\n" * (rounds + 1)
    ended = subprocess.run([psql, database.dsn, "-qX"], input=script, check=True, capture_output=True, text=True)
    taken = [float(found) for found in re.findall(r"Time: ([0-9.]+) ms", ended.stdout)]
    return statistics.median(taken[1:]) / 1000


def measure(database: Database, rounds: int, psql: str) -> list[Row]:
    """What was read, and the seconds of iotctl and psql."""
    rows: list[Row] = []
    with database.connect() as conn:
        slow, fast, first = fill(conn)
        repository = storage_of(conn)
        nowhere = Path("/dev/null")
        for what, sensor, length, count in (
            ("a day of one sensor", slow, DAY, rounds * 4),
            ("a year of one sensor", slow, YEAR, rounds),
            ("10 million readings as CSV", fast, YEAR, 1),
        ):
            moments = (f"'epoch'::timestamptz + interval '{at} us'" for at in (first, first + length))
            query = (
                f"SELECT timestamp, sensor_value FROM readings_of({sensor}, {{}}, {{}}) ORDER BY timestamp"
            ).format(*moments)

            def read(sensor: int = sensor, length: int = length) -> object:
                pages = repository.series(sensor, first, first + length)
                return write_readings(
                    (("a", *page) for page in pages), ReadingTable("Europe/Berlin"), Format.CSV, nowhere
                )

            seconds = seconds_of(read, count)
            print(f"  {what}: {seconds:.4f} s", file=sys.stderr)
            rows.append((what, seconds, psql_seconds(psql, database, f"\\copy ({query}) to '/dev/null' csv", count)))
        million = seconds_of(lambda: repository.whole_series(fast, first, first + 1_000_000 * SECOND), rounds)
        rows.append(("1 million readings into numpy", million, None))
    command: list[str | Path] = [COMMAND, "query", FAST_SENSOR, "2015-01-02", "2015-01-03", "--format", "csv"]
    environment = {"IOTCTL_DATABASE_URL": database.dsn}
    whole = seconds_of(lambda: subprocess.run(command, env=environment, check=True, capture_output=True), rounds)
    rows.append(("`iotctl query` of a day from the shell, 86,400 readings", whole, None))
    return rows


def table(rows: list[Row]) -> str:
    lines = ["| what | iotctl | psql \\copy to CSV |", "|---|---|---|"]
    for what, ours, theirs in rows:
        lines.append(f"| {what} | {shown(ours)} | {'-' if theirs is None else shown(theirs)} |")
    return "\n".join(lines)


def shown(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path("bench"))
    arguments = parser.parse_args()
    psql = shutil.which("psql")
    if psql is None:
        sys.exit("psql is not installed")
    arguments.output.mkdir(exist_ok=True)
    reports = []
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_database(Path(folder)) as embedded,
        timescale_server() as timescale,
    ):
        for title, server in (("PostgreSQL (embedded)", embedded), ("TimescaleDB", timescale)):
            if server is None:
                print(f"{title}: none found", file=sys.stderr)
                continue
            with fresh(server) as database:
                reports.append(f"## {title}\n\n{table(measure(database, arguments.rounds, psql))}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    reports.append(f"Peak memory of the measuring process, loading included: {memory:.0f} MB.")
    report = "\n\n".join(reports)
    (arguments.output / "query.md").write_text(report + "\n")
    print(report)


if __name__ == "__main__":
    main()

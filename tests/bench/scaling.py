"""How load, disk and queries grow with the readings: the measured side of docs/explanation/scaling.md.

python -m tests.bench.scaling [--millions 1 4 16 64] [--output bench]

The table grows from one size to the next, each step by `iotctl ingest` as a process of its own, from an S3 server, on
the embedded PostgreSQL and on TimescaleDB where one is found. Then what many sensors, and small files, cost. Writes
scaling.json and scaling.md; needs 100 bytes of disk a reading in all, and a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from iotctl.repositories import Database, ensure_schema, storage_of
from iotctl.repositories.embedded import embedded_database
from iotctl.repositories.status import status
from tests.bench.data import START, make_readings, sensor_uuids, write_csv
from tests.bench.ingest import ROWS_PER_FILE, fresh
from tests.bench.loads import PeakMemory
from tests.process import COMMAND, environment
from tests.store import S3Server
from tests.timescale import timescale_server

WORKERS = 2

# Readings of a made-up file for the steps after the growth: how many sensors and how many rows a file has.
SENSOR_STEPS = (100, 10_000, 100_000)
FILE_STEPS = (400, 2_000, 12_000, 100_000)
STEP_ROWS, FILE_ROWS = 4_000_000, 1_200_000


@dataclass(frozen=True)
class Load:
    """One ingest. seconds: as it says itself. Processor seconds: client, database and store. Bytes of this step."""

    rows: int
    seconds: float
    client_seconds: float
    server_seconds: float
    store_seconds: float
    client_memory: int
    log_bytes: int


@dataclass(frozen=True)
class Size:
    """What the database holds after a step. Latencies: the median of five, in seconds, of one sensor."""

    readings: int
    reading_bytes: int
    ledger_bytes: int
    parts: int
    day_seconds: float
    year_seconds: float
    status_seconds: float


def load(database: Database, store: S3Server, uri: str) -> Load:
    with database.connect() as conn:
        ensure_schema(conn)
        before = log_position(database)
    servers = processor_seconds()
    clients = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [COMMAND, "ingest", uri, "--json", "--timezone", "UTC", "--workers", str(WORKERS)],
        env=environment(database, store) | {"IOTCTL_WORKERS": str(WORKERS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    memory = PeakMemory(process)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    summary = json.loads(stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = processor_seconds()
    return Load(
        summary["rows_loaded"],
        summary["seconds"],
        after.ru_utime + after.ru_stime - clients.ru_utime - clients.ru_stime,
        spent["postgres"] - servers["postgres"],
        spent["rclone"] - servers["rclone"],
        memory.bytes,
        log_position(database) - before,
    )


def processor_seconds() -> dict[str, float]:
    """Of the servers' processes, by name, ended children of the postmaster among them."""
    spent = {"postgres": 0.0, "rclone": 0.0}
    for process in psutil.process_iter(["name", "cpu_times"]):
        if process.info["name"] in spent and process.info["cpu_times"]:
            spent[process.info["name"]] += sum(process.info["cpu_times"][:4])
    return spent


def log_position(database: Database) -> int:
    with database.connect() as conn:
        row = conn.execute("SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint").fetchone()
    assert row is not None
    return int(str(row[0]))


def measure(database: Database) -> Size:
    with database.connect() as conn:
        ensure_schema(conn)
        found = status(conn, storage_of(conn))
        sensor = conn.execute("SELECT min(sensor_id) FROM sensor").fetchone()
        assert sensor is not None
        start = int(START.astype("M8[us]").astype(np.int64)) + 2 * 86_400_000_000
        readings = storage_of(conn)
        number = int(str(sensor[0]))
        return Size(
            found.readings,
            found.table_bytes["reading"],
            sum(size for name, size in found.table_bytes.items() if name.startswith("ingest")),
            found.parts.count,
            median_seconds(lambda: readings.whole_series(number, start, start + 86_400_000_000)),
            median_seconds(lambda: readings.whole_series(number, start, start + 365 * 86_400_000_000)),
            median_seconds(lambda: status(conn, storage_of(conn))),
        )


def median_seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(5):
        began = time.monotonic()
        work()
        taken.append(time.monotonic() - began)
    return sorted(taken)[2]


def write_growth(folder: Path, sizes: list[int]) -> list[str]:
    uuids, done, uris = pa.array(sensor_uuids()), 0, []
    for millions in sizes:
        count = millions * 1_000_000 // ROWS_PER_FILE
        for number in range(done, count):
            path = folder / "bench" / f"to{millions}" / f"{number:04}.csv"
            write_csv(path, make_readings(number, ROWS_PER_FILE), uuids)
        uris.append(f"s3://bench/to{millions}/")
        done = count
    return uris


def write_many_sensors(folder: Path, sensors: int) -> str:
    """The same readings, each file's spread over more sensors or fewer."""
    uuids = pa.array([f"{number:08x}-0000-4000-8000-000000000000" for number in range(sensors)])
    for number in range(STEP_ROWS // ROWS_PER_FILE):
        readings = make_readings(number, ROWS_PER_FILE)
        place = np.arange(number * ROWS_PER_FILE, (number + 1) * ROWS_PER_FILE)
        spread = type(readings)((place % sensors).astype(np.int32), readings.time + place, readings.value)
        write_csv(folder / "bench" / f"sensors{sensors}" / f"{number:04}.csv", spread, uuids)
    return f"s3://bench/sensors{sensors}/"


def write_small_files(folder: Path, rows: int) -> str:
    uuids = pa.array(sensor_uuids())
    for number in range(FILE_ROWS // rows):
        # rclone reads the folder of an object again for each request.
        path = folder / "bench" / f"rows{rows}" / f"{number // 100:03}" / f"{number % 100:02}.csv"
        write_csv(path, make_readings(number, rows), uuids)
    return f"s3://bench/rows{rows}/"


def steps(server: Database, store: S3Server, folder: Path, sizes: list[int]) -> Iterator[dict[str, object]]:
    with fresh(server) as database:
        for millions, uri in zip(sizes, [f"s3://bench/to{size}/" for size in sizes], strict=True):
            done = load(database, store, uri)
            yield {"step": f"to {millions} M", **asdict(done), **asdict(measure(database))}
    for sensors in SENSOR_STEPS:
        uri = write_many_sensors(folder, sensors)
        with fresh(server) as database:
            yield {"step": f"{sensors} sensors", **asdict(load(database, store, uri)), **asdict(measure(database))}
    for rows in FILE_STEPS:
        uri = write_small_files(folder, rows)
        with fresh(server) as database:
            yield {"step": f"files of {rows}", **asdict(load(database, store, uri)), **asdict(measure(database))}


def table(found: list[dict[str, object]]) -> str:
    lines = [
        "| step | M rows/s | client, server, store: us a row | client's memory | bytes a row | log, bytes a row | parts"
        " | a day, a year, status |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found:
        of = {name: float(str(value)) for name, value in row.items() if name != "step"}
        per_row = (of[f"{part}_seconds"] * 1e6 / of["rows"] for part in ("client", "server", "store"))
        latency = ", ".join(f"{of[f'{what}_seconds'] * 1000:.1f}" for what in ("day", "year", "status"))
        lines.append(
            f"| {row['step']} | {of['rows'] / of['seconds'] / 1e6:.2f} | {', '.join(f'{us:.2f}' for us in per_row)}"
            f" | {of['client_memory'] / 1e6:.0f} MB | {of['reading_bytes'] / of['readings']:.1f}"
            f" | {of['log_bytes'] / of['rows']:.0f} | {of['parts']:.0f} | {latency} ms |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 4, 16, 64])
    parser.add_argument("--output", type=Path, default=Path("bench"))
    arguments = parser.parse_args()
    arguments.output.mkdir(exist_ok=True)
    results: dict[str, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as name:
        folder = Path(name)
        write_growth(folder, arguments.millions)
        with (
            S3Server(folder) as store,
            timescale_server() as timescale,
            embedded_database(folder / "home") as embedded,
        ):
            for title, server in (("TimescaleDB", timescale), ("PostgreSQL (embedded)", embedded)):
                if server is None:
                    continue
                results[title] = []
                for found in steps(server, store, folder, arguments.millions):
                    results[title].append(found)
                    print(table([found]).splitlines()[-1], file=sys.stderr, flush=True)
    (arguments.output / "scaling.json").write_text(json.dumps(results, indent=1))
    report = "\n\n".join(f"## {title}\n\n{table(found)}" for title, found in results.items())
    (arguments.output / "scaling.md").write_text(report + "\n")
    print(report)


if __name__ == "__main__":
    main()

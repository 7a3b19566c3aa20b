"""Ingest speed from a real S3 server, beside two parallel `psql \\copy` of the same files into the same table.

python -m tests.bench.ingest [--files 10] [--rows 500000] [--rounds 2]

The embedded PostgreSQL, and TimescaleDB where one is found. psql reads the files from the disk with the sensor's number
in place of its UUID, so that it has less to do than iotctl. Ratios within a run count; machines differ.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg.conninfo import make_conninfo

from iotctl.repositories import Database, Layout, embedded_database, ensure_schema, status
from iotctl.repositories.partitions import ensure_partition
from tests.store import S3Server
from tests.timescale import timescale_server

COMMAND = Path(sys.executable).parent / "iotctl"
SENSORS = 1000
SECONDS_BETWEEN_READINGS = 480
START = np.datetime64("2015-01-01T00:00:00")


@dataclass(frozen=True)
class Result:
    """One load of all files."""

    way: str
    rows: int
    seconds: float
    memory_mb: float
    bytes_per_row: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds


def make_files(folder: Path, files: int, rows: int) -> None:
    """CSV files in order of time under timeseries/, and the same with numbers for UUIDs under numbered/."""
    random = np.random.default_rng(1)
    uuids = pa.array([str(UUID(bytes=random.bytes(16), version=4)) for _ in range(SENSORS)])
    span = rows * SECONDS_BETWEEN_READINGS // SENSORS
    for sub in ("timeseries", "numbered"):
        (folder / sub).mkdir(parents=True)
    for number in range(files):
        # Each (sensor, second) once, as psql stops at the first duplicate.
        place = np.sort(random.choice(span * SENSORS, rows, replace=False))
        second, sensor = number * span + place // SENSORS, (place % SENSORS).astype(np.int32)
        time_column = pa.array((START + second.astype("m8[s]")).astype("M8[s]"))
        value = pa.array(random.normal(0, 50, rows))
        for sub, column in (("timeseries", uuids.take(pa.array(sensor))), ("numbered", pa.array(sensor))):
            table = pa.table({"timestamp": time_column, "sensor_uuid": column, "sensor_value": value})
            options = pa_csv.WriteOptions(delimiter=";", quoting_style="none")
            pa_csv.write_csv(table, folder / sub / f"data_{number:03}.csv", options)


@contextmanager
def fresh(server: Database) -> Iterator[Database]:
    with server.connect() as conn:
        conn.execute("DROP DATABASE IF EXISTS iotctl_bench WITH (FORCE)")
        conn.execute("CREATE DATABASE iotctl_bench")
    yield Database(make_conninfo(server.dsn, dbname="iotctl_bench"))
    with server.connect() as conn:
        conn.execute("DROP DATABASE iotctl_bench WITH (FORCE)")


def size(database: Database) -> tuple[int, int]:
    """Readings and their bytes on disk."""
    with database.connect() as conn:
        found = status(conn, ensure_schema(conn))
    return found.readings, found.table_bytes["reading"]


def load_with_iotctl(database: Database, store: S3Server) -> Result:
    environment = os.environ | store.environment | {"IOTCTL_DATABASE_URL": database.dsn}
    ended = subprocess.run(
        [COMMAND, "ingest", "s3://bench/timeseries/", "--json"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    summary = json.loads(ended.stdout)
    rows, used = size(database)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Result("iotctl ingest", rows, summary["seconds"], memory, used / rows)


def load_with_psql(database: Database, folder: Path, psql: str) -> Result:
    with database.connect() as conn:
        # The partitions that the files need; iotctl makes its own.
        if ensure_schema(conn) is Layout.PARTITIONS:
            for month in range(13):
                ensure_partition(conn, np.datetime64("2014-12") + month)

    def copy(file: Path) -> None:
        command = (
            f"\\copy reading (timestamp, sensor_id, sensor_value) from '{file}' (format csv, header, delimiter ';')"
        )
        environment = os.environ | {"PGTZ": "Europe/Berlin"}
        subprocess.run([psql, database.dsn, "-qc", command], check=True, env=environment)

    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(copy, sorted((folder / "numbered").iterdir())))
    seconds = time.monotonic() - began
    rows, used = size(database)
    return Result("two parallel psql \\copy", rows, seconds, 0.0, used / rows)


def report(name: str, results: list[Result]) -> None:
    print(f"\n{name}\n\n| way | million rows/s | peak memory | bytes a row |\n|---|---|---|---|")
    best: dict[str, Result] = {}
    for result in results:
        if result.way not in best or result.rows_per_second > best[result.way].rows_per_second:
            best[result.way] = result
    for result in best.values():
        memory = f"{result.memory_mb:.0f} MB" if result.memory_mb else "-"
        print(f"| {result.way} | {result.rows_per_second / 1e6:.2f} | {memory} | {result.bytes_per_row:.0f} |")
    if len(best) == 2:
        ours, theirs = (best[way].rows_per_second for way in ("iotctl ingest", "two parallel psql \\copy"))
        print(f"\nratio: {ours / theirs:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    psql = shutil.which("psql")
    if psql is None:
        print("psql is not installed: iotctl alone")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_files(folder / "bench", arguments.files, arguments.rows)
        with (
            S3Server(folder) as store,
            embedded_database(folder / "home") as embedded,
            timescale_server() as timescale,
        ):
            for title, server in (("PostgreSQL (embedded)", embedded), ("TimescaleDB", timescale)):
                if server is None:
                    print(f"\n{title}: none found")
                    continue
                results = []
                for _ in range(arguments.rounds):
                    with fresh(server) as database:
                        results.append(load_with_iotctl(database, store))
                    if psql:
                        with fresh(server) as database:
                            results.append(load_with_psql(database, folder / "bench", psql))
                report(f"{title}: {arguments.files} files of {arguments.rows:,} rows", results)


if __name__ == "__main__":
    main()

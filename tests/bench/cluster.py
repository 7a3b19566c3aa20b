"""A Dask cluster of two one-thread workers compared with one process of two, in one run, interleaved.

python -m tests.bench.cluster [--millions 4] [--files 8] [--rounds 3] [--plain] [--output bench]

On TimescaleDB if one is found, else (or with --plain) on the embedded PostgreSQL. Seconds are those of the whole
command with its start; the cluster already runs, and its workers have done a task. Machines differ: only the ratio
counts.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from iotctl.repositories import Database
from iotctl.repositories.embedded import embedded_database
from tests.bench.data import make_readings, sensor_uuids, write_csv
from tests.bench.ingest import fresh
from tests.dask_cluster import DaskCluster
from tests.process import COMMAND, environment
from tests.store import S3Server
from tests.timescale import timescale_server

WORKERS = 2
MOST = 1.15  # the cluster may take so many times as long


def seconds_of(arguments: list[str], settings: dict[str, str]) -> float:
    """The seconds of an iotctl command, in an environment."""
    began = time.monotonic()
    ended = subprocess.run([COMMAND, *arguments], env=settings, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return time.monotonic() - began


def measure(server: Database, store: S3Server, folder: Path, rounds: int) -> dict[tuple[str, str], list[float]]:
    seconds: dict[tuple[str, str], list[float]] = {}
    for number in range(-1, rounds):  # the first one warms up
        for way in ("one process", "cluster"):
            with fresh(server) as database:
                settings = environment(database, store)
                with DaskCluster(folder / f"dask-{number}", settings) as cluster:
                    for _ in range(WORKERS):
                        cluster.start_worker()
                    cluster.wait_for_workers(WORKERS)
                    where = ["--workers", str(WORKERS)] if way == "one process" else ["--scheduler", cluster.address]
                    # Makes the schema, and workers import what they need.
                    seconds_of(["ingest", "s3://bench/warm/", "--timezone", "UTC", *where], settings)
                    loading = seconds_of(["ingest", "s3://bench/files/", "--timezone", "UTC", *where], settings)
                    detecting = seconds_of(["detect", "--all", "--format", "csv", "-o", "/dev/null", *where], settings)
            print(f"  round {number}, {way}: ingest {loading:.2f} s, detect {detecting:.2f} s", file=sys.stderr)
            if number >= 0:
                seconds.setdefault(("ingest", way), []).append(loading)
                seconds.setdefault(("detect --all", way), []).append(detecting)
    return seconds


def table(seconds: dict[tuple[str, str], list[float]]) -> str:
    lines = ["| | one process, two workers | cluster, two workers | ratio (at most 1.15) |", "|---|---|---|---|"]
    for what in ("ingest", "detect --all"):
        here, there = (statistics.median(seconds[what, way]) for way in ("one process", "cluster"))
        verdict = "" if there <= MOST * here else ", missed"
        lines.append(f"| {what} | {here:.2f} s | {there:.2f} s | {there / here:.2f}{verdict} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--millions", type=float, default=4)
    parser.add_argument("--files", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("bench"))
    arguments = parser.parse_args()
    arguments.output.mkdir(exist_ok=True)
    rows = int(arguments.millions * 1_000_000) // arguments.files
    uuids = pa.array(sensor_uuids())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(arguments.files):
            write_csv(folder / "bench" / "files" / f"{number:04}.csv", make_readings(number, rows), uuids)
        for number in range(2 * WORKERS):
            # Where the others end.
            write_csv(
                folder / "bench" / "warm" / f"{number}.csv",
                make_readings(rows * arguments.files // 2000 + 1 + number, 2000),
                uuids,
            )
        with (
            S3Server(folder) as store,
            embedded_database(folder / "home") as embedded,
            timescale_server() as timescale,
        ):
            server = embedded if arguments.plain or timescale is None else timescale
            report = table(measure(server, store, folder, arguments.rounds))
    (arguments.output / "cluster.md").write_text(report + "\n")
    print(report)


if __name__ == "__main__":
    main()

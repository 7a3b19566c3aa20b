"""Ingest speed from a real S3 server, compared with psql, pandas and the floor, in one run, interleaved.

python -m tests.bench.ingest [--millions 1 4 16] [--rounds 3] [--output bench]

On the embedded PostgreSQL, and on TimescaleDB where one is found. psql, pandas and the floor read the disk, with the
sensor's number in place of its UUID, so that they have less to do than iotctl. The table grows from one size to the
next, to show whether speed falls. Machines differ: ratios within a run count. Needs psql.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa
from psycopg.conninfo import make_conninfo

from iotctl.repositories import Database
from iotctl.repositories.embedded import embedded_database
from tests.bench import loads
from tests.bench.data import SENSORS, make_readings, sensor_uuids, write_csv
from tests.store import S3Server
from tests.timescale import timescale_server

ROWS_PER_FILE = 500_000


class Way(StrEnum):
    IOTCTL = "iotctl, from the store"
    IOTCTL_DISK = "iotctl, from the disk"
    FLOOR = "the floor"
    PSQL = "two parallel psql \\copy"
    PANDAS = "pandas, CSV text, COPY"


# The slow ones show no more at larger sizes.
MOST_MILLIONS = {Way.PSQL: 4, Way.PANDAS: 1}


@dataclass(frozen=True)
class Step:
    """The files that take the table from one size to the next, in the form that each way takes."""

    millions: int
    rows: int
    prefix: str
    folder: Path
    numbered: list[Path]
    encoded: list[Path]


@dataclass(frozen=True)
class Result:
    """One load of a step."""

    way: Way
    millions: int
    rows_per_second: float
    memory_bytes: int
    bytes_per_row: float


def make_steps(folder: Path, sizes: list[int]) -> list[Step]:
    uuids, numbers = pa.array(sensor_uuids()), pa.array(np.arange(SENSORS, dtype=np.int32))
    steps: list[Step] = []
    done = 0
    for millions in sizes:
        count = millions * 1_000_000 // ROWS_PER_FILE
        step = Step(
            millions,
            (count - done) * ROWS_PER_FILE,
            f"s3://bench/{millions}/",
            folder / "bench" / str(millions),
            [],
            [],
        )
        for number in range(done, count):
            readings = make_readings(number, ROWS_PER_FILE)
            write_csv(step.folder / f"{number:04}.csv", readings, uuids)
            step.numbered.append(folder / "numbered" / f"{number:04}.csv")
            write_csv(step.numbered[-1], readings, numbers)
            step.encoded.append(folder / "encoded" / f"{number:04}")
            loads.encode_file(step.encoded[-1], readings)
        steps.append(step)
        done = count
    return steps


@contextmanager
def fresh(server: Database) -> Iterator[Database]:
    with server.connect() as conn:
        conn.execute("DROP DATABASE IF EXISTS iotctl_bench WITH (FORCE)")
        conn.execute("CREATE DATABASE iotctl_bench")
    yield Database(make_conninfo(server.dsn, dbname="iotctl_bench"))
    with server.connect() as conn:
        conn.execute("DROP DATABASE iotctl_bench WITH (FORCE)")
        conn.execute("CHECKPOINT")  # not at the next one's cost


def load(way: Way, database: Database, store: S3Server, steps: list[Step], psql: str) -> Iterator[Result]:
    for step in steps:
        if step.millions > MOST_MILLIONS.get(way, step.millions):
            return
        memory = 0
        match way:
            case Way.IOTCTL:
                seconds, memory = loads.load_with_iotctl(database, store, step.prefix)
            case Way.IOTCTL_DISK:
                seconds, memory = loads.load_with_iotctl(database, store, step.folder)
            case Way.FLOOR:
                seconds = loads.load_the_floor(database, step.encoded, psql)
            case Way.PSQL:
                seconds = loads.load_with_psql(database, step.numbered, psql)
            case Way.PANDAS:
                seconds = loads.load_with_pandas(database, step.numbered)
        readings, size = loads.readings_and_size(database)
        assert readings == step.millions * 1_000_000
        yield Result(way, step.millions, step.rows / seconds, memory, size / readings)


def measure(server: Database, store: S3Server, steps: list[Step], rounds: int, psql: str) -> list[Result]:
    results = []
    for number in range(rounds):
        for way in Way:
            if number and way is Way.PANDAS:
                continue
            with fresh(server) as database:
                if way not in (Way.IOTCTL, Way.IOTCTL_DISK):
                    loads.make_table(database, plain=way is not Way.FLOOR)
                for result in load(way, database, store, steps, psql):
                    results.append(result)
                    print(f"  {way}, to {result.millions} M: {result.rows_per_second:,.0f} rows/s", file=sys.stderr)
    return results


def table(results: list[Result]) -> str:
    lines = [
        "| way | table grows to | rows/s | first / this | peak memory | bytes a row on disk |",
        "|---|---|---|---|---|---|",
    ]
    for millions in sorted({result.millions for result in results}):
        ours = speed(results, Way.IOTCTL, millions)
        for way in Way:
            if not (runs := [run for run in results if (run.way, run.millions) == (way, millions)]):
                continue
            memory = max(run.memory_bytes for run in runs) / 1e6
            lines.append(
                f"| {way} | {millions} M | {speed(results, way, millions):,.0f} "
                f"| {ours / speed(results, way, millions):.2f} | {f'{memory:.0f} MB' if memory else '-'} "
                f"| {statistics.median(run.bytes_per_row for run in runs):.1f} |"
            )
    return "\n".join(lines)


def speed(results: list[Result], way: Way, millions: int) -> float:
    """The median."""
    return statistics.median(run.rows_per_second for run in results if (run.way, run.millions) == (way, millions))


def draw(results: dict[str, list[Result]], path: Path) -> None:
    points = [
        {"server": server, "way": way, "million readings": millions, "million rows/s": speed(runs, way, millions) / 1e6}
        for server, runs in results.items()
        for way, millions in sorted({(run.way, run.millions) for run in runs})
    ]
    chart = alt.Chart(pd.DataFrame(points)).mark_line(point=True)
    chart.encode(
        x=alt.X("million readings:Q", scale=alt.Scale(type="log")),
        y="million rows/s:Q",
        color="way:N",
        column="server:N",
    ).save(path)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--millions", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("bench"))
    arguments = parser.parse_args()
    psql = shutil.which("psql")
    if psql is None:
        sys.exit("psql is not installed")
    arguments.output.mkdir(exist_ok=True)
    results: dict[str, list[Result]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        steps = make_steps(folder, arguments.millions)
        with (
            S3Server(folder) as store,
            embedded_database(folder / "home") as embedded,
            timescale_server() as timescale,
        ):
            for title, server in (("PostgreSQL (embedded)", embedded), ("TimescaleDB", timescale)):
                if server is None:
                    print(f"{title}: none found", file=sys.stderr)
                    continue
                results[title] = measure(server, store, steps, arguments.rounds, psql)
    report = "\n\n".join(f"## {title}\n\n{table(runs)}" for title, runs in results.items())
    (arguments.output / "ingest.md").write_text(report + "\n")
    draw(results, arguments.output / "ingest.svg")
    print(report)


if __name__ == "__main__":
    main()

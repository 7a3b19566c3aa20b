"""Ways to load the benchmark's files: iotctl, psql, pandas, and the floor, which is the server's own time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import psycopg

from iotctl.model import StorageLayout
from iotctl.repositories import Database, open_storage, sort_readings
from iotctl.repositories.postgres.binary import COPY_HEADER, COPY_TRAILER, encode_readings
from iotctl.repositories.schema import has_table
from iotctl.repositories.storage.segments.encoding import COLUMNS, encode_segments, segment_starts
from iotctl.repositories.storage.sorted_readings import OwnedReadings
from tests.bench.data import Readings
from tests.process import COMMAND, environment
from tests.store import S3Server

# As many as the machine that the targets speak of has cores.
CONNECTIONS = 2

DIRECT_COMPRESS = (
    "-c timescaledb.enable_direct_compress_copy=on -c timescaledb.enable_direct_compress_copy_client_sorted=on"
)


class PeakMemory:
    """The most memory that a process had in use while it ran, in bytes; asked 50 times a second."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.bytes = 0
        threading.Thread(target=self._watch, args=(psutil.Process(process.pid),), daemon=True).start()

    def _watch(self, process: psutil.Process) -> None:
        try:
            while True:
                self.bytes = max(self.bytes, process.memory_info().rss)
                time.sleep(0.02)
        except psutil.NoSuchProcess:
            return


def load_with_iotctl(database: Database, store: S3Server, uri: str | Path) -> tuple[float, int]:
    """From the store, or from a folder. Seconds, and the peak of memory in bytes."""
    process = subprocess.Popen(
        [COMMAND, "ingest", uri, "--json", "--timezone", "UTC", "--workers", str(CONNECTIONS)],
        env=environment(database, store),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    memory = PeakMemory(process)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    seconds: float = json.loads(stdout)["seconds"]
    return seconds, memory.bytes


def make_table(database: Database, *, plain: bool) -> None:
    """iotctl's own tables; plain: a usual table with a primary key, on TimescaleDB a hypertable."""
    with database.connect() as conn:
        storage = open_storage(conn)
        if not plain:
            return
        conn.execute(
            "CREATE TABLE plain_reading (sensor_id int NOT NULL, file_id int NOT NULL DEFAULT 0,"
            ' "timestamp" timestamptz NOT NULL, sensor_value float8 NOT NULL, PRIMARY KEY (sensor_id, "timestamp"))'
        )
        if storage.layout is StorageLayout.COLUMNSTORE:
            conn.execute(
                "SELECT create_hypertable('plain_reading', 'timestamp', chunk_time_interval => interval '30 days',"
                " create_default_indexes => false)"
            )


def readings_and_size(database: Database) -> tuple[int, int]:
    """How many readings there are, and their bytes on disk."""
    with database.connect() as conn:
        storage = open_storage(conn)
        if not has_table(conn, "plain_reading"):
            return storage.span().readings, storage.size()
        count = conn.execute("SELECT count(*) FROM plain_reading").fetchone()
        assert count is not None
        return int(str(count[0])), storage.table_size("plain_reading")


def load_with_psql(database: Database, files: list[Path], psql: str) -> float:
    """Two parallel psql \\copy of the files with sensor numbers for UUIDs. Returns seconds."""

    def copy(file: Path) -> None:
        columns, form = "timestamp, sensor_id, sensor_value", "(format csv, header, delimiter ';')"
        command = f"\\copy plain_reading ({columns}) from '{file}' {form}"
        subprocess.run([psql, database.dsn, "-qc", command], check=True, env=os.environ | {"PGTZ": "UTC"})

    return _seconds_of(copy, files)


def load_with_pandas(database: Database, files: list[Path]) -> float:
    """The obvious program: pandas, then CSV text, then COPY, a file after the other. Returns seconds."""
    began = time.monotonic()
    with psycopg.connect(database.dsn) as conn:
        for file in files:
            frame = pd.read_csv(file, sep=";", parse_dates=["timestamp"])
            frame["timestamp"] = frame["timestamp"].dt.tz_localize("UTC")
            text = io.StringIO()
            frame.to_csv(text, index=False, header=False)
            statement = "COPY plain_reading (timestamp, sensor_id, sensor_value) FROM STDIN (FORMAT csv)"
            with conn.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(text.getvalue())
            conn.commit()
    return time.monotonic() - began


def encode_file(path: Path, readings: Readings) -> None:
    """What iotctl would send for a file, in COPY's binary form: sorted rows (.rows), and segments (.segments)."""
    batch = sort_readings(readings.sensor, readings.time, readings.value)
    files = np.ones(len(batch), dtype=np.int32)
    path.parent.mkdir(parents=True, exist_ok=True)
    (rows,) = encode_readings(batch.sensor_id, files, batch.time, batch.value, len(batch))
    path.with_suffix(".rows").write_bytes(COPY_HEADER + bytes(rows) + COPY_TRAILER)
    owned = OwnedReadings(batch.sensor_id, batch.time, files, batch.value)
    segments = encode_segments(owned, segment_starts(owned))
    path.with_suffix(".segments").write_bytes(COPY_HEADER + b"".join(segments) + COPY_TRAILER)


def load_the_floor(database: Database, files: list[Path], psql: str) -> float:
    """The encoded files over as many connections, each by COPY as iotctl does it. Returns seconds."""
    with database.connect() as conn:
        in_rows = open_storage(conn).layout is StorageLayout.COLUMNSTORE
    into = "reading (sensor_id, file_id, timestamp, sensor_value)" if in_rows else f"reading_segment ({COLUMNS})"
    options = {"PGOPTIONS": DIRECT_COMPRESS} if in_rows else {}

    def copy(file: Path) -> None:
        encoded = file.with_suffix(".rows" if in_rows else ".segments")
        command = f"\\copy {into} from '{encoded}' with (format binary)"
        subprocess.run([psql, database.dsn, "-qc", command], check=True, env=os.environ | options)

    return _seconds_of(copy, files)


def _seconds_of(copy: Callable[[Path], None], files: list[Path]) -> float:
    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(copy, files))
    return time.monotonic() - began

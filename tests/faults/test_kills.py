"""Processes and servers that are killed: after another run the table is as it should be."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.repositories import Database, ensure_schema
from tests.faults import load
from tests.local_server import LocalServer
from tests.obvious import obvious, table, write_files
from tests.process import COMMAND, environment
from tests.record_forms import CASES, expected_readings, named_readings, some_records
from tests.store import S3Server


def start(
    uri: str,
    database: Database,
    store: S3Server,
    workers: int = 2,
    batch_rows: int = 3000,
    layout: Path | None = None,
) -> subprocess.Popen[str]:
    layouts = [] if layout is None else [str(layout)]
    return subprocess.Popen(
        [sys.executable, "-m", load.__name__, uri, str(workers), str(batch_rows), *layouts],
        env=environment(database, store),
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> int:
    """The readings it loaded."""
    stdout, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return int(stdout.split()[-1])


def kill_after(process: subprocess.Popen[str], batches: int, seconds: float) -> None:
    assert process.stdout is not None
    list(islice(process.stdout, batches))
    time.sleep(seconds)
    process.kill()
    process.communicate()


def test_twenty_kills_lose_and_double_nothing(database: Database, store: S3Server) -> None:
    contents = write_files(store, "kills", 8, 60_000, seed=11)
    chance = random.Random(5)
    for number in range(20):
        # Also with other workers and batch sizes than before.
        process = start("s3://kills/t/", database, store, 1 + number % 3, chance.choice([2000, 3000, 5000]))
        kill_after(process, chance.randrange(6), chance.random() * 0.1)
        assert process.returncode == -9
    finish(start("s3://kills/t/", database, store))
    assert table(database) == obvious(contents)


def test_kills_among_small_files_that_share_batches_lose_and_double_nothing(
    database: Database, store: S3Server
) -> None:
    contents = write_files(store, "small", 600, 100, seed=14)
    chance = random.Random(6)
    for number in range(6):
        process = start("s3://small/t/", database, store, 1 + number % 2, chance.choice([1000, 2000, 4000]))
        kill_after(process, chance.randrange(25), chance.random() * 0.02)
        assert process.returncode == -9
    finish(start("s3://small/t/", database, store, batch_rows=4000))
    assert table(database) == obvious(contents)
    with database.connect() as conn:
        shared = conn.execute(
            "SELECT max(count) FROM (SELECT count(*) FROM ingest_batch GROUP BY loaded_at) AS batches"
        )
        assert int(str((shared.fetchone() or (0,))[0])) > 1


@pytest.mark.parametrize("form", CASES)
def test_kills_within_a_file_of_any_form_lose_and_double_nothing(
    form: str, postgres: Database, store: S3Server, tmp_path: Path
) -> None:
    case, records = CASES[form], some_records(30_000)
    file, layout = tmp_path / f"a.{form.split()[0]}", tmp_path / "layout.toml"
    file.write_bytes(case.write(records))
    os.utime(file, (1, 1))
    layout.write_text(layout_toml(case.layout))
    chance = random.Random(7)
    for _ in range(5):
        process = start(str(file), postgres, store, 1, chance.choice([1000, 2000]), layout)
        kill_after(process, chance.randrange(1, 6), chance.random() * 0.05)
        assert process.returncode == -9
    finish(start(str(file), postgres, store, 1, 3000, layout))
    assert named_readings(postgres) == expected_readings(case, records)


def test_of_two_ingests_at_once_one_is_killed_and_the_other_does_all_the_work(
    database: Database, store: S3Server
) -> None:
    contents = write_files(store, "pair", 6, 40_000, seed=12)
    first, second = (start("s3://pair/t/", database, store) for _ in range(2))
    kill_after(first, 4, 0.02)
    finish(second)
    assert table(database) == obvious(contents)
    assert finish(start("s3://pair/t/", database, store)) == 0


def test_a_server_that_crashes_and_comes_back_costs_nothing_but_time(server: LocalServer, store: S3Server) -> None:
    contents = write_files(store, "crash", 5, 60_000, seed=13)
    process = start("s3://crash/t/", server.database, store)
    assert process.stdout is not None
    committed = threading.Semaphore(0)

    def count() -> int:
        loaded = 0
        for line in process.stdout or ():
            committed.release()
            loaded = int(line.split()[-1]) if line.startswith("loaded") else loaded
        return loaded

    with ThreadPoolExecutor(1) as reader:
        counting = reader.submit(count)
        for _ in range(3):
            for _ in range(8):
                assert committed.acquire(timeout=60)
            server.crash()
            server.start()
        loaded = counting.result(300)
    assert process.wait(60) == 0
    expected = obvious(contents)
    assert table(server.database) == expected
    assert loaded == len(expected)


def test_a_second_signal_ends_at_once_what_a_first_one_lets_finish(database: Database, store: S3Server) -> None:
    contents = write_files(store, "signals", 1, 3000, seed=14)
    with database.connect() as conn:
        ensure_schema(conn)
        with conn.transaction():
            conn.execute("LOCK TABLE ingest_batch IN SHARE MODE")  # the batch in hand cannot end
            process = subprocess.Popen(
                [COMMAND, "ingest", "s3://signals/t/"],
                env=environment(database, store),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            waiting = "SELECT FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
            with database.connect() as watcher:
                while watcher.execute(waiting, ("iotctl ingest",)).fetchone() is None:
                    time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert any("a second signal stops at once" in line for line in process.stderr)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
    assert table(database) == {}
    finish(start("s3://signals/t/", database, store))
    assert table(database) == obvious(contents)

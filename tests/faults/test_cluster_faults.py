"""Workers and schedulers of a cluster that die suddenly: the work is done once, and counted once."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iotctl.errors import UnreachableError
from iotctl.formats import ReadOptions
from iotctl.model import StoredFile
from iotctl.repositories import Database
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions
from iotctl.services.ingest.runs import Run, recorded_run
from iotctl.services.ingest.tally import IngestSummary
from iotctl.settings import Settings, store_settings
from iotctl.workers.dask_cluster import connect_cluster
from iotctl.workers.dask_workers import DaskWorkers
from tests import process
from tests.dask_cluster import DaskCluster
from tests.obvious import obvious, table, write_files
from tests.process import COMMAND
from tests.store import S3Server

FILES, ROWS = 8, 12_000


class Fault:
    """A listener that makes something happen after so many batches."""

    def __init__(self, batches: int, happen: Callable[[], None]) -> None:
        self.batches, self.happen = batches, happen
        self.advances = self.rows = 0
        self.started_files: list[str] = []
        self.finished_files: list[str] = []
        self.happened = threading.Event()

    def found(self, files: int, size: int) -> None: ...

    def started(self, file: StoredFile) -> None:
        self.started_files.append(file.uri)

    def advanced(self, file: StoredFile, done: float, rows: int) -> None:
        self.advances += 1
        self.rows += rows
        if self.advances == self.batches:
            self.happen()
            self.happened.set()

    def finished(self, file: StoredFile) -> None:
        self.finished_files.append(file.uri)

    def noted(self, message: str, file: str | None = None) -> None: ...
    def waiting(self, seconds: float) -> None: ...


@pytest.fixture
def cluster(
    database: Database, store: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DaskCluster]:
    """Two workers, and a task per file, so that both have work."""
    monkeypatch.setattr("iotctl.services.ingest.ingest._TASK_BYTES", 1)
    with DaskCluster(tmp_path / "dask", process.environment(database, store)) as started:
        started.start_worker()
        started.start_worker()
        started.wait_for_workers(2)
        yield started


def load(
    uri: str, database: Database, store: S3Server, cluster: DaskCluster, listener: Fault, stop: threading.Event
) -> IngestSummary:
    settings = Settings(database_url=database.dsn, _env_file=None)  # type: ignore[call-arg,arg-type]
    with (
        recorded_run(database, Run("run-1", "somebody", "iotctl ingest"), listener),
        connect_cluster(settings, cluster.address, database, print) as connected,
        DaskWorkers(connected, 10) as workers,
    ):
        of_store = store_settings(Settings(_env_file=None, **settings_of(store)))  # type: ignore[call-arg,arg-type]
        options = LoadOptions(ReadOptions(batch_rows=1000, block_bytes=64_000))
        request = IngestRequest(uri, of_store, options, run_id="run-1")
        return IngestRun(request, database, workers, listener, stop).run()


def settings_of(store: S3Server) -> dict[str, str]:
    return {name.removeprefix("IOTCTL_").lower(): value for name, value in store.environment.items()}


def test_a_worker_that_dies_in_mid_ingest_costs_a_retry_and_nothing_else(
    database: Database, store: S3Server, cluster: DaskCluster
) -> None:
    contents = write_files(store, "cluster-kill", FILES, ROWS, seed=3)
    fault = Fault(15, cluster.workers[0].kill)
    summary = load("s3://cluster-kill/t/", database, store, cluster, fault, threading.Event())
    assert cluster.workers[0].wait(10) == -signal.SIGKILL
    assert table(database) == obvious(contents)
    # What the dead worker has committed is this run's, too.
    assert (summary.files, summary.unchanged, summary.failed, summary.error) == (FILES, 0, (), None)
    assert summary.balance.rows_read == FILES * ROWS
    assert summary.balance.holds
    assert summary.balance.rejected == FILES
    # One bar per file, and no row in it twice.
    assert sorted(fault.started_files) == sorted(fault.finished_files) == sorted(set(fault.started_files))
    assert fault.rows <= FILES * ROWS


def test_a_stop_ends_the_work_on_workers_after_the_batches_in_hand(
    database: Database, store: S3Server, cluster: DaskCluster
) -> None:
    contents = write_files(store, "cluster-stop", FILES, ROWS, seed=4)
    stop = threading.Event()
    fault = Fault(5, stop.set)
    summary = load("s3://cluster-stop/t/", database, store, cluster, fault, stop)
    assert summary.interrupted
    assert 5 * 1000 <= summary.balance.rows_read < FILES * ROWS
    assert summary.balance.holds
    assert summary.balance.loaded == len(table(database))
    assert set(table(database)) <= set(obvious(contents))


def test_a_scheduler_that_dies_ends_the_run_with_what_is_committed(
    database: Database, store: S3Server, cluster: DaskCluster
) -> None:
    contents = write_files(store, "cluster-dead", FILES, ROWS, seed=5)
    fault = Fault(5, cluster.kill_scheduler)
    summary = load("s3://cluster-dead/t/", database, store, cluster, fault, threading.Event())
    assert isinstance(summary.error, UnreachableError)
    assert summary.balance.holds
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    ended = subprocess.run(
        [COMMAND, "ingest", "s3://cluster-dead/t/"], env=process.environment(database, store), check=False
    )
    assert ended.returncode == 3
    assert table(database) == obvious(contents)


def test_workers_end_the_work_of_a_command_that_was_killed(
    database: Database, store: S3Server, cluster: DaskCluster, tmp_path: Path
) -> None:
    write_files(store, "cluster-gone", 2, 400_000, seed=6)
    command = subprocess.Popen(
        [COMMAND, "--log-format", "json", "ingest", "s3://cluster-gone/t/", "--scheduler", cluster.address],
        env=process.environment(database, store),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert command.stderr is not None
    assert any("file started" in line for line in command.stderr)
    os.kill(command.pid, signal.SIGKILL)
    command.communicate()
    deadline = time.monotonic() + 60
    with database.connect() as conn:
        while conn.execute(
            "SELECT FROM pg_stat_activity WHERE application_name = 'iotctl ingest' AND datname = current_database()"
        ).fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        row = conn.execute("SELECT count(*) FROM ingest_file WHERE state = 'loaded'").fetchone()
    assert row is not None
    assert int(str(row[0])) < 2

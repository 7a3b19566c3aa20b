"""--scheduler: the same work on workers of a real Dask cluster, with their own settings of database and store."""

from __future__ import annotations

import json
import pickle
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client
from psycopg.conninfo import make_conninfo

from iotctl.analysis import DetectOptions
from iotctl.errors import ConfigurationError, UnreachableError
from iotctl.model import StorageLayout
from iotctl.repositories import Database
from iotctl.services.detect.analyse import analyse_sensors
from iotctl.services.detect.detect_task import Request, Task
from iotctl.services.ingest.load_task import LoadOptions, LoadTask
from iotctl.services.ingest.progress import Silent
from iotctl.settings import Settings
from iotctl.sources import StoreSettings
from iotctl.workers.dask_cluster import connect_cluster
from iotctl.workers.dask_workers import DaskWorkers
from tests import process
from tests.conftest import new_database
from tests.dask_cluster import DaskCluster
from tests.obvious import obvious, table, write_files
from tests.sensors import add_sensor, noise
from tests.store import S3Server, free_port

Ended = subprocess.CompletedProcess[str]
Iotctl = Callable[..., Ended]

SECRET = "a-secret-of-the-client-7Qz"


@pytest.fixture(scope="module")
def shared(postgres_server: Database) -> Iterator[Database]:
    """A database that the workers' settings name."""
    with new_database(postgres_server) as database:
        yield database


@pytest.fixture(scope="module")
def cluster(shared: Database, store: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask"), process.environment(shared, store)) as started:
        started.start_worker()
        started.start_worker()
        started.wait_for_workers(2)
        yield started


@pytest.fixture
def iotctl(shared: Database, store: S3Server, cluster: DaskCluster, tmp_path: Path) -> Iterator[Iotctl]:
    """Runs iotctl with arguments on the cluster; keywords are settings. None of its secrets reach the workers."""

    def run(*arguments: str, **settings: str) -> Ended:
        return subprocess.run(
            [process.COMMAND, *arguments],
            env=process.environment(shared, store) | {"IOTCTL_SCHEDULER": cluster.address} | settings,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    yield run
    assert SECRET not in cluster.log


def test_workers_load_what_one_machine_would_have_loaded(iotctl: Iotctl, shared: Database, store: S3Server) -> None:
    contents = write_files(store, "cluster", 6, 3_000)
    ended = iotctl("--log-format", "json", "ingest", "s3://cluster/t/", "--json", "--timezone", "Europe/Berlin")
    assert ended.returncode == 3, ended.stderr  # each file has a bad row
    summary = json.loads(ended.stdout)
    assert (summary["files"], summary["rows_read"], summary["rejected"]) == (6, 18_000, 6)
    assert (
        summary["rows_read"]
        == summary["rows_loaded"] + summary["duplicates"] + summary["conflicts"] + summary["rejected"]
    )
    assert table(shared) == obvious(contents)
    said = [json.loads(line) for line in ended.stderr.splitlines()]
    left = {line["file"]: line["rows"] for line in said if line["message"] == "file ended"}
    assert left == {f"s3://cluster/t/{number:03}.csv": 3_000 for number in range(6)}
    assert [line["file"] for line in said if line["message"] == "file started"] == list(left)
    again = json.loads(iotctl("ingest", "s3://cluster/t/", "--json").stdout)
    assert (again["files"], again["files_unchanged"], again["rows_read"]) == (0, 6, 0)


def test_detect_says_the_same_as_on_one_machine(iotctl: Iotctl, shared: Database, tmp_path: Path) -> None:
    with shared.connect() as conn:
        for number in range(6):
            value = noise(3_000, seed=number)
            value[1_000 + number] += 30
            add_sensor(conn, f"fleet_{number}", value)
    arguments = ("detect", "--match", "fleet_*", "--format", "csv")
    there = iotctl(*arguments, "--report", "page.html")
    assert there.returncode == 0, there.stderr
    page = (tmp_path / "page.html").read_bytes()
    (tmp_path / "page.html").unlink()
    here = iotctl(*arguments, "--report", "page.html", IOTCTL_SCHEDULER="")
    assert there.stdout == here.stdout
    assert there.stdout.count("spike") >= 6
    assert page == (tmp_path / "page.html").read_bytes()
    assert page.count(b'id="data-') == 6


def test_quality_says_the_same_as_on_one_machine(iotctl: Iotctl, shared: Database) -> None:
    with shared.connect() as conn:
        for number in range(5):
            add_sensor(conn, f"measured_{number}", noise(1_000 + number, seed=number))
    arguments = ("quality", "--match", "measured_*", "--end", "2017-01-01", "--format", "csv")
    there, here = iotctl(*arguments), iotctl(*arguments, IOTCTL_SCHEDULER="")
    assert (there.returncode, there.stdout) == (here.returncode, here.stdout) == (0, here.stdout), there.stderr
    assert here.stdout.count("measured_") == 5


def test_a_worker_knows_nothing_of_the_command_line(
    iotctl: Iotctl, shared: Database, store: S3Server, cluster: DaskCluster
) -> None:
    write_files(store, "plain", 2, 2_000)
    assert iotctl("ingest", "s3://plain/t/").returncode == 3  # each file has a bad row
    assert iotctl("detect", "--all", "--report", "page.html").returncode == 0
    names = "[name for name in __import__('sys').modules if name.split('.')[0] in ('iotctl', 'typer', 'rich')]"
    with Client(cluster.address, set_as_default=False) as client:
        for imported in client.run(eval, names).values():
            assert "iotctl.workers.dask_task" in imported
            assert not [name for name in imported if name.startswith(("iotctl.cli", "typer", "rich"))]


def test_workers_use_their_own_credentials(iotctl: Iotctl, shared: Database, store: S3Server, tmp_path: Path) -> None:
    contents = "timestamp;sensor_uuid;sensor_value\n2031-01-01T00:00Z;00000000-0000-4000-8000-000000000000;1\n"
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "0.csv").write_text(contents)
    # The client's key for the store is wrong here; it is not used, and workers do not get it.
    other = make_conninfo(shared.dsn, password=SECRET)
    ended = iotctl("ingest", str(tmp_path / "own"), IOTCTL_S3_SECRET_KEY=SECRET, IOTCTL_DATABASE_URL=other)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("sent", [False, True])
def test_what_is_submitted_has_no_credentials_unless_asked(
    shared: Database, cluster: DaskCluster, sent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = make_conninfo(shared.dsn, password=SECRET)
    settings = Settings(database_url=dsn, _env_file=None)  # type: ignore[call-arg,arg-type]
    travelled: list[object] = []
    with (
        connect_cluster(settings, cluster.address, Database(dsn), print, send_credentials=sent) as connected,
        DaskWorkers(connected, 2) as workers,
    ):
        submit = workers._futures.submit

        def listen(*arguments: object, **more: object) -> object:
            travelled.append((arguments, more))
            return submit(*arguments, **more)

        monkeypatch.setattr(workers._futures, "submit", listen)
        task = LoadTask((), Database(dsn), StorageLayout.SEGMENTS, StoreSettings(secret_key=SECRET), LoadOptions())
        assert workers.load(task, Silent(), threading.Event()).result(30) == []
    assert (SECRET.encode() in pickle.dumps(travelled)) is sent
    assert SECRET not in repr(travelled)
    assert SECRET not in cluster.log


def test_a_worker_on_another_database_is_refused(iotctl: Iotctl, postgres: Database) -> None:
    for command in (["ingest", "s3://cluster/t/"], ["ingest", "s3://cluster/t/", "--send-credentials"]):
        ended = iotctl(*command, IOTCTL_DATABASE_URL=postgres.dsn)
        sent = "--send-credentials" in command
        assert ended.returncode == (3 if sent else 7), ended.stderr
        assert ("another database" in ended.stderr) is not sent
    assert table(postgres)


def test_the_embedded_database_is_refused(iotctl: Iotctl) -> None:
    for command in (["ingest", "s3://cluster/t/"], ["detect", "--all"]):
        ended = iotctl(*command, IOTCTL_DATABASE_URL="")
        assert ended.returncode == 7
        assert "IOTCTL_DATABASE_URL" in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_scheduler_that_is_not_there_is_an_error_with_a_hint(iotctl: Iotctl) -> None:
    ended = iotctl("ingest", "s3://cluster/t/", "--scheduler", f"tcp://127.0.0.1:{free_port()}")
    assert ended.returncode == 5
    assert "scheduler" in ended.stderr
    assert "Traceback" not in ended.stderr
    ended = iotctl("ingest", "s3://cluster/t/", "--scheduler", "nonsense")
    assert ended.returncode == 7


def test_a_cluster_without_workers_is_an_error_that_says_how_to_start_one(
    shared: Database, store: S3Server, tmp_path: Path
) -> None:
    settings = Settings(database_url=shared.dsn, _env_file=None)  # type: ignore[call-arg,arg-type]
    notes: list[str] = []
    lacking = process.environment(shared, store) | {"IOTCTL_DATABASE_URL": ""}
    with DaskCluster(tmp_path / "dask", lacking) as empty:
        with (
            pytest.raises(UnreachableError, match="dask worker"),
            connect_cluster(settings, empty.address, shared, notes.append, worker_seconds=0.2),
        ):
            pass
        assert "no worker has joined" in notes[0]
        empty.start_worker()
        with (
            pytest.raises(ConfigurationError, match="no IOTCTL_DATABASE_URL"),
            connect_cluster(settings, empty.address, shared, print),
        ):
            pass


def test_no_more_tasks_are_with_the_cluster_than_allowed(shared: Database, cluster: DaskCluster) -> None:
    settings = Settings(database_url=shared.dsn, _env_file=None)  # type: ignore[call-arg,arg-type]
    most = 0
    with connect_cluster(settings, cluster.address, shared, print) as connected, DaskWorkers(connected, 1) as workers:
        futures = [workers.analyse(analyse_sensors, Task(shared, Request(DetectOptions()), ())) for _ in range(8)]
        while not all(future.done() for future in futures):
            most = max(most, sum(one.status == "pending" for one in list(connected.client.futures.values())))
            time.sleep(0.001)
        assert [future.result() for future in futures] == [[]] * 8
    assert most == 1

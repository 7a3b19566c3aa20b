"""How an ingest ends: exit code, history and the time of the last success say the same."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Iotctl
from tests.cli.test_runs import metrics
from tests.obvious import HEADER, SENSORS
from tests.process import COMMAND

GOOD = HEADER + f"2016-01-01T00:00Z;{SENSORS[0]};1\n"
ALL_REJECTED = HEADER + f"x;{SENSORS[0]};1\n" * 3
NO_HEADER = "time,value\n2016-01-01,1\n"
SUCCESS = ("iotctl_ingest_last_success_timestamp_seconds", None)


def ingest(iotctl: Iotctl, folder: Path, files: dict[str, str], *options: str) -> Ended:
    (folder / "in").mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / "in" / name).write_text(content)
    return iotctl("ingest", "in", "--metrics", "m.prom", *options)


@pytest.mark.parametrize(
    ("files", "code", "ending", "words"),
    [
        ({"a.csv": NO_HEADER}, 1, "failed", "sensor_uuid"),
        ({"a.csv": NO_HEADER, "b.csv": NO_HEADER}, 1, "failed", "2 of 2 files"),
        ({"a.csv": NO_HEADER, "b.pdf": ""}, 1, "failed", "sensor_uuid"),
        ({"a.csv": ALL_REJECTED}, 1, "failed", "all 3 rows were rejected"),
        ({"a.csv": ALL_REJECTED, "b.csv": ALL_REJECTED}, 1, "failed", "all 6 rows were rejected"),
        ({"a.csv": ALL_REJECTED, "b.csv": HEADER}, 1, "failed", "all 3 rows were rejected"),
        ({"a.csv": ALL_REJECTED, "b.csv": NO_HEADER}, 1, "failed", "all 3 rows were rejected"),
        ({"a.pdf": "", "b.pdf": ""}, 1, "failed", "2 files found"),
        ({"a.csv": ALL_REJECTED, "b.csv": GOOD}, 3, "partly", "3 rejected"),
        ({"a.csv": NO_HEADER, "b.csv": GOOD}, 3, "partly", "1 of 2 files"),
        ({"a.pdf": "", "b.csv": GOOD}, 3, "partly", "a.pdf"),
        # A file that says that there is nothing has been read.
        ({"a.csv": HEADER}, 0, "done", "1 file loaded"),
        ({"a.csv": ""}, 0, "done", "1 file loaded"),
        ({"a.csv": HEADER, "b.csv": NO_HEADER}, 3, "partly", "1 of 2 files"),
    ],
)
def test_a_run_that_could_load_nothing_has_failed(
    iotctl: Iotctl, tmp_path: Path, files: dict[str, str], code: int, ending: str, words: str
) -> None:
    ended = ingest(iotctl, tmp_path, files)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    (run,) = json.loads(iotctl("runs", "--format", "json").stdout)
    assert run["ending"] == ending
    assert bool(run["problem"]) == (ending == "failed" or run["files_failed"] > 0)
    found = metrics(tmp_path / "m.prom")
    assert found["iotctl_ingest_exit_code", None] == code
    assert (SUCCESS in found) == (code != 1)


def test_files_loaded_before_do_not_hide_that_every_new_one_fails(iotctl: Iotctl, tmp_path: Path) -> None:
    """As after a change of format at the source: the age of the last success must grow."""
    assert ingest(iotctl, tmp_path, {"a.csv": GOOD}).returncode == 0
    success = metrics(tmp_path / "m.prom")[SUCCESS]
    for files in ({"b.csv": NO_HEADER}, {"b.csv": ALL_REJECTED}):
        assert ingest(iotctl, tmp_path, files).returncode == 1
        assert metrics(tmp_path / "m.prom")[SUCCESS] == success
    assert ingest(iotctl, tmp_path, {"b.csv": GOOD}).returncode == 0
    assert ingest(iotctl, tmp_path, {}).returncode == 0  # there is nothing new
    assert metrics(tmp_path / "m.prom")[SUCCESS] > success


def test_a_dry_run_that_could_read_nothing_has_failed(iotctl: Iotctl, tmp_path: Path) -> None:
    assert ingest(iotctl, tmp_path, {"a.csv": ALL_REJECTED}, "--dry-run").returncode == 1
    assert ingest(iotctl, tmp_path, {"a.csv": GOOD}, "--dry-run").returncode == 0


def test_a_watch_whose_rounds_fail_has_no_new_success(
    environment: dict[str, str], iotctl: Iotctl, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(GOOD)
    watch = subprocess.Popen(
        [COMMAND, "ingest", "in", "--watch", "0.2", "--metrics", "m.prom"],
        env=environment,
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    try:
        _until(lambda: (tmp_path / "m.prom").exists())
        (tmp_path / "in" / "b.csv").write_text(NO_HEADER)
        _until(lambda: metrics(tmp_path / "m.prom")["iotctl_ingest_files", "failed"] == 1)
        found = metrics(tmp_path / "m.prom")
        success, run = found[SUCCESS], found["iotctl_ingest_last_run_timestamp_seconds", None]
        _until(lambda: metrics(tmp_path / "m.prom")["iotctl_ingest_last_run_timestamp_seconds", None] > run + 1)
        assert metrics(tmp_path / "m.prom")[SUCCESS] == success
        (tmp_path / "in" / "b.csv").write_text(GOOD + GOOD.splitlines()[1].replace("00:00Z", "00:01Z"))
        _until(lambda: metrics(tmp_path / "m.prom")[SUCCESS] > success)
    finally:
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(60) == 130


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)

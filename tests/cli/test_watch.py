"""ingest --watch: it keeps running, loads new files, survives failures, and ends on a signal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from iotctl.repositories import Database
from tests.cli.conftest import Iotctl
from tests.obvious import HEADER, SENSORS
from tests.process import COMMAND
from tests.process import environment as settings_for
from tests.store import S3Server

SECONDS = 60


def content(number: int) -> bytes:
    return (HEADER + f"2016-01-01T00:{number:02}Z;{SENSORS[0]};{number}\n").encode()


def readings(iotctl: Iotctl) -> int:
    return int(json.loads(iotctl("status", "--json").stdout)["readings"])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def watching(uri: str, environment: dict[str, str], folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [COMMAND, "ingest", uri, "--watch", "0.2", *options],
        env=environment,
        cwd=folder,
        stdout=(folder / "out").open("w"),
        stderr=(folder / "err").open("w"),
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_watch_loads_what_appears_and_ends_on_a_signal_with_a_summary_of_all(
    environment: dict[str, str], iotctl: Iotctl, store: S3Server, tmp_path: Path
) -> None:
    store.put("watch", "t/readme.pdf", b"%PDF")
    store.put("watch", "t/0.csv", content(0))
    with watching("s3://watch/t/", environment, tmp_path, "--json", "--metrics", "m.prom") as process:
        until(lambda: readings(iotctl) == 1)
        store.put("watch", "t/1.csv", content(1))
        store.put("watch", "t/2.csv", content(2) + b"nonsense\n")
        store.put("watch", "t/broken.csv", b"no;header\n")
        until(lambda: readings(iotctl) == 3)
        store.put("watch", "t/broken.csv", content(3))  # mended
        until(lambda: readings(iotctl) == 4)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 130
    rounds = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
    assert all(r["rows_read"] == r["rows_loaded"] + r["duplicates"] + r["conflicts"] + r["rejected"] for r in rounds)
    assert [sum(r[key] for r in rounds) for key in ("files", "rows_read", "rows_loaded", "rejected")] == [4, 5, 4, 1]
    assert sum(r["files_failed"] for r in rounds) == 1  # a version that cannot be loaded is tried once
    said = (tmp_path / "err").read_text()
    assert said.count("not a data file") == 1
    assert "4 files loaded, 1 skipped" in said
    (run,) = json.loads(iotctl("runs", "--format", "json").stdout)
    assert (run["ending"], run["files"], run["rows_read"], run["rejected"]) == ("interrupted", 4, 5, 1)
    samples = {
        (sample.name, sample.labels.get("ending")): sample.value
        for family in text_string_to_metric_families((tmp_path / "m.prom").read_text())
        for sample in family.samples
    }
    assert samples["iotctl_ingest_files", "loaded"] == 4
    assert samples["iotctl_ingest_exit_code", None] == 130
    assert abs(samples["iotctl_ingest_last_success_timestamp_seconds", None] - time.time()) < SECONDS


def test_the_lines_of_a_watch_reach_a_pipe_while_bars_are_drawn(
    environment: dict[str, str], iotctl: Iotctl, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "0.csv").write_bytes(content(0))
    ours, terminal = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "ingest", "in", "--watch", "0.2", "--json"],
        env=environment | {"TERM": "xterm"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    )
    os.close(terminal)
    with ThreadPoolExecutor(1) as screen:
        drawn = screen.submit(_everything, ours)
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["rows_loaded"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 130
        assert "files" in drawn.result(SECONDS)


def _everything(terminal: int) -> str:
    shown = b""
    with suppress(OSError):  # the end of a terminal, on Linux
        while part := os.read(terminal, 4096):
            shown += part
    return shown.decode()


def test_a_watch_waits_for_a_first_file_but_not_for_a_bucket(
    environment: dict[str, str], iotctl: Iotctl, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    with watching("in", environment, tmp_path) as process:
        until(lambda: "running" in iotctl("runs").stdout)
        (tmp_path / "in" / "0.csv").write_bytes(content(0))
        until(lambda: readings(iotctl) == 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130
    with watching("s3://no-such-bucket/", environment, tmp_path) as process:
        assert process.wait(SECONDS) == 4
    assert "no such bucket" in (tmp_path / "err").read_text()


def test_a_watch_outlives_a_store_that_goes_away(
    postgres: Database, iotctl: Iotctl, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with S3Server(tmp_path_factory.mktemp("watched")) as own:
        own.put("away", "t/0.csv", content(0))
        with watching("s3://away/t/", settings_for(postgres, own), tmp_path) as process:
            until(lambda: readings(iotctl) == 1)
            own.kill()
            until(lambda: "The next round is in" in (tmp_path / "err").read_text())
            own.start()
            own.put("away", "t/1.csv", content(1))
            until(lambda: readings(iotctl) == 2)
            process.send_signal(signal.SIGTERM)
            assert process.wait(SECONDS) == 130

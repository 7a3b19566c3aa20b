"""A watch whose database goes away: it goes on, and the history shows it as running again."""

from __future__ import annotations

import csv
import io
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.local_server import LocalServer
from tests.obvious import HEADER, SENSORS, table
from tests.process import COMMAND, environment
from tests.store import S3Server


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 100
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_watch_outlives_its_database(server: LocalServer, store: S3Server, tmp_path: Path) -> None:
    settings = environment(server.database, store)
    bucket = server.folder.name  # each server's own

    def put(number: int) -> None:
        row = f"2016-01-0{number + 1}T00:00Z;{SENSORS[0]};1\n"
        store.put(bucket, f"t/{number}.csv", (HEADER + row).encode())

    def latest() -> dict[str, str]:
        listed = subprocess.run([COMMAND, "runs"], env=settings, capture_output=True, text=True, check=True)
        return next(csv.DictReader(io.StringIO(listed.stdout)), {})

    put(0)
    process = subprocess.Popen(
        [COMMAND, "ingest", f"s3://{bucket}/t/", "--watch", "0.5"],
        env=settings,
        cwd=tmp_path,
        stderr=(tmp_path / "err").open("w"),
    )
    try:
        until(lambda: latest().get("rows_loaded") == "1")
        server.crash()
        put(1)
        until(lambda: "does not answer" in (tmp_path / "err").read_text())
        server.start()
        until(lambda: latest().get("rows_loaded") == "2")
        until(lambda: latest()["ending"] == "running")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 130
    finally:
        process.kill()
    assert latest()["ending"] == "interrupted"
    assert len(table(server.database)) == 2

"""An ingest into the embedded server, which dies during the load."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from tests.process import COMMAND

_FILES, _ROWS = 12, 80_000


@pytest.mark.faults
@pytest.mark.parametrize("times", [1, 3])
def test_a_load_goes_on_after_its_server_was_killed(tmp_path: Path, times: int) -> None:
    for number in range(_FILES):
        rows = "".join(
            f"2016-{number + 1:02}-01T{i // 3600 % 24:02}:{i // 60 % 60:02}:{i % 60:02}Z;"
            f"efa4b573-e1b1-46b3-9e8a-0b303d2bb66e;{i}\n"
            for i in range(_ROWS)
        )
        (tmp_path / f"{number:02}.csv").write_text("timestamp;sensor_uuid;sensor_value\n" + rows)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IOTCTL_", "PG"))}
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as home:  # short: its socket lies there
        environment = kept | {"IOTCTL_HOME": home}
        data = Path(home) / "postgresql"
        with subprocess.Popen(
            [COMMAND, "ingest", tmp_path, "--json", "--workers", "1"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as ingest:
            for kill in range(times):
                while _loaded_files(data) <= kill * 2:
                    assert ingest.poll() is None
                    time.sleep(0.02)
                os.kill(int((data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
            said, noted = ingest.communicate(timeout=200)
        assert ingest.returncode == 0, noted
        summary = json.loads(said)
        assert (summary["rows_read"], summary["rows_loaded"]) == (_FILES * _ROWS, _FILES * _ROWS)
        assert "Trying again" in noted
        assert "Traceback" not in noted
        runs = subprocess.run([COMMAND, "runs", "--format", "json"], env=environment, capture_output=True, check=True)
        assert [run["ending"] for run in json.loads(runs.stdout)] == ["done"]
        status = subprocess.run([COMMAND, "status", "--json"], env=environment, capture_output=True, check=True)
        assert json.loads(status.stdout)["readings"] == _FILES * _ROWS


def _loaded_files(data: Path) -> int:
    try:
        with psycopg.connect(host=str(data), port=5432, user="postgres", dbname="postgres") as conn:
            row = conn.execute("SELECT count(*) FROM ingest_file WHERE state = 'loaded'").fetchone()
            return 0 if row is None else int(row[0])
    except psycopg.Error:
        return -1

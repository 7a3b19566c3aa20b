"""The commands of the README and the everyday page: without data, with sensors only, and with readings."""

from __future__ import annotations

import json
import random
import re
import shlex
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Ended, Iotctl
from tests.process import COMMAND
from tests.store import S3Server

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text() + (ROOT / "docs" / "how-to" / "everyday.md").read_text()
BLOCKS = "".join(re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE))
COMMANDS = [line.split("#")[0].strip() for line in BLOCKS.splitlines() if line.startswith("iotctl ")]
SENSOR = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e"
STATES = ("nothing", "no readings", "readings")

# Exit codes in each of STATES, where they are not 0.
CODES = {
    "iotctl init": (2, 2, 2),  # no person is there to answer
    "iotctl doctor": (4, 0, 0),
    "iotctl load-mapping": (4, 0, 0),
    "iotctl ingest": (4, 0, 0),
    "iotctl ingest --watch 60": (130, 130, 130),
    "iotctl query sensor_00000 2016-01-01 2016-01-02": (4, 0, 0),
    "iotctl query sensor_00000 now-7d now --every 1h --agg mean --format json": (4, 0, 0),
    "iotctl query '*' --start now-30d": (4, 0, 0),
    "iotctl query 'pump_*' now-7d now --utc": (4, 4, 4),
    "iotctl query pump_1 pump_2 now-7d now --plot pumps.html": (4, 4, 4),
    "iotctl detect sensor_00000 --plot sensor_00000.html": (4, 0, 0),
    "iotctl detect --match 'pump_*' --save --format csv > events.csv": (4, 4, 4),
    "iotctl anomalies sensor_00000 --start now-30d": (4, 0, 0),
    "iotctl anomalies label 3f0c5a9be1d2 false": (4, 4, 4),
    "iotctl detect --input readings.csv --scores scores.csv": (4, 1, 0),
    "iotctl inspect readings.csv --save readings.toml": (4, 1, 0),
    "iotctl inspect export.csv --timezone Europe/Berlin --save layout.toml": (4, 0, 0),
    "iotctl ingest exports/ --layout layout.toml": (2, 0, 0),
    "iotctl verify": (4, 0, 0),
    "iotctl forget timeseries/2016/data_004.csv": (4, 4, 4),
    # It asks first, but no person is there to answer.
    "iotctl policy --retain 5y --aggregates on": (2, 2, 2),
}


def prepare(state: str, store: S3Server, folder: Path) -> dict[str, str]:
    """The store and the folder in a state, and the settings that go with it."""
    bucket = "readme-" + state.replace(" ", "-")
    (store.root / bucket).mkdir(exist_ok=True)
    if state != "nothing":
        now, noise = datetime.now(UTC), random.Random(1)
        rows = ["timestamp;sensor_uuid;sensor_value"]
        series = ["timestamp,value"]
        if state == "readings":
            for row in range(3000):
                moment, value = (now - timedelta(minutes=10 * row)).isoformat(), noise.gauss(50, 1)
                rows.append(f"{moment};{SENSOR};{value}")
                series.append(f"{moment},{value}")
            rows.append(f"2016-01-01T12:00Z;{SENSOR};1")
        store.put(bucket, "mapping/mapping.csv", f"sensor_name;sensor_uuid\nsensor_00000;{SENSOR}\n".encode())
        store.put(bucket, "timeseries/a.csv", "\n".join([*rows, ""]).encode())
        (folder / "readings.csv").write_text("\n".join([*series, ""]))
        (folder / "exports").mkdir()
        for name in ("export.csv", "exports/export.csv"):
            (folder / name).write_text("Zeit;Druck [bar]\n01.02.2024 12:00;1,5\n13.02.2024 12:00;1,7\n")
    return {
        "IOTCTL_MAPPING_URI": f"s3://{bucket}/mapping/mapping.csv",
        "IOTCTL_TIMESERIES_URI": f"s3://{bucket}/timeseries/",
    }


@pytest.mark.parametrize("state", ["nothing", "readings", pytest.param("no readings", marks=pytest.mark.faults)])
def test_every_command_of_the_readme_ends_as_documented(
    environment: dict[str, str], iotctl: Iotctl, store: S3Server, tmp_path: Path, state: str
) -> None:
    assert len(COMMANDS) > 15
    settings = prepare(state, store, tmp_path)
    for command in COMMANDS:
        words, _, output = command.partition(" > ")
        arguments = shlex.split(words)[1:]
        if "--watch" in command:
            ended = stopped_once_it_runs(arguments, environment | settings, iotctl, tmp_path)
        else:
            ended = iotctl(*arguments, **settings)
        (tmp_path / (output or "out")).write_text(ended.stdout)
        code = CODES.get(command, (0, 0, 0))[STATES.index(state)]
        assert ended.returncode == code, (command, ended.stderr)
        assert "Traceback" not in ended.stderr, command


def stopped_once_it_runs(arguments: list[str], settings: dict[str, str], iotctl: Iotctl, folder: Path) -> Ended:
    """A process that watches, from its start to SIGTERM."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [COMMAND, *arguments], env=settings, cwd=folder, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True
    )
    deadline = time.monotonic() + 60
    while "running" not in iotctl("runs", "--limit", "1").stdout:
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGTERM)
    stdout, stderr = process.communicate(timeout=120)
    return Ended(arguments, process.returncode, stdout, stderr)


@pytest.mark.parametrize("form", ["csv", "table", "json", "ndjson", "parquet"])
def test_an_empty_range_is_an_answer_in_every_format(
    iotctl: Iotctl, store: S3Server, tmp_path: Path, form: str
) -> None:
    settings = prepare("no readings", store, tmp_path)
    assert iotctl("load-mapping", **settings).returncode == 0
    for more in ([], ["--every", "1h"], ["--every", "1d", "--agg", "count"], ["--limit", "5"]):
        query = ("query", "sensor_00000", "2016-01-01", "2016-01-02", *more, "--format", form)
        ended = iotctl(*query, "-o", "answer", "--plot", "chart.html")
        assert ended.returncode == 0, ended.stderr
        assert "Traceback" not in ended.stderr
        check_empty(tmp_path / "answer", form)


def check_empty(path: Path, form: str) -> None:
    answer = path.read_bytes()
    match form:
        case "csv":
            assert answer == b"timestamp,sensor_value\n"
        case "table":
            assert answer.decode().split() == ["timestamp", "sensor_value", "-" * 32, "-" * 22]
        case "json":
            assert json.loads(answer) == []
        case "ndjson":
            assert answer == b""
        case "parquet":
            assert pq.read_table(path).num_rows == 0

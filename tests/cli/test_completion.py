"""What the shell completes: names of sensors and formats, quickly, in silence, and without starting a server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from iotctl.cli.completion import keep_names
from iotctl.repositories import Database
from tests.process import COMMAND
from tests.sensors import add_sensor
from tests.store import free_port

NAMES = ["Pump 3", "boiler", "pump_1", "pump_2", "ümlaut"]


@pytest.fixture
def named(postgres: Database) -> Database:
    with postgres.connect() as conn:
        for name in NAMES:
            add_sensor(conn, name)
    return postgres


def completed(words: str, environment: dict[str, str], folder: Path) -> list[str]:
    """The completions that bash gets for the last word."""
    asked = environment | {
        "_IOTCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    ended = subprocess.run([COMMAND], env=asked, cwd=folder, capture_output=True, text=True, check=False, timeout=30)
    assert ended.stderr == ""
    return ended.stdout.split("\n")[:-1] if ended.stdout.strip() else []


def test_names_come_from_a_server_that_answers(named: Database, environment: dict[str, str], tmp_path: Path) -> None:
    assert completed("iotctl query pu", environment, tmp_path) == ["pump_1", "pump_2"]
    assert completed("iotctl query PUMP_", environment, tmp_path) == ["pump_1", "pump_2"]
    assert completed("iotctl query BO", environment, tmp_path) == ["boiler"]
    away = environment | {"IOTCTL_DATABASE_URL": f"postgresql://me@127.0.0.1:{free_port()}/x"}
    assert completed("iotctl anomalies list pump_", away, tmp_path) == []
    assert completed("iotctl query x --format p", away, tmp_path) == ["parquet"]


def test_the_embedded_server_is_not_started_for_its_names(
    named: Database, environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["IOTCTL_DATABASE_URL"]
    home = tmp_path / "home"
    environment["IOTCTL_HOME"] = str(home)
    assert completed("iotctl sensors b", environment, tmp_path) == []
    assert not home.exists()
    home.mkdir()
    keep_names(named, home)
    assert completed("iotctl sensors b", environment, tmp_path) == ["boiler"]
    assert completed("iotctl sensors Ü", environment, tmp_path) == ["ümlaut"]
    kept = home / "sensor_names"
    assert kept.read_text().splitlines() == sorted(NAMES)
    assert kept.stat().st_mode & 0o777 == 0o600
    keep_names(Database("postgresql://me@127.0.0.1:1/x"), home)  # without completions the word stays as it is
    assert list(home.iterdir()) == [kept]


def test_layouts_are_completed_by_name_and_by_file(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "export.toml").touch()
    (tmp_path / "export.csv").touch()
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "boiler.toml").touch()
    assert completed("iotctl ingest x --layout to", environment, tmp_path) == ["toa5"]
    assert completed("iotctl detect --layout A", environment, tmp_path) == ["auto", "azure-iot-hub"]
    assert completed("iotctl ingest x --layout e", environment, tmp_path) == ["export.toml"]
    assert completed("iotctl ingest x --layout plant/", environment, tmp_path) == ["plant/boiler.toml"]
    assert completed("iotctl ingest x --layout nothing", environment, tmp_path) == []

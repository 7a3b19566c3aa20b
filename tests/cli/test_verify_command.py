"""iotctl verify as a process: its exit code, its table, its object, and the demo that ends with it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from iotctl.repositories import Database
from tests.cli.conftest import Iotctl

HEADER = "timestamp;sensor_uuid;sensor_value\n"
UUID = "00000001-0000-4000-8000-000000000000"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mapping and two files: the second one goes on where the first ends."""
    (tmp_path / "mapping.csv").write_text(f"sensor_name;sensor_uuid\npump_1;{UUID}\n")
    (tmp_path / "t").mkdir()
    for name, hours in (("a.csv", range(12)), ("b.csv", range(12, 24))):
        lines = [f"2016-01-01 {hour:02}:00:00;{UUID};{hour}.5\n" for hour in hours]
        (tmp_path / "t" / name).write_text(HEADER + "".join(lines))
    return tmp_path / "t"


def test_verify_says_nothing_on_stdout_where_nothing_differs(iotctl: Iotctl, folder: Path) -> None:
    assert iotctl("ingest", folder, IOTCTL_TIMEZONE="UTC").returncode == 0
    verified = iotctl("verify", folder, IOTCTL_TIMEZONE="UTC")
    assert verified.returncode == 0
    assert verified.stdout == "file,sensor,kind,count,first,note\n"
    assert "24 readings of 2 files" in verified.stderr
    assert "nothing differs" in verified.stderr


def test_verify_prints_what_differs_and_ends_with_1(iotctl: Iotctl, folder: Path, postgres: Database) -> None:
    assert iotctl("load-mapping", folder.parent / "mapping.csv").returncode == 0
    assert iotctl("ingest", folder, IOTCTL_TIMEZONE="UTC").returncode == 0
    with postgres.connect() as conn:
        assert conn.execute("DELETE FROM reading WHERE timestamp = '2016-01-01 03:00+00'").rowcount == 1
        assert conn.execute("UPDATE reading SET sensor_value = 9 WHERE sensor_value IN (13.5, 14.5)").rowcount == 2
    verified = iotctl("verify", folder, IOTCTL_TIMEZONE="UTC")
    assert verified.returncode == 1
    assert list(csv.reader(io.StringIO(verified.stdout)))[1:] == [
        [str(folder / "a.csv"), "pump_1", "missing", "1", "2016-01-01T03:00:00+00:00", "3.5 in the file"],
        [
            *(str(folder / "b.csv"), "pump_1", "different", "2", "2016-01-01T13:00:00+00:00"),
            "13.5 in the file, 9.0 in the table",
        ],
    ]
    assert "different 2, missing 1" in verified.stderr

    found = json.loads(iotctl("verify", folder, "--json", IOTCTL_TIMEZONE="UTC").stdout)
    assert (found["right"], found["files"], found["readings"]) == (False, 2, 24)
    assert found["kinds"] == {"different": 2, "missing": 1}
    assert [difference["kind"] for difference in found["differences"]] == ["missing", "different"]


def test_files_are_read_as_they_were_when_they_were_loaded(iotctl: Iotctl, folder: Path) -> None:
    assert iotctl("ingest", folder, "--timezone", "UTC", "--pattern", "a.csv").returncode == 0
    assert iotctl("ingest", folder, "--timezone", "+09:00").returncode == 0
    assert iotctl("verify", folder, IOTCTL_TIMEZONE="America/Caracas").returncode == 0


def test_a_file_that_is_not_loaded_is_named(iotctl: Iotctl, folder: Path) -> None:
    assert iotctl("ingest", folder, "--pattern", "a.csv").returncode == 0
    verified = iotctl("verify", folder)
    assert verified.returncode == 1
    assert [line.split(",")[2] for line in verified.stdout.splitlines()[1:]] == ["new"]
    assert iotctl("verify", folder, "--pattern", "a.csv").returncode == 0


def test_where_nothing_is_compared_nothing_is_proved(iotctl: Iotctl, folder: Path) -> None:
    assert iotctl("ingest", folder).returncode == 0
    assert iotctl("verify", folder, "--pattern", "x*").returncode == 4
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "notes.doc").write_text("no readings")
    verified = iotctl("verify", folder.parent / "other")
    assert verified.returncode == 4
    assert "Nothing was compared" in verified.stderr


@pytest.mark.parametrize("sample", ["0%", "101%", "few", "nan", "-1%"])
def test_a_sample_that_is_no_part_is_a_usage_error(iotctl: Iotctl, folder: Path, sample: str) -> None:
    assert iotctl("verify", folder, "--sample", sample).returncode == 2


def test_verify_without_a_schema_makes_none(iotctl: Iotctl, folder: Path, postgres: Database) -> None:
    verified = iotctl("verify", folder)
    assert verified.returncode == 1
    assert "iotctl ingest" in verified.stderr
    with postgres.connect() as conn:
        assert conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)

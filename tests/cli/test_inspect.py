"""iotctl inspect as a process: output for people and for programs, and a layout that ingest accepts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from iotctl.formats.layouts.layout_file import read_layouts
from tests.cli.conftest import Iotctl
from tests.store import S3Server

ROWS = [f"{day:02}.03.2021 10:00;boiler;{20 + day / 10:.1f};{day}".replace(".", ",", 0) for day in range(1, 29)]
PLANT = "\n".join(["Zeit;Gerät;Temperatur [°C];Nr", *ROWS, ""])


def test_a_file_of_an_unknown_layout_is_loaded_with_two_commands(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_text(PLANT)
    seen = iotctl("inspect", "plant.csv", "--timezone", "UTC", "--save", "layout.toml")
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "28 readings of 1 sensor\n" in seen.stdout
    assert "iotctl ingest plant.csv --layout layout.toml" in seen.stdout
    (layout,) = read_layouts((tmp_path / "layout.toml").read_text(), "layout.toml")
    assert layout.time.timezone == "UTC"
    loaded = iotctl("ingest", "plant.csv", "--layout", "layout.toml", "--settle", "0s", "--json")
    assert loaded.returncode == 0, loaded.stderr
    answer = iotctl("query", "boiler.Temperatur", "2021-03-01", "2021-04-01", "--format", "csv", IOTCTL_TIMEZONE="UTC")
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [float(row["sensor_value"]) for row in rows] == [20 + day / 10 for day in range(1, 29)]
    assert rows[0]["timestamp"].startswith("2021-03-01T10:00:00")


def test_a_layout_that_is_there_is_replaced_only_by_force(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_text(PLANT)
    (tmp_path / "layout.toml").write_text("mine")
    refused = iotctl("inspect", "plant.csv", "--timezone", "UTC", "--save", "layout.toml")
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert (tmp_path / "layout.toml").read_text() == "mine"
    assert iotctl("inspect", "plant.csv", "--save", "layout.toml", "--force").returncode == 0
    assert "[[values]]" in (tmp_path / "layout.toml").read_text()


def test_a_doubt_that_blocks_saves_nothing_and_names_its_option(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "plant.csv").write_text(
        "time;value\n" + "".join(f"0{day}/02/2021 10:00;{day}\n" for day in range(1, 9))
    )
    seen = iotctl("inspect", "plant.csv", "--timezone", "UTC", "--save", "layout.toml")
    assert seen.returncode == 1
    assert "--day-first or --month-first" in seen.stderr
    assert "needed: " in seen.stdout
    assert not (tmp_path / "layout.toml").exists()
    assert iotctl("inspect", "plant.csv", "--timezone", "UTC", "--day-first", "--save", "layout.toml").returncode == 0
    assert "%d/%m/%Y" in (tmp_path / "layout.toml").read_text()


def test_json_has_all_that_was_seen(iotctl: Iotctl, tmp_path: Path) -> None:
    cells = ["20.5", "NA", "21.5", "20.1", "-999", "20.2", "bad"]
    rows = [f"2021-03-0{day} 10:00:00,{cell}" for day, cell in enumerate(cells, 1)]
    (tmp_path / "a.csv").write_text("\n".join(["time,temp", *rows, ""]))
    seen = iotctl("inspect", "a.csv", "--timezone", "UTC", "--null", "-999", "--json")
    assert seen.returncode == 0, seen.stderr
    found = json.loads(seen.stdout)
    assert [column["name"] for column in found["columns"]] == ["time", "temp"]
    assert found["preview"]["readings"] == 4
    assert found["preview"]["missing"] == 3
    assert found["preview"]["first"][0] == {
        "sensor": "a.temp",
        "time": "2021-03-01T10:00:00+00:00",
        "value": 20.5,
        "unit": None,
        "why": "",
    }
    assert found["doubts"] == []
    assert read_layouts(found["layout"], "")[0].missing == ("-999", "NA", "bad")


def test_a_standard_file_in_a_store_needs_no_layout(iotctl: Iotctl, store: S3Server) -> None:
    row = "2016-01-01T00:00Z;efa4b573-e1b1-46b3-9e8a-0b303d2bb66e;1.5\n"
    (store.root / "inspected").mkdir(exist_ok=True)
    store.put("inspected", "a.csv", b"timestamp;sensor_uuid;sensor_value\n" + row.encode())
    seen = iotctl("inspect", "s3://inspected/a.csv")
    assert (seen.returncode, seen.stderr) == (0, "")
    assert "no --layout is needed" in seen.stdout
    assert iotctl("inspect", "s3://inspected/b.csv").returncode == 4


def test_nothing_in_a_file_reaches_the_terminal_as_a_command(iotctl: Iotctl, tmp_path: Path) -> None:
    rows = [f"2021-03-0{day} 10:00:00;{day}.5" for day in range(1, 9)]
    (tmp_path / "a.csv").write_text("\n".join(["time;\x1b[31mtemp\x07", *rows, ""]))
    seen = iotctl("inspect", "a.csv", "--timezone", "UTC")
    assert seen.returncode == 0, seen.stderr
    assert "\x1b" not in seen.stdout
    assert "\x07" not in seen.stdout

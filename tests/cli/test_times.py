"""Times, numbers and zones of files that people have, through the command."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Iotctl

A = "0f000000-0000-4000-8000-000000000001"
HEADER = "timestamp;sensor_uuid;sensor_value\n"


def loaded(iotctl: Iotctl) -> list[tuple[str, float]]:
    rows = iotctl("query", A, "0001-01-01", "9999-12-31", "--format", "json").stdout
    return [(row["timestamp"], row["sensor_value"]) for row in json.loads(rows)] if rows else []


def test_hours_of_a_weather_service_are_hours(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + f"2016010112;{A};3,5\n2016010113;{A};3,6\n")
    assert iotctl("ingest", "a.csv").returncode == 0
    assert loaded(iotctl) == [("2016-01-01T12:00:00+01:00", 3.5), ("2016-01-01T13:00:00+01:00", 3.6)]
    (tmp_path / "one.csv").write_text(
        "timestamp;value\n" + "".join(f"20160101{hour:02};{hour}\n" for hour in range(24))
    )
    assert iotctl("detect", "--input", "one.csv", "--scores", "scores.csv").returncode == 0
    scores = (tmp_path / "scores.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in scores[1:]] == [f"2016-01-01T{hour:02}:00:00+01:00" for hour in range(24)]
    iotctl("detect", "--input", "one.csv", "--scores", "scores.csv", "--time-form", "epoch")
    scores = (tmp_path / "scores.csv").read_text().splitlines()
    assert scores[1].startswith("2033-11-19T11:48:20+01:00")


def test_a_clock_without_summer_time_is_named_and_its_offset_is_a_zone(iotctl: Iotctl, tmp_path: Path) -> None:
    times = [f"2016-03-27 {hour:02}:{minute:02}:00" for hour in range(6) for minute in (0, 15, 30, 45)]
    (tmp_path / "a.csv").write_text(HEADER + "".join(f"{time};{A};{row}\n" for row, time in enumerate(times)))
    ended = iotctl("ingest", "a.csv", "--dry-run")
    assert ended.returncode == 3
    assert "without summer time" in ended.stderr
    assert "--timezone +01:00" in ended.stderr
    for zone in ("+01:00", "UTC+1"):
        ended = iotctl("ingest", "a.csv", "--timezone", zone)
        assert (ended.returncode, "summer" in ended.stderr) == (0, False)
    assert len(loaded(iotctl)) == 24
    assert loaded(iotctl)[0] == ("2016-03-27T00:00:00+01:00", 0)


def test_the_files_of_each_hour_are_not_loaded_onto_each_other(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, hour in (("23Z", 1), ("00Z", 2), ("01Z", 2), ("02Z", 3)):
        lines = [f"2016-10-30 0{hour}:{minute}:00;{A};{name[:2]}.{minute}\n" for minute in ("00", "15", "30", "45")]
        (tmp_path / "in" / f"{name}.csv").write_text(HEADER + "".join(lines))
    ended = iotctl("ingest", "in", "--json")
    assert ended.returncode == 3
    found = json.loads(ended.stdout)
    assert (found["rows_loaded"], found["duplicates"], found["rejected"]) == (8, 0, 8)
    assert "--ambiguous" in ended.stderr
    reasons = {line.split(",")[2] for line in iotctl("rejects", "--format", "csv").stdout.splitlines()[1:]}
    assert reasons == {"ambiguous"}

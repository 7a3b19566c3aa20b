"""quality as users see it: columns, months, exit codes."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from iotctl.repositories import Connection
from tests.cli.conftest import Ended, Iotctl
from tests.sensors import add_sensor, noise

ROWS = 2000
END = "2015-01-14T21:20Z"  # of 2,000 rows, one every 10 minutes from 2015-01-01 UTC


@pytest.fixture
def fleet(conn: Connection) -> None:
    """Eight good sensors, and one each that lacks readings, is stuck, silent, beyond its limits, and says nothing."""
    for number in range(8):
        add_sensor(conn, f"good_{number}", noise(ROWS, number))
    add_sensor(conn, "lacking", noise(500))
    add_sensor(conn, "lacking", noise(500), first_row=1500)
    held = noise(ROWS)
    held[1000:1500] = held[1000]
    add_sensor(conn, "stuck", held)
    add_sensor(conn, "silent", noise(1000))
    beyond = noise(ROWS)
    beyond[::10] = 60
    beyond[5] = 2147483647
    add_sensor(conn, "beyond", beyond)
    conn.execute("UPDATE sensor SET low = 0, high = 50 WHERE sensor_name = 'beyond'")
    add_sensor(conn, "empty")


def rows(ended: Ended) -> dict[str, dict[str, str]]:
    return {row["sensor"]: row for row in csv.DictReader(io.StringIO(ended.stdout))}


def test_every_sensor_has_a_row_with_what_is_wrong(iotctl: Iotctl, fleet: None) -> None:
    ended = iotctl("quality", "--all", "--end", END, "--workers", "2")
    assert ended.returncode == 0, ended.stderr
    found = rows(ended)
    assert list(found) == ["beyond", "empty", *(f"good_{number}" for number in range(8)), "lacking", "silent", "stuck"]
    assert {name: float(row["score"]) for name, row in found.items() if not name.startswith("good")} == {
        "beyond": round(100 * (ROWS - 201) / ROWS, 1),
        "empty": 0,
        "lacking": 50,
        "silent": 50,
        "stuck": 75,
    }
    assert {found[f"good_{number}"]["score"] for number in range(8)} == {"100.0"}
    assert (found["lacking"]["completeness"], found["lacking"]["missing"], found["lacking"]["gaps"]) == (
        "0.5",
        "1000.0",
        "1",
    )
    assert found["lacking"]["longest_gap_seconds"] == str(float(1001 * 600))
    assert found["silent"]["silent_seconds"] == str(float(1001 * 600))
    assert (found["stuck"]["stuck"], found["stuck"]["below"]) == ("0.25", "")
    assert (found["beyond"]["above"], found["beyond"]["below"], found["beyond"]["invalid"]) == ("0.1", "0.0", "0.0005")
    assert (found["empty"]["readings"], found["empty"]["first"]) == ("0", "")
    assert "13 sensors, 22,000 readings; 1 silent" in ended.stderr


def test_the_lowest_scores_come_first_with_top_and_fail_a_pipeline(iotctl: Iotctl, fleet: None) -> None:
    worst = iotctl("quality", "--all", "--end", END, "--top", "2", "--fail-below", "80")
    assert worst.returncode == 10
    assert list(rows(worst)) == ["empty", "lacking"]
    assert "4 scores below 80" in worst.stderr
    assert iotctl("quality", "--match", "good*", "--end", END, "--fail-below", "100").returncode == 0
    assert iotctl("quality", "--all", "--end", END, "--fail-below", "0").returncode == 0


def test_readings_of_the_past_are_silent_and_the_command_says_what_to_do(iotctl: Iotctl, fleet: None) -> None:
    ended = iotctl("quality", "good_1", "stuck")
    assert {row["score"] for row in rows(ended).values()} == {"50.0", "37.5"}
    assert "--end" in ended.stderr
    assert "--end" not in iotctl("quality", "good_1", "--end", END).stderr


def test_months_have_a_row_each(iotctl: Iotctl, conn: Connection) -> None:
    value = noise(60 * 144)
    value[:144] = 20
    add_sensor(conn, "a", value)
    ended = iotctl("quality", "a", "--by", "month", "--format", "json", "--fail-below", "97", IOTCTL_TIMEZONE="UTC")
    found = json.loads(ended.stdout)
    assert [(row["month"], row["readings"], row["score"]) for row in found] == [
        ("2015-01", 31 * 144, round(100 * 30 / 31, 1)),
        ("2015-02", 28 * 144, 100.0),
        ("2015-03", 144, 100.0),
    ]
    assert ended.returncode == 10
    window = ("--start", "2015-02-01", "--end", "2015-03-01")
    one = json.loads(iotctl("quality", "a", *window, "--format", "json", IOTCTL_TIMEZONE="UTC").stdout)
    assert [row["readings"] for row in one] == [28 * 144]


@pytest.mark.parametrize("form", ["csv", "table", "json", "ndjson", "parquet"])
def test_every_format_has_the_same_sensors(iotctl: Iotctl, fleet: None, tmp_path: Path, form: str) -> None:
    ended = iotctl("quality", "--all", "--end", END, "--format", form, "-o", "out")
    assert (ended.returncode, ended.stdout) == (0, "")
    match form:
        case "parquet":
            sensors = pq.read_table(tmp_path / "out").column("sensor").to_pylist()
        case "json":
            sensors = [row["sensor"] for row in json.loads((tmp_path / "out").read_text())]
        case "ndjson":
            sensors = [json.loads(line)["sensor"] for line in (tmp_path / "out").read_text().splitlines()]
        case _:
            lines = (tmp_path / "out").read_text().splitlines()[2 if form == "table" else 1 :]
            sensors = [line.replace(",", " ").split()[0] for line in lines]
    assert len(sensors) == 13
    assert sensors == sorted(sensors)


def test_what_cannot_be_asked_is_a_usage_error(iotctl: Iotctl, conn: Connection) -> None:
    for words in (
        [],
        ["a", "--all"],
        ["--all", "--start", "2016-01-01", "--end", "2015-01-01"],
        ["--all", "--by", "day"],
    ):
        assert iotctl("quality", *words).returncode == 2, words
    assert iotctl("quality", "nobody").returncode == 4
    assert iotctl("quality", "--match", "nobody*").returncode == 4
    assert iotctl("quality", "--all").returncode == 0


def test_values_that_are_not_finite_are_invalid(iotctl: Iotctl, conn: Connection) -> None:
    value = noise(ROWS)
    value[[3, 4]] = np.nan
    add_sensor(conn, "a", value)
    assert rows(iotctl("quality", "a", "--end", END))["a"]["invalid"] == "0.001"


def test_a_report_and_what_is_kept_say_what_is_printed(
    iotctl: Iotctl, conn: Connection, fleet: None, tmp_path: Path
) -> None:
    ended = iotctl("quality", "--all", "--end", END, "--report", "q.html", "--save", IOTCTL_TIMEZONE="UTC")
    assert ended.returncode == 0, ended.stderr
    found = rows(ended)
    assert found["lacking"]["explanation"] == "50 % missing, in one gap of 7 days"
    page = (tmp_path / "q.html").read_text()
    listed = re.findall(r'<b style="[^"]*">([\d.]+)</b><span>(\w+)', page)
    assert {name: score for score, name in listed} == {name: row["score"] for name, row in found.items()}
    assert [float(score) for score, _ in listed] == sorted(float(row["score"]) for row in found.values())
    assert "50 % missing, in one gap of 7 days" in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    kept = conn.execute(
        "SELECT sensor_name, round(score::numeric, 1)::text, explanation FROM sensor_quality"
        " JOIN sensor USING (sensor_id)"
    ).fetchall()
    assert {str(name): (float(str(score)), said) for name, score, said in kept} == {
        name: (float(row["score"]), row["explanation"]) for name, row in found.items()
    }
    months = conn.execute(
        "SELECT month, score FROM sensor_quality_month JOIN sensor USING (sensor_id) WHERE sensor_name = 'stuck'"
    ).fetchall()
    assert [(str(month), score) for month, score in months] == [("2015-01-01 00:00:00+00:00", 75.0)]
    # Measured again, of less: it takes the place of the old one.
    assert iotctl("quality", "stuck", "--end", "2015-01-05", "--save").returncode == 0
    again = conn.execute("SELECT score FROM sensor_quality JOIN sensor USING (sensor_id) WHERE sensor_name = 'stuck'")
    assert again.fetchall() == [(100.0,)]
    assert iotctl("quality", "--all", "--report", "q.png").returncode == 2

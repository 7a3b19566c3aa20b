"""Promised rates: how they are written, and the forecast of --what-if."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from iotctl.cli.arguments.rates import rate_a_year, said_rate
from iotctl.cli.detect.what_if import EVERY_SENSOR, RATES
from iotctl.errors import UsageError
from iotctl.repositories import Connection
from tests.bench.sensor_kinds import make_kind
from tests.cli.conftest import Iotctl
from tests.sensors import add_sensor


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        *(("1/year", 1.0), ("0.1/year", 0.1), (".5/year", 0.5), ("2/month", 24.0), ("1/week", 52.0)),
        *(("4/quarter", 16.0), (" 3 / Months ", 36.0), ("1 per week", 52.0), ("2/week", 104.0)),
    ],
)
def test_rates_are_numbers_a_time(text: str, rate: float) -> None:
    assert rate_a_year(text) == rate


@pytest.mark.parametrize(
    "text",
    ["", "1", "year", "0/year", "-1/year", "1/day", "3/week", "1e3/year", "inf/year", "nan/year", "1/yeah", "1//year"],
)
def test_what_is_no_rate_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        rate_a_year(text)
    assert "--false-alarms" in str(refused.value)
    assert "/year" in str(refused.value.hint)


@pytest.mark.parametrize("text", ["1/year", "6/year", "0.25/year", "1/month", "5/month", "1/week"])
def test_a_rate_is_said_as_it_is_typed(text: str) -> None:
    assert said_rate(rate_a_year(text)) == text


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """Two sensors with faults, one with heavy tails."""
    path = tmp_path / "readings.csv"
    with path.open("w") as file:
        print("timestamp,sensor_name,value", file=file)
        for kind in ("heavy tails", "120 days"):
            sensor = make_kind(kind, 41, faults=True)
            last = sensor.time[-1] - 120 * 86_400_000_000
            for time, value in zip(sensor.time.tolist(), sensor.value.tolist(), strict=True):
                if time >= last:
                    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
                    print(moment.isoformat(), kind, value, sep=",", file=file)
    return path


def test_what_if_counts_what_each_rate_tells_of_a_file(iotctl: Iotctl, readings: Path) -> None:
    said = iotctl("detect", "--input", str(readings), "--what-if", "--false-alarms", "2/year", "--format", "json")
    assert said.returncode == 0, said.stderr
    rows = {row["sensor"]: row for row in json.loads(said.stdout)}
    assert list(rows) == ["heavy tails", "120 days", EVERY_SENSOR]
    for rate in ("0.1/year", "2/year", "1/week"):
        told = iotctl("detect", "--input", str(readings), "--false-alarms", rate)
        names = [event["sensor"] for event in csv.DictReader(io.StringIO(told.stdout))]
        assert {name: rows[name][rate] for name in rows} == {
            "heavy tails": names.count("heavy tails"),
            "120 days": names.count("120 days"),
            EVERY_SENSOR: len(names),
        }
    every = [rows[EVERY_SENSOR][rate] for rate in RATES]
    assert every == sorted(every)
    assert every[0] < every[-1]


@pytest.mark.faults  # half a minute
def test_what_if_looks_at_the_last_year_of_a_fleet_and_keeps_nothing(iotctl: Iotctl, conn: Connection) -> None:
    import numpy as np

    for number, name in enumerate(("pump_1", "pump_2")):
        value = np.random.default_rng(number).normal(20, 1, 60_000)  # 417 days
        value[[1000, 50_000]] += 40  # one of them more than a year before the last reading
        add_sensor(conn, name, value)
    said = iotctl("detect", "--all", "--what-if", "--workers", "1", "--format", "csv")
    assert said.returncode == 0, said.stderr
    assert [(row["sensor"], row["days"], row["1/year"]) for row in csv.DictReader(io.StringIO(said.stdout))] == [
        ("pump_1", "365.0", "1"),
        ("pump_2", "365.0", "1"),
        (EVERY_SENSOR, "730.0", "2"),
    ]
    early = iotctl("detect", "pump_1", "--what-if", "--end", "2015-06-01", "--format", "csv")
    assert next(csv.DictReader(io.StringIO(early.stdout)))["1/year"] == "1"
    assert iotctl("anomalies").stdout.count("\n") == 1
    assert conn.execute("SELECT count(*) FROM detect_run").fetchone() == (0,)
    for words in (["--save"], ["--since-last"], ["--report", "a.html"], ["--alert-budget", "3"]):
        refused = iotctl("detect", "--all", "--what-if", *words)
        assert (refused.returncode, refused.stdout) == (2, "")
    both = iotctl("detect", "--all", "--threshold", "5", "--false-alarms", "1/year")
    assert both.returncode == 2
    assert "two ways" in both.stderr

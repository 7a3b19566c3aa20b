"""iotctl sensors --kinds: what each sensor is, from its readings or from the last detection that was saved."""

from __future__ import annotations

import csv
import io

import numpy as np

from iotctl.repositories import Database, ensure_schema
from tests.cli.conftest import Iotctl
from tests.sensors import add_sensor


def kinds(iotctl: Iotctl) -> dict[str, str]:
    said = iotctl("sensors", "--kinds", "--format", "csv")
    assert said.returncode == 0, said.stderr
    return {row["sensor"]: row["kind"] for row in csv.DictReader(io.StringIO(said.stdout))}


def test_sensors_says_what_each_is_and_keeps_to_what_detection_found(iotctl: Iotctl, postgres: Database) -> None:
    with postgres.connect() as conn:
        ensure_schema(conn)
        add_sensor(conn, "relay", np.tile([0.0, 0.0, 0.0, 1.0], 2000))
        # A daily course shows in all readings, and is looked for by detection alone.
        noise = np.random.default_rng(1).normal(0, 0.3, 8640)
        add_sensor(conn, "warm", 20 + 5 * np.sin(np.arange(8640) * 2 * np.pi / 144) + noise)
    before = kinds(iotctl)
    assert before["relay"].startswith("on/off: 0 or 1, at 1 in 25 %")
    assert before["warm"].startswith("continuous; a reading every")
    saved = iotctl("detect", "--all", "--save", "--workers", "1")
    assert saved.returncode == 0, saved.stderr
    after = kinds(iotctl)
    assert after["relay"].startswith("on/off: 0 or 1, at 1 in 25 %")
    assert after["warm"] == f"{before['warm']}; a daily course"

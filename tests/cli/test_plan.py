"""Plans: the arithmetic is right, and the documents show the program's output."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from iotctl.model import StorageLayout
from iotctl.services.plan import MOST_PER_CHUNK, Need, plan, suited_chunk_days
from tests.cli.conftest import Iotctl

LAYOUTS = [StorageLayout.COLUMNSTORE, StorageLayout.SEGMENTS]
NEED = Need(60_000_000, 1000, 365.0)
SCALING = Path(__file__).parents[2] / "docs" / "explanation" / "scaling.md"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_more_costs_more_and_cores_and_machines_help(layout: StorageLayout) -> None:
    plans = [plan(replace(NEED, rows=NEED.rows * factor, days=365.0 * factor), layout) for factor in (1, 10, 100, 1000)]
    for of in ("load_seconds", "reading_bytes", "ledger_bytes", "detect_seconds", "status_seconds", "parts"):
        values = [getattr(one, of) for one in plans]
        assert values == sorted(values)
        assert values[0] < values[-1]
    for better in (replace(NEED, cores=8), replace(NEED, machines=3), replace(NEED, cores=8, machines=9)):
        assert plan(better, layout).load_seconds < plan(NEED, layout).load_seconds
    many_sensors = plan(replace(NEED, sensors=100_000), layout)
    assert many_sensors.load_seconds > plan(NEED, layout).load_seconds


def test_the_plan_for_what_was_measured_is_what_was_measured() -> None:
    # docs/explanation/scaling.md: 64 million readings with two cores, which the store shared.
    found = {layout: plan(replace(NEED, rows=64_000_000), layout) for layout in LAYOUTS}
    assert found[StorageLayout.COLUMNSTORE].rows_per_second == pytest.approx(2.1e6, rel=0.15)
    assert found[StorageLayout.COLUMNSTORE].bytes_per_row == pytest.approx(16.9, rel=0.05)
    assert found[StorageLayout.SEGMENTS].rows_per_second == pytest.approx(2.57e6, rel=0.15)
    assert found[StorageLayout.SEGMENTS].bytes_per_row == pytest.approx(16.7, rel=0.05)


@pytest.mark.parametrize(("per_day", "sensors"), [(180_000, 1000), (5e9, 1000), (1000, 1000), (288e6, 1_000_000)])
def test_chunks_neither_grow_beyond_work_nor_stay_empty(per_day: float, sensors: int) -> None:
    days = suited_chunk_days(30.0, per_day, sensors)
    assert days * per_day <= MOST_PER_CHUNK * 1.001 or days == pytest.approx(1 / 24)
    # A length that suits is not changed, so that the advice ends.
    assert suited_chunk_days(days, per_day, sensors) == pytest.approx(days)


def test_a_plan_is_shown_and_comes_as_json(iotctl: Iotctl) -> None:
    shown = iotctl("plan", "--bytes", "4.5TB", "--sensors", "100000", "--cores", "16", "--machines", "5")
    assert shown.returncode == 0
    assert "59,210,526,316 readings" in shown.stdout
    assert "iotctl compact --full" in shown.stdout
    found = json.loads(iotctl("plan", "--rows", "60M", "--interval", "8m", "--json").stdout)
    assert found["need"]["rows"] == 60_000_000
    assert found["need"]["days"] == pytest.approx(333.3, abs=0.1)
    assert set(found) == {"need", "columnstore", "segments"}
    assert found["columnstore"]["settings"]["IOTCTL_CHUNK_INTERVAL"] == "30d"


@pytest.mark.parametrize("arguments", [(), ("--rows", "1M", "--bytes", "1GB"), ("--rows", "many"), ("--rows", "-5")])
def test_what_is_no_size_is_refused(iotctl: Iotctl, arguments: tuple[str, ...]) -> None:
    ended = iotctl("plan", *arguments)
    assert ended.returncode == 2
    assert "60M" in ended.stderr


def test_the_document_says_what_the_program_says(iotctl: Iotctl) -> None:
    blocks = re.findall(r"\$ iotctl (plan [^\n]+)\n(.*?)```", SCALING.read_text(), re.DOTALL)
    assert len(blocks) >= 3
    for command, shown in blocks:
        assert iotctl(*command.split()).stdout == shown

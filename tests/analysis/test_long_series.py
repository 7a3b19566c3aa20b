"""A long series is judged like a short one, in memory that is limited by its rows."""

from __future__ import annotations

import json
import subprocess
import sys
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.modelling import modelling
from iotctl.model import Detection, Event, Kind

ROWS = 150_000
MINUTE = 60_000_000
TIME = 1_420_070_400_000_000 + 10 * MINUTE * np.arange(ROWS)
STEP, SHIFT, SPIKE, NOISE = 40_001, 70_003, 100_000, 120_000


def course() -> NDArray[np.float64]:
    """A day's wave and noise; a step for good, a shift, a spike, and noise that triples for good."""
    random = np.random.default_rng(4)
    noise = random.normal(0, 1, ROWS)
    noise[NOISE:] *= 3
    value: NDArray[np.float64] = 20 + 4 * np.sin(np.arange(ROWS) * 2 * np.pi / 144) + noise
    value[STEP:] += 8
    value[SHIFT : SHIFT + 200] -= 9
    value[SPIKE] += 15
    return value


def fitted_to(rows: int) -> Detection:
    with patch.object(modelling, "MODEL_ROWS", rows):
        return detect(TIME, course())


def at(event: Event) -> int:
    return int(np.searchsorted(TIME, event.start))


@pytest.fixture(scope="module")
def by_some() -> Detection:
    return fitted_to(20_000)


def test_a_model_fitted_to_some_rows_finds_what_one_fitted_to_all_does(by_some: Detection) -> None:
    found = {event.kind: event for event in by_some.events}
    assert set(found) == {Kind.STEP, Kind.SHIFT, Kind.SPIKE, Kind.NOISE}
    # Exact to the row, although only one row in eight was fitted: all rows around a break place it.
    assert [at(found[kind]) for kind in (Kind.STEP, Kind.SHIFT, Kind.SPIKE)] == [STEP, SHIFT, SPIKE]
    assert (found[Kind.NOISE].start + found[Kind.NOISE].end) / 2 == pytest.approx(TIME[NOISE], abs=24 * 60 * MINUTE)
    every = {event.kind: event for event in fitted_to(ROWS).events}
    assert {kind: event.event_id for kind, event in every.items() if kind is not Kind.NOISE} == {
        kind: event.event_id for kind, event in found.items() if kind is not Kind.NOISE
    }


def test_the_model_is_that_of_what_was_made(by_some: Detection) -> None:
    expected = 20 + 4 * np.sin(np.arange(ROWS) * 2 * np.pi / 144) + np.where(np.arange(ROWS) < STEP, 0.0, 8.0)
    away = np.abs(by_some.expected - expected)
    away[SHIFT : SHIFT + 200] = 0.0
    assert away.max() < 0.6
    assert by_some.scale[:NOISE] == pytest.approx(1.0, rel=0.15)
    assert np.median(by_some.scale[NOISE + 1000 :]) == pytest.approx(3.0, rel=0.15)


GROWTH = """
import json, re, sys
from pathlib import Path
import numpy as np
from iotctl.analysis import detect

def most(rows):
    time, value = np.arange(rows), np.empty(rows)
    time *= 60_000_000
    np.random.default_rng(1).standard_normal(out=value)
    value[rows // 2 :] += 9
    detect(time, value)
    # Its own peak: ru_maxrss begins with that of the process that started it.
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) * 1024

fewer, more = (int(rows) for rows in sys.argv[1:])
print(json.dumps([most(fewer), most(more)]))
"""


@pytest.mark.faults
def test_memory_grows_by_what_is_returned_and_a_few_columns_beside_it() -> None:
    """Twice as many rows, both more than a model is fitted to, in a process of their own."""
    fewer, more = 1_500_000, 3_000_000
    ran = subprocess.run(
        [sys.executable, "-c", GROWTH, str(fewer), str(more)], capture_output=True, text=True, check=True, timeout=120
    )
    first, second = json.loads(ran.stdout)
    # Time and value, row, expected, scale, score and severity: 56 bytes a row. All components as arrays were 310.
    assert 16 < (second - first) / (more - fewer) < 120

"""The sentence of an event is true: its numbers are looked up in the readings, without the code that wrote them."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.model import Event, Kind
from tests.bench.plant_kinds import make_plant
from tests.bench.sensor_kinds import KindSensor, make_kind

Floats = NDArray[np.float64]
NUMBER = r"(-?\d[\d.]*(?:e[+-]?\d+)?)"
MINUTE = 60_000_000

# Each once had a wrong sentence, or is of a special kind.
SENSORS = [
    *((make_kind, name) for name in ("level at 0", "tap", "valve", "lognormal", "hourly", "2,000 rows")),
    *((make_plant, name) for name in ("household power", "server", "pump current", "sump", "dust", "window")),
]


def said(pattern: str, event: Event) -> list[float]:
    """The numbers at the # of a pattern in the sentence; empty where it does not match."""
    found = re.search(pattern.replace("#", NUMBER), event.explanation.replace(",", ""))
    return [float(text) for text in found.groups() if text is not None] if found else []


def rounded(text: float, value: float, width: float) -> bool:
    """Whether a number in a sentence is the value, to a digit that matters beside the width of the band."""
    return abs(text - value) <= max(0.06 * width, 1e-5 * abs(value))


def faults_of(event: Event, time: NDArray[np.int64], value: Floats) -> list[str]:
    rows = value[(time >= event.start) & (time <= event.end)]
    width = max((event.high - event.low) / 2, 1e-4 * abs(event.extreme - event.expected))
    sentence, wrong = event.explanation, []
    if not event.low <= event.expected <= event.high:
        wrong.append("expected is not usual")
    if not (rows == event.extreme).any():
        wrong.append("the extreme is none of its readings")
    for number in said("(?:one reading of|farthest at) #", event):
        if not rounded(number, event.extreme, width):
            wrong.append("extreme")
    for number in said("# was expected", event) + said("beside it are #", event):
        if not rounded(number, event.expected, width):
            wrong.append("expected")
    if "(usual: " in event.explanation and event.kind is not Kind.STUCK and event.low <= event.extreme <= event.high:
        wrong.append("is usual, and told as if not")
    for side in re.findall(
        r"(?:expected|beside it are \S+), \S+ (above|below)|^\S+ (above|below) the expected level", event.explanation
    ):
        if ("above" in side) != (event.extreme > event.expected):
            wrong.append("side")
    for count in said("^# (?:unusual )?readings within", event):
        if count != len(rows):
            wrong.append("count")
    for count in said("stuck at .*: # readings without", event):
        runs = np.split(rows, np.flatnonzero(np.diff(rows)) + 1)
        if count != max(len(run) for run in runs):
            wrong.append("readings without a change")
    for limit in said("usual: fewer than #", event):
        if max(len(run) for run in np.split(rows, np.flatnonzero(np.diff(rows)) + 1)) < limit:
            wrong.append("a run that is usual")
    for far, about, away in re.findall(
        r"(-?[\d.]+) where (?:the readings beside it are )?(-?[\d.]+)[^,]*, ([\d.]+) ", sentence
    ):
        if abs(float(far) - float(about)) != pytest.approx(float(away)):
            wrong.append("the numbers do not agree")
    for low, _ in re.findall(r"usual: (-?[\d.]+) to (-?[\d.]+)", sentence):
        if float(low) < 0 and np.median(value) > 0 and np.quantile(value, 0.01) >= 0 and event.low >= 0:
            wrong.append("the usual range is another")
    return wrong


@pytest.mark.parametrize(("make", "name"), SENSORS, ids=[name for _, name in SENSORS])
def test_what_a_sentence_says_is_what_the_readings_say(make: object, name: str) -> None:
    assert callable(make)
    sensor: KindSensor = make(name, 11, faults=True)
    events = [e for e in detect(sensor.time, sensor.value).events if e.kind not in (Kind.GAP, Kind.INVALID)]
    judged = [event for event in events if event.kind not in (Kind.STEP, Kind.SLOPE, Kind.NOISE)]
    assert judged
    assert [(e.explanation, wrong) for e in judged if (wrong := faults_of(e, sensor.time, sensor.value))] == []


def _at(rows: int, values: dict[int, float], base: Floats | None = None) -> Floats:
    value = np.full(rows, 21.0) if base is None else base.copy()
    for row, odd in values.items():
        value[row] = odd
    return value


NOISE = np.random.default_rng(2).normal(20.0, 1.0, 2000)
STRANGE = {
    "huge on both sides": np.where(np.arange(400) % 2 == 0, 1.7e308, -1.7e308),
    "one huge": _at(2000, {700: 1.7e308}, NOISE),
    "two huge": _at(2000, {700: 1.7e308, 900: -1.7e308}, NOISE),
    "huge and noisy": NOISE * 4e306,
    "tiny": NOISE * 1e-308,
    "a constant and its end": _at(2000, {1999: 85.0}),
    "a constant and its start": _at(2000, {0: 85.0}),
    "a constant of 143 and one": _at(144, {77: 85.0}),
    "a large constant": _at(500, {250: 1e15 + 1}, np.full(500, 1e15)),
    "zeros": np.zeros(100),
    "zeros and one": _at(100, {99: 1.0}, np.zeros(100)),
    "rounding": 0.1 + np.arange(1000) % 3 * 1e-17,
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_values_give_no_warning_and_no_nonsense(name: str) -> None:
    value = STRANGE[name]
    time = np.arange(len(value)) * 10 * MINUTE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = detect(time, value)
    text = " ".join([found.sensor_words, *(event.explanation for event in found.events)])
    assert not re.search(r"\b(nan|inf)\b", text)
    assert np.isfinite([[e.severity, e.score, e.extreme] for e in found.events]).all()
    assert all(event.kind is not Kind.STUCK for event in found.events)
    if "and" in name and name != "huge and noisy":
        assert any(event.extreme == value[np.argmax(np.abs(value - np.median(value)))] for event in found.events)

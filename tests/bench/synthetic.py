"""Labelled sensors: a year of readings with known anomalies, the same for the same seed.

A reading every 8 min +- 20 s; 1-3 % missing and 2-4 gaps; level -350..1800; noise sigma 0.1..20, half of the sensors
white, half AR(1); a fifth quantised; five kinds of base. Sizes of the anomalies are in sigma of the noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from iotctl.model import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

START = 1_420_070_400_000_000  # 2015-01-01 UTC
STEP_SECONDS = 480.0
JITTER_SECONDS = 20.0
YEAR_HOURS = 8760.0
# How many of each kind a sensor and year gets, at least and at most.
COUNTS = {Kind.SPIKE: (1, 3), Kind.BURST: (1, 3), Kind.SHIFT: (1, 2), Kind.DRIFT: (0, 2), Kind.STUCK: (0, 2)}
COUNTS |= {Kind.VARIANCE: (0, 2)}
ROWS = {Kind.SPIKE: (1, 1), Kind.BURST: (5, 30), Kind.SHIFT: (60, 400), Kind.DRIFT: (300, 1500)}
ROWS |= {Kind.STUCK: (40, 300), Kind.VARIANCE: (100, 500)}
SIGMAS = {Kind.SPIKE: (6.0, 20.0), Kind.BURST: (4.0, 10.0), Kind.SHIFT: (4.0, 10.0), Kind.DRIFT: (6.0, 12.0)}
SIGMAS |= {Kind.VARIANCE: (3.0, 6.0), Kind.STUCK: (0.0, 0.0)}
APART = 150  # rows between two anomalies, and from either end


class Base(StrEnum):
    """What the sensor would read without noise."""

    CONSTANT = "constant"
    LINEAR = "linear"
    PIECEWISE = "piecewise"
    SEASONAL = "seasonal"
    SEASONAL_PIECEWISE = "seasonal_piecewise"


@dataclass(frozen=True, slots=True)
class Anomaly:
    """An injected anomaly in rows [start, end); sigmas is its size in sigma of the noise."""

    kind: Kind
    start: int
    end: int
    sigmas: float


@dataclass(frozen=True, slots=True)
class LabelledSensor:
    """A made-up sensor and the truth about it.

    time: int64 (n,), microseconds since 1970-01-01 UTC. value: float64 (n,). anomalous: bool (n,).
    breaks: rows at which the base changes for good. sigma: of the noise.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    anomalous: NDArray[np.bool_]
    anomalies: tuple[Anomaly, ...]
    breaks: tuple[int, ...]
    base: Base
    sigma: float
    correlation: float
    quantum: float


def make_sensor(seed: int, *, hours: float = YEAR_HOURS, anomalies: bool = True) -> LabelledSensor:
    """Return the sensor of this seed; seeds 0, 1, 2, ... take the bases in turn."""
    rng = np.random.default_rng([20150101, seed])
    base = list(Base)[seed % len(Base)]
    time = _sample_times(rng, hours)
    x = (time - time[0]) / 3.6e9
    sigma = float(10 ** rng.uniform(-1.0, np.log10(20.0)))
    correlation = float(rng.uniform(0.3, 0.9)) if rng.random() < 0.5 else 0.0
    clean, breaks = _base_values(rng, base, x, sigma)
    noise = sigma * _ar_noise(rng, len(x), correlation)
    found = _place_anomalies(rng, time) if anomalies else ()
    value = _inject(rng, clean, noise, found, sigma)
    quantum = float(rng.choice([0.2, 0.5, 1.0, 2.0])) * sigma if rng.random() < 0.2 else 0.0
    if quantum:
        value = np.round(value / quantum) * quantum
    anomalous = np.zeros(len(x), bool)
    for a in found:
        anomalous[a.start : a.end] = True
    return LabelledSensor(time, value, anomalous, found, breaks, base, sigma, correlation, quantum)


def _sample_times(rng: np.random.Generator, hours: float) -> NDArray[np.int64]:
    n = int(hours * 3600 / STEP_SECONDS)
    seconds = STEP_SECONDS * np.arange(n) + rng.uniform(-JITTER_SECONDS, JITTER_SECONDS, n)
    keep = rng.random(n) >= rng.uniform(0.01, 0.03)
    for _ in range(int(rng.integers(2, 5))):
        gap = int(rng.uniform(6.0, 72.0) * 3600 / STEP_SECONDS * min(1.0, hours / YEAR_HOURS * 4))
        at = int(rng.integers(0, max(1, n - gap)))
        keep[at : at + gap] = False
    return START + np.round(seconds[keep] * 1e6).astype(np.int64)


def _base_values(
    rng: np.random.Generator, base: Base, x: NDArray[np.float64], sigma: float
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    clean = np.full(len(x), rng.uniform(-350.0, 1800.0))
    span = float(x[-1])
    breaks: tuple[int, ...] = ()
    if base is Base.LINEAR:
        clean += rng.uniform(-20.0, 20.0) * sigma * x / span
    if base in (Base.PIECEWISE, Base.SEASONAL_PIECEWISE):
        count = int(rng.integers(2, 6))
        # At least 30 days apart on a year, so that a regime is not taken for an anomaly.
        spare = np.sort(rng.uniform(0.0, span * (1 - (count + 1) / 12), count))
        at = spare + span / 12 * np.arange(1, count + 1)
        breaks = tuple(int(i) for i in np.searchsorted(x, at))
        edges = (0, *breaks, len(x))
        level = 0.0
        for s, e in pairwise(edges):
            slope = rng.uniform(-10.0, 10.0) * sigma / span * (rng.random() < 0.6)
            clean[s:e] += level + slope * (x[s:e] - x[s])
            level += slope * (x[e - 1] - x[s]) + rng.choice([-1.0, 1.0]) * rng.uniform(4.0, 15.0) * sigma
    if base in (Base.SEASONAL, Base.SEASONAL_PIECEWISE):
        day = 2 * np.pi * x / 24.0
        phase = rng.uniform(0, 2 * np.pi, 3)
        wave = np.sin(day + phase[0]) + rng.uniform(0, 0.5) * np.sin(2 * day + phase[1])
        clean += rng.uniform(1.5, 10.0) * sigma * wave
        if rng.random() < 0.3:
            clean += rng.uniform(1.0, 4.0) * sigma * np.sin(2 * np.pi * x / 168.0 + phase[2])
    return clean, breaks


def _ar_noise(rng: np.random.Generator, n: int, correlation: float) -> NDArray[np.float64]:
    from scipy.signal import lfilter

    white = rng.standard_normal(n)
    if not correlation:
        return white
    warm = rng.standard_normal(200)
    innovations = np.concatenate([warm, white]) * np.sqrt(1 - correlation**2)
    return np.asarray(lfilter([1.0], [1.0, -correlation], innovations), float)[200:]


def _place_anomalies(rng: np.random.Generator, time: NDArray[np.int64]) -> tuple[Anomaly, ...]:
    # With a gap inside an anomaly, its extent would not be clear.
    holes = np.flatnonzero(np.diff(time) > 3_600_000_000) + 1
    taken: list[Anomaly] = []
    for kind, (least, most) in COUNTS.items():
        for _ in range(int(rng.integers(least, most + 1))):
            low, high = ROWS[kind]
            for _attempt in range(100):
                rows = int(rng.integers(low, high + 1))
                start = int(rng.integers(APART, max(APART + 1, len(time) - rows - APART)))
                end = start + rows
                free = all(end + APART <= a.start or a.end + APART <= start for a in taken)
                if free and end + APART <= len(time) and not np.any((holes > start) & (holes < end)):
                    taken.append(Anomaly(kind, start, end, float(rng.uniform(*SIGMAS[kind]))))
                    break
    return tuple(sorted(taken, key=lambda a: a.start))


def _inject(
    rng: np.random.Generator,
    clean: NDArray[np.float64],
    noise: NDArray[np.float64],
    anomalies: tuple[Anomaly, ...],
    sigma: float,
) -> NDArray[np.float64]:
    value = clean + noise
    for a in anomalies:
        here = slice(a.start, a.end)
        rows = a.end - a.start
        size = a.sigmas * sigma * rng.choice([-1.0, 1.0])
        if a.kind is Kind.BURST:
            signs = rng.choice([-1.0, 1.0], rows) if rng.random() < 0.5 else 1.0
            value[here] += size * signs * rng.uniform(0.8, 1.2, rows)
        elif a.kind in (Kind.SPIKE, Kind.SHIFT):
            value[here] += size
        elif a.kind is Kind.DRIFT:
            value[here] += size * np.linspace(0.0, 1.0, rows)
        elif a.kind is Kind.VARIANCE:
            value[here] = clean[here] + a.sigmas * noise[here]
        elif a.kind is Kind.STUCK:
            value[here] = value[a.start]
    return value

"""Made-up sensors of the kinds that plants have, clean or with injected faults, the same for the same seed.

A kind is a course (what the device would see without a fault) and what the device makes of it: its limits and scale,
applied after the faults. Sizes of faults are in the sigma that the course gives beside its values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions
from iotctl.model import Kind
from tests.bench.synthetic import APART, START, Anomaly

Floats = NDArray[np.float64]
Course = Callable[[np.random.Generator, Floats], tuple[Floats, float]]

DAY, YEAR = 24.0, 8760.0
# Of the random numbers of a kind, beside the sensor's own.
FIRST_SEED = 20160101
# Public holidays of a year, as days since its first.
HOLIDAYS = (0, 5, 92, 95, 120, 133, 144, 154, 275, 304, 358, 359)
LONG = (Kind.SHIFT, Kind.DRIFT, Kind.STUCK, Kind.VARIANCE)
ALL = (Kind.SPIKE, Kind.BURST, *LONG)

ROWS = {Kind.SPIKE: (1, 1), Kind.BURST: (6, 30), Kind.SHIFT: (80, 400), Kind.DRIFT: (400, 1500)}
ROWS |= {Kind.STUCK: (80, 300), Kind.VARIANCE: (120, 500)}
SIGMAS = {Kind.SPIKE: (8.0, 20.0), Kind.BURST: (6.0, 10.0), Kind.SHIFT: (6.0, 10.0), Kind.DRIFT: (8.0, 14.0)}
SIGMAS |= {Kind.VARIANCE: (4.0, 6.0), Kind.STUCK: (0.0, 0.0)}
# A fault is at most such a part of a short series.
_LONGEST_PART = 0.04


def _as_it_is(value: Floats) -> Floats:
    return value


@dataclass(frozen=True)
class SensorKind:
    """A kind of sensor: its course over hours, the device's reading of it, and how often it is sent.

    keep: (random, hours) -> which rows arrive. on_change: rows are sent when the reading moves by so much. rows:
    stretched or shortened, as the lengths of faults are made for 65,000 rows a year. options: what its owner knows.
    """

    course: Course
    reading: Callable[[Floats], Floats] = _as_it_is
    minutes: float = 8.0
    hours: float = YEAR
    faults: tuple[Kind, ...] = ALL
    keep: Callable[[np.random.Generator, Floats], NDArray[np.bool_]] | None = None
    on_change: float = 0.0
    longer: float = 1.0
    options: DetectOptions = field(default_factory=DetectOptions)


@dataclass(frozen=True)
class KindSensor:
    """time: int64 (n,), microseconds since 1970. value: float64 (n,). anomalous: bool (n,)."""

    time: NDArray[np.int64]
    value: Floats
    anomalous: NDArray[np.bool_]
    anomalies: tuple[Anomaly, ...] = field(default=())


def make_kind(name: str, seed: int, *, faults: bool) -> KindSensor:
    """The sensor of a kind and a seed, clean or with one fault of each sort that its kind has."""
    return make_sensor_of(KINDS[name], [FIRST_SEED, seed, list(KINDS).index(name)], faults=faults)


def make_sensor_of(kind: SensorKind, seeds: list[int], *, faults: bool) -> KindSensor:
    """A sensor of that kind, the same for the same seeds."""
    random = np.random.default_rng(seeds)
    x = np.arange(int(kind.hours * 60 / kind.minutes)) * kind.minutes / 60
    course, sigma = kind.course(random, x)
    arrives = kind.keep(random, x) if kind.keep else random.random(len(x)) >= 0.01
    x, course = x[arrives], course[arrives]
    clean = kind.reading(course)
    found: list[Anomaly] = []
    value = course
    for fault in kind.faults if faults else ():
        placed = _place(random, fault, len(x), found, kind.longer)
        if placed is not None:
            found.append(placed)
            value = _inject(random, value, clean, placed, sigma)
    value = kind.reading(value)
    sent = np.arange(len(x))
    if kind.on_change:
        sent = _sent(value, kind.on_change)
    jitter = random.uniform(-0.02, 0.02, len(x)) * kind.minutes / 60
    time = START + np.round((x + jitter) * 3.6e9).astype(np.int64)
    labelled = []
    anomalous = np.zeros(len(sent), dtype=np.bool_)
    for fault_ in sorted(found, key=lambda a: a.start):
        start, end = (int(np.searchsorted(sent, row)) for row in (fault_.start, fault_.end))
        if end > start:
            labelled.append(Anomaly(fault_.kind, start, end, fault_.sigmas))
            anomalous[start:end] = True
    return KindSensor(time[sent], value[sent], anomalous, tuple(labelled))


def _place(random: np.random.Generator, kind: Kind, n: int, taken: list[Anomaly], longer: float) -> Anomaly | None:
    most = max(1, int(_LONGEST_PART * n))
    apart = min(APART, n // 12)
    for _ in range(100):
        low, high = ROWS[kind]
        rows = int(random.integers(low, high + 1))
        rows = min(most, max(1, int(rows * longer))) if kind is not Kind.SPIKE else 1
        start = int(random.integers(apart, max(apart + 1, n - rows - apart)))
        if all(start + rows + apart <= a.start or a.end + apart <= start for a in taken):
            return Anomaly(kind, start, start + rows, float(random.uniform(*SIGMAS[kind])))
    return None


def _inject(random: np.random.Generator, value: Floats, clean: Floats, a: Anomaly, sigma: float) -> Floats:
    value = value.copy()
    rows = a.end - a.start
    here = slice(a.start, a.end)
    # Into the range of the device, so that its limits do not swallow the fault.
    middle = (clean.min() + clean.max()) / 2
    direction = 1.0 if value[here].mean() < middle else -1.0
    size = a.sigmas * sigma * direction
    match a.kind:
        case Kind.SPIKE | Kind.SHIFT:
            value[here] += size
        case Kind.BURST:
            value[here] += size * random.uniform(0.8, 1.2, rows)
        case Kind.DRIFT:
            value[here] += size * np.linspace(0.0, 1.0, rows)
        case Kind.VARIANCE:
            value[here] += a.sigmas * sigma * random.standard_normal(rows)
        case Kind.STUCK:
            value[here] = value[a.start]
    return value


def _sent(value: Floats, step: float) -> NDArray[np.intp]:
    """The rows sent: where the reading has moved by a step since the last one sent."""
    rows, last = [0], value[0]
    for row, reading in enumerate(value.tolist()):
        if abs(reading - last) >= step:
            rows.append(row)
            last = reading
    return np.array(rows, dtype=np.intp)


# --- courses


def ar(random: np.random.Generator, n: int, r: float) -> Floats:
    """AR(1) noise of sigma 1."""
    from scipy.signal import lfilter

    noise = lfilter([np.sqrt(1 - r * r)], [1.0, -r], random.standard_normal(n + 400))
    return np.asarray(noise, dtype=np.float64)[400:]


def day(x: Floats, phase: float = 0.0) -> Floats:
    """A wave of a day."""
    wave: Floats = np.sin(2 * np.pi * (x - phase) / DAY)
    return wave


def slow(random: np.random.Generator, x: Floats, hours: float) -> Floats:
    """Smooth noise of sigma 1 that forgets itself within so many hours."""
    knots = np.arange(0.0, x[-1] + 3 * hours, hours)
    return np.interp(x, knots, random.standard_normal(len(knots)))


def continuous(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 50 + 4 * day(x, random.uniform(0, 24)) + ar(random, len(x), 0.6), 1.0


def white(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 10 + random.standard_normal(len(x)), 1.0


def quantised(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 21 + 1.5 * day(x) + 0.5 * slow(random, x, 30) + 0.15 * random.standard_normal(len(x)), 0.5


def humidity(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 88 + 10 * day(x, 14) + 9 * slow(random, x, 24) + ar(random, len(x), 0.8), 2.5


def tank(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 6 + 8 * day(x) + 9 * slow(random, x, 40) + 0.4 * random.standard_normal(len(x)), 2.0


def rain(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    wet = slow(random, x, 7) > 1.35
    return np.where(wet, 0.8 * random.gamma(0.8, 1.0, len(x)) * (1 + np.abs(slow(random, x, 3))), 0.0), 2.5


def tap(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    hour = x % DAY
    chance = np.where((hour > 6) & (hour < 22), 0.12, 0.01)
    return np.where(random.random(len(x)) < chance, random.gamma(3.0, 2.0, len(x)), 0.0), 6.0


def sunlight(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    season = -np.cos(2 * np.pi * (x / 24 + 10) / 365)
    height = np.clip(np.sin(2 * np.pi * (x % DAY - 6) / DAY) + 0.35 * season, 0.0, None)
    clouds = 1 / (1 + np.exp(2.0 * slow(random, x, 18) + 1.2 * ar(random, len(x), 0.9)))
    return 950 * height * clouds, 60.0


def valve(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    hour = x % DAY
    open_ = np.where((hour > 6) & (hour < 9), 80.0, np.where((hour > 16) & (hour < 22), 60.0, 15.0))
    moved = slow(random, x, 6)
    position: Floats = open_ + np.round(3 * moved) * 2.5
    return position, 12.0


def setpoint(_: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    hour, weekday = x % DAY, (x // DAY + 3) % 7
    return np.where((hour >= 6) & (hour < 20) & (weekday < 5), 21.0, 17.0), 1.0


def on_off(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    lasts = random.gamma(4.0, 0.6, 2 * int(x[-1]) + 10)
    return (np.searchsorted(np.cumsum(lasts), x) % 2).astype(np.float64), 0.5


def counter(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    rate = np.clip(4 + 2.5 * day(x, 8) + 0.6 * random.standard_normal(len(x)), 0.0, None)
    return np.cumsum(rate) % 65_536, 20.0


def counter_reset(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    rate = np.clip(2 + day(x, 8) + 0.4 * random.standard_normal(len(x)), 0.0, None)
    total = np.cumsum(rate)
    first = np.searchsorted(x, np.floor(x / DAY) * DAY)
    return total - total[first], 12.0


def lognormal(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return np.exp(0.7 * ar(random, len(x), 0.7) + 0.3 * day(x)), 1.2


def heavy(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 100 + 5 * day(x) + 1.5 * random.standard_t(3.0, len(x)), 3.0


def gradual(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 20 + 3 * day(x) + 2 * slow(random, x, 20) + 0.1 * random.standard_normal(len(x)), 1.0


def batch(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    starts = np.cumsum(6 + random.gamma(2.0, 1.5, int(x[-1] / 6) + 10))
    since = x - np.concatenate([[0.0], starts])[np.searchsorted(starts, x)]
    heat = 20 + 60 * np.clip(since / 1.5, 0, 1) - 60 * np.clip((since - 4) / 1.5, 0, 1)
    return heat + 0.5 * random.standard_normal(len(x)), 6.0


def machine(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    phase = np.cumsum(1 + 0.05 * random.standard_normal(len(x))) * (x[1] - x[0]) / 1.7
    value: Floats = 5 + 3 * (phase % 1.0) + 0.2 * random.standard_normal(len(x))
    return value, 1.0


def walk(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return np.cumsum(random.standard_normal(len(x))) + 500, 12.0


def weather(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    year = -np.cos(2 * np.pi * x / YEAR)
    daily = (3 + 2 * year) * (1 + 0.4 * slow(random, x, 48)) * day(x, 9)
    return 10 + 9 * year + 4 * slow(random, x, 72) + daily + 0.3 * ar(random, len(x), 0.8), 3.5


def office(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    hour, weekday = x % DAY, (x // DAY + 3) % 7
    busy = np.clip(np.minimum(hour - 7, 18 - hour) / 2, 0, 1) * (weekday < 5)
    return 400 + 500 * busy * (1 + 0.1 * slow(random, x, 24)) + 15 * ar(random, len(x), 0.7), 60.0


def office_holidays(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    value, sigma = office(random, x)
    free = np.isin(x // DAY % 365, HOLIDAYS)
    return np.where(free, 400 + 15 * ar(random, len(x), 0.7), value), sigma


def noisy_hours(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    hour = x % DAY
    loud = np.where((hour > 7) & (hour < 18), 4.0, 0.6)
    return 30 + loud * random.standard_normal(len(x)), 4.0


def yearly(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    return 10 - 10 * np.cos(2 * np.pi * x / YEAR) + 4 * day(x, 9) + 1.5 * ar(random, len(x), 0.9), 3.0


def near_constant(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    value: Floats = 21 + 0.5 * (random.random(len(x)) < 0.002).astype(np.float64)
    return value, 1.0


def local_schedule(random: np.random.Generator, x: Floats) -> tuple[Floats, float]:
    summer = (x >= 2089) & (x < 7129)  # 2015-03-29 and 2015-10-25, 01:00 UTC
    hour = (x + np.where(summer, 2, 1)) % DAY
    heat = 40 + 20 * ((hour >= 6) & (hour < 22))
    return heat + 0.8 * random.standard_normal(len(x)), 2.0


def _blocks_missing(random: np.random.Generator, x: Floats) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = slow(random, x, 60) > -1.1
    return kept


def _irregular(random: np.random.Generator, x: Floats) -> NDArray[np.bool_]:
    kept: NDArray[np.bool_] = random.random(len(x)) < 0.35
    return kept


def clipped_to(low: float, high: float, step: float) -> Callable[[Floats], Floats]:
    def reading(value: Floats) -> Floats:
        clipped: Floats = np.round(np.clip(value, low, high) / step) * step
        return clipped

    return reading


_INF = float("inf")
KINDS: dict[str, SensorKind] = {
    "continuous": SensorKind(continuous),
    "white noise": SensorKind(white),
    "quantised": SensorKind(
        quantised, clipped_to(-_INF, _INF, 0.5), faults=(Kind.SPIKE, Kind.BURST, Kind.SHIFT, Kind.DRIFT)
    ),
    "humidity at 100": SensorKind(humidity, clipped_to(0, 100, 0.1)),
    "level at 0": SensorKind(tank, clipped_to(0, _INF, 0.01)),
    "rain": SensorKind(rain, clipped_to(0, _INF, 0.2), faults=(Kind.SPIKE, Kind.BURST, Kind.SHIFT)),
    "tap": SensorKind(tap, clipped_to(0, _INF, 0.1), faults=(Kind.SPIKE, Kind.BURST, Kind.SHIFT)),
    "sunlight": SensorKind(sunlight, clipped_to(0, _INF, 0.1), faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "valve": SensorKind(valve, clipped_to(0, 100, 0.5), faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "setpoint": SensorKind(setpoint, clipped_to(0, 40, 0.5), faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "on/off": SensorKind(on_off, faults=(Kind.STUCK,)),
    "counter, wraps": SensorKind(counter, lambda v: np.round(v), faults=(Kind.SPIKE, Kind.STUCK)),
    "counter, resets": SensorKind(counter_reset, lambda v: np.round(v, 1), faults=(Kind.SPIKE, Kind.STUCK)),
    "lognormal": SensorKind(lognormal),
    "heavy tails": SensorKind(heavy),
    "on change": SensorKind(
        gradual, clipped_to(-_INF, _INF, 0.1), on_change=0.35, faults=(Kind.SPIKE, Kind.SHIFT, Kind.DRIFT)
    ),
    "batches": SensorKind(batch, lambda v: np.round(v, 1)),
    "machine cycles": SensorKind(machine),
    "random walk": SensorKind(walk, faults=(Kind.SPIKE, Kind.BURST, Kind.STUCK, Kind.VARIANCE)),
    "weather": SensorKind(weather, lambda v: np.round(v, 1)),
    "weekends": SensorKind(office),
    "holidays": SensorKind(office_holidays),
    "noisier by hour": SensorKind(noisy_hours),
    "irregular": SensorKind(continuous, keep=_irregular, minutes=4.0),
    "missing blocks": SensorKind(continuous, keep=_blocks_missing),
    "near-constant": SensorKind(near_constant, faults=(Kind.SPIKE, Kind.SHIFT)),
    "schedule, local": SensorKind(local_schedule, options=DetectOptions(timezone="Europe/Berlin")),
    "hourly": SensorKind(continuous, minutes=60.0, longer=0.3),
    "daily, five years": SensorKind(yearly, minutes=1440.0, hours=5 * YEAR, longer=0.1),
    "five years": SensorKind(yearly, minutes=40.0, hours=5 * YEAR),
    "200 rows": SensorKind(white, hours=200 * 8 / 60, faults=(Kind.SPIKE, Kind.SHIFT), longer=0.1),
    "2,000 rows": SensorKind(continuous, hours=2000 * 8 / 60, longer=0.3),
    "60 days": SensorKind(continuous, hours=60 * DAY, longer=0.5),
    "120 days": SensorKind(continuous, hours=120 * DAY, longer=0.7),
    "holidays, named": SensorKind(office_holidays, options=DetectOptions(holidays=("DE-BW",))),
}

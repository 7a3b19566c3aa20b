"""Made-up plants whose causes are known: cascades, single faults, gateways that are silent or repeat themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from iotctl.model import Kind

Floats = NDArray[np.float64]
MINUTE = 60_000_000
START = 1_420_070_400_000_000  # 2015-01-01 UTC
STEP = 10  # minutes
SITES, ASSETS, GATEWAYS = 2, 8, 2


@dataclass(frozen=True)
class Effect:
    """What a cause does to a sensor: from when to when, microseconds since 1970-01-01 UTC."""

    sensor: int
    start: int
    end: int


@dataclass(frozen=True)
class Cause:
    """A cause by what it does; the first of its effects is where it begins. kind: cascade, single, silent, repeated."""

    kind: str
    effects: tuple[Effect, ...]
    gateway: str = ""

    @property
    def origin(self) -> int:
        return self.effects[0].sensor


@dataclass(frozen=True)
class Plant:
    """Sensors with labels (asset, site, gateway), their readings, and what went wrong."""

    labels: list[Mapping[str, str]]
    time: list[NDArray[np.int64]]
    value: list[Floats]
    causes: list[Cause]


@dataclass
class _Series:
    """A sensor while it is made. sigma: its spread without its course of the day. gone: rows that are not sent."""

    asset: int
    minutes: Floats
    value: Floats
    sigma: float
    gone: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))


def make_plant(seed: int, days: int = 60) -> Plant:
    """40 to 70 sensors of 16 assets on two sites, and about 14 causes, some of which meet in time."""
    random = np.random.default_rng(seed)
    rows = days * 1440 // STEP
    series: list[_Series] = []
    labels: list[Mapping[str, str]] = []
    weather = [_walk(random, rows, 0.99) for _ in range(SITES)]
    course = [_walk(random, rows, 0.97) for _ in range(SITES * ASSETS)]
    for asset in range(SITES * ASSETS):
        site = asset // ASSETS
        for _ in range(int(random.integers(2, 6))):
            minutes = (np.arange(rows) + random.uniform(0, 1)) * STEP + random.uniform(-0.3, 0.3, rows)
            sigma = 10 ** random.uniform(-1, 1)
            daily = random.uniform(0, 3) * np.sin(2 * np.pi * minutes / 1440 + site)
            own, site_wide = random.uniform(0.0, 2.0), random.uniform(0, 0.7)
            u = own * course[asset] + site_wide * weather[site]
            u += 0.3 * own * course[asset - 1 if asset % ASSETS else asset]
            u += random.normal(0, 0.8, rows) + _walk(random, rows, 0.6) * 0.5
            value = random.uniform(-50, 500) + sigma * (u + daily)
            series.append(_Series(asset, minutes, value, sigma * float(np.std(u))))
            series[-1].gone = random.uniform(size=rows) < 0.01
            gateway = f"gw-{site}-{asset % GATEWAYS}"
            labels.append({"site": f"site {site}", "asset": f"pump {asset}", "gateway": gateway})
    causes = _causes(random, series, labels, days)
    times = [START + (one.minutes[~one.gone] * MINUTE).astype(np.int64) for one in series]
    return Plant(labels, times, [one.value[~one.gone] for one in series], causes)


def without_labels(plant: Plant) -> Plant:
    """The same plant, of whose sensors nothing is known but their readings."""
    return replace(plant, labels=[{} for _ in plant.labels])


def _causes(
    random: np.random.Generator, series: list[_Series], labels: list[Mapping[str, str]], days: int
) -> list[Cause]:
    moments = np.sort(random.uniform(3 * 1440, (days - 3) * 1440, 10))
    busy: dict[int, list[tuple[float, float]]] = {}
    made: list[Cause | None] = []
    for number, moment in enumerate(moments.tolist()):
        made.append(_cascade(random, series, busy, moment) if number % 3 else _single(random, series, busy, moment))
        if number % 2:  # something else at the same time, somewhere else
            other = moment + random.uniform(-60, 60)
            again = _cascade if random.uniform() < 0.4 else _single
            made.append(again(random, series, busy, other))
    for kind in ("silent", "repeated"):
        moment = random.uniform(3 * 1440, (days - 3) * 1440)
        gateway = str(random.choice(sorted({each["gateway"] for each in labels})))
        members = [i for i, each in enumerate(labels) if each["gateway"] == gateway]
        made.append(_gateway(random, series, busy, moment, members, gateway, kind))
    return [cause for cause in made if cause is not None]


def _cascade(
    random: np.random.Generator, series: list[_Series], busy: dict[int, list[tuple[float, float]]], moment: float
) -> Cause | None:
    asset = int(random.integers(SITES * ASSETS))
    inside = [i for i, one in enumerate(series) if one.asset == asset]
    beside = [i for i, one in enumerate(series) if one.asset == asset + 1 and (asset + 1) % ASSETS]
    chosen = random.permutation(inside)[: int(random.integers(2, 6))].tolist()
    if random.uniform() < 0.4 and beside:
        chosen += random.permutation(beside)[: int(random.integers(1, 3))].tolist()
    lasting = float(np.exp(random.uniform(np.log(120), np.log(1440))))
    effects: list[Effect] = []
    delay = 0.0
    for sensor in chosen:
        effect = _disturb(random, series[sensor], busy, sensor, moment + delay, lasting * random.uniform(0.7, 1.2))
        if effect is None:
            return None if not effects else Cause("cascade", tuple(effects))
        effects.append(effect)
        delay += float(np.exp(random.normal(np.log(12), 0.7)))
    return Cause("cascade", tuple(effects))


def _single(
    random: np.random.Generator, series: list[_Series], busy: dict[int, list[tuple[float, float]]], moment: float
) -> Cause | None:
    sensor = int(random.integers(len(series)))
    effect = _disturb(random, series[sensor], busy, sensor, moment, float(random.uniform(30, 1200)))
    return None if effect is None else Cause("single", (effect,))


def _disturb(
    random: np.random.Generator,
    series: _Series,
    busy: dict[int, list[tuple[float, float]]],
    sensor: int,
    start: float,
    lasting: float,
) -> Effect | None:
    """One effect, of 6 to 20 times the spread of the sensor; None where the sensor is disturbed about then already."""
    if not _claim(busy, sensor, start, start + lasting):
        return None
    inside = np.flatnonzero((series.minutes >= start) & (series.minutes <= start + lasting))
    height = random.uniform(6, 20) * random.choice([-1, 1]) * series.sigma
    shape = random.choice([Kind.SHIFT, Kind.DRIFT, Kind.VARIANCE], p=[0.6, 0.25, 0.15])
    along = (series.minutes[inside] - start) / lasting
    if shape is Kind.SHIFT:
        series.value[inside] += height
    elif shape is Kind.DRIFT:
        series.value[inside] += height * np.minimum(1, 2 * along)
    else:
        series.value[inside] += height / 3 * random.normal(size=len(inside))
    return Effect(sensor, *(START + int(minute * MINUTE) for minute in (start, start + lasting)))


def _gateway(
    random: np.random.Generator,
    series: list[_Series],
    busy: dict[int, list[tuple[float, float]]],
    start: float,
    members: list[int],
    gateway: str,
    kind: str,
) -> Cause | None:
    lasting = float(random.uniform(300, 1500))
    free = [i for i in members if _claim(busy, i, start, start + lasting)]
    for i in free:
        inside = np.flatnonzero((series[i].minutes >= start) & (series[i].minutes <= start + lasting))
        if kind == "silent":
            series[i].gone[inside] = True
        else:
            series[i].value[inside] = series[i].value[inside[0]]
    effects = (Effect(i, START + int(start * MINUTE), START + int((start + lasting) * MINUTE)) for i in free)
    return Cause(kind, tuple(effects), gateway)


def _claim(busy: dict[int, list[tuple[float, float]]], sensor: int, start: float, end: float) -> bool:
    """Take a stretch of a sensor's time, half a day about it free of other causes, if it is."""
    spans = busy.setdefault(sensor, [])
    if any(start < other_end + 720 and other_start < end + 720 for other_start, other_end in spans):
        return False
    spans.append((start, end))
    return True


def _walk(random: np.random.Generator, rows: int, keep: float) -> Floats:
    """AR(1) with variance 1."""
    made: Floats = lfilter([np.sqrt(1 - keep**2)], [1, -keep], random.normal(size=rows))
    return made

"""Made-up plants with known causes: cascades, single faults, gateways that fail, weather, loud sensors."""

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
class Style:
    """What is special about a plant.

    steps: minutes between readings, one of them for each sensor. delay: of a cascade from sensor to sensor, minutes in
    the median. alike: whether the effects of a cause last about as long. spread: minutes within which another cause
    begins. site_wide: how much weather is in the readings at most, in sigma. fronts: weather that moves all of a site.
    loud: the part of the sensors that has a short fault of its own every two days. paths: gateways that fall silent,
    and as many that repeat themselves. both: whether each cascade meets another one on the other site.
    """

    steps: tuple[int, ...] = (STEP,)
    delay: float = 12.0
    alike: bool = True
    spread: float = 60.0
    site_wide: float = 0.7
    fronts: int = 0
    loud: float = 0.0
    paths: int = 1
    both: bool = False


STYLES = {
    "usual": Style(),
    "quick": Style(delay=3.0),
    "slow": Style(delay=40.0),
    "readings every 1 to 30 minutes": Style(steps=(1, 5, 15, 30)),
    "effects that last as they like": Style(alike=False),
    "causes that overlap": Style(spread=300.0),
    "weather": Style(site_wide=2.0, fronts=4),
    "loud sensors": Style(loud=0.15),
    "many silent gateways": Style(paths=4),
    "both sites at once": Style(both=True),
}


@dataclass(frozen=True)
class Effect:
    """What a cause does to a sensor: from when to when, microseconds since 1970-01-01 UTC."""

    sensor: int
    start: int
    end: int


@dataclass(frozen=True)
class Cause:
    """A cause by what it does; the first of its effects is where it begins.

    kind: cascade, single, loud, weather, silent, repeated; gateway: of the last two.
    """

    kind: str
    effects: tuple[Effect, ...]
    gateway: str = ""

    @property
    def origin(self) -> int | None:
        """The sensor where it begins; None where it does not begin in one."""
        return None if self.gateway or self.kind == "weather" else self.effects[0].sensor


@dataclass(frozen=True)
class Plant:
    """Sensors with labels (asset, site, gateway), their readings, and what went wrong."""

    labels: list[Mapping[str, str]]
    time: list[NDArray[np.int64]]
    value: list[Floats]
    causes: list[Cause]


@dataclass
class _Series:
    """A sensor while it is made.

    scale: of its unit. sigma: its spread without its course of the day. weather: what weather does to it, in its scale.
    gone: rows that are not sent. busy: when something happens to it, minutes from and to.
    """

    asset: int
    minutes: Floats
    value: Floats
    scale: float
    sigma: float
    weather: float
    gone: NDArray[np.bool_]
    busy: list[tuple[float, float]] = field(default_factory=list)

    @property
    def site(self) -> int:
        return self.asset // ASSETS

    def rows(self, start: float, end: float) -> NDArray[np.int64]:
        return np.flatnonzero((self.minutes >= start) & (self.minutes <= end))

    def claim(self, start: float, end: float) -> bool:
        """Take a stretch of its time, half a day about it free of other causes, if it is."""
        if any(start < other_end + 720 and other_start < end + 720 for other_start, other_end in self.busy):
            return False
        self.busy.append((start, end))
        return True


@dataclass
class _Making:
    random: np.random.Generator
    style: Style
    days: int
    series: list[_Series] = field(default_factory=list)
    labels: list[Mapping[str, str]] = field(default_factory=list)

    def moment(self) -> float:
        return float(self.random.uniform(3 * 1440, (self.days - 3) * 1440))


def make_plant(seed: int, days: int = 60, style: Style = STYLES["usual"]) -> Plant:
    """40 to 70 sensors of 16 assets on two sites, and about 14 causes, some of which meet in time."""
    making = _Making(np.random.default_rng(seed), style, days)
    _add_sensors(making)
    causes = _causes(making)
    series = making.series
    times = [START + (one.minutes[~one.gone] * MINUTE).astype(np.int64) for one in series]
    return Plant(making.labels, times, [one.value[~one.gone] for one in series], causes)


def without_labels(plant: Plant) -> Plant:
    """The same plant, of whose sensors nothing is known but their readings."""
    return replace(plant, labels=[{} for _ in plant.labels])


def _add_sensors(making: _Making) -> None:
    random, style, days = making.random, making.style, making.days
    grid = np.arange(0, days * 1440 + STEP, STEP, dtype=np.float64)
    weather = [_walk(random, len(grid), 0.99) for _ in range(SITES)]
    course = [_walk(random, len(grid), 0.97) for _ in range(SITES * ASSETS)]
    for asset in range(SITES * ASSETS):
        site = asset // ASSETS
        for _ in range(int(random.integers(2, 6))):
            step = int(random.choice(style.steps))
            rows = days * 1440 // step
            minutes = (np.arange(rows) + random.uniform(0, 1)) * step + random.uniform(-0.03, 0.03, rows) * step
            scale = 10 ** random.uniform(-1, 1)
            daily = random.uniform(0, 3) * np.sin(2 * np.pi * minutes / 1440 + site)
            own, site_wide = random.uniform(0.0, 2.0), random.uniform(0, style.site_wide)
            u = own * np.interp(minutes, grid, course[asset] + 0.3 * course[asset - 1 if asset % ASSETS else asset])
            u += random.normal(0, 0.8, rows) + _walk(random, rows, 0.6) * 0.5
            u += site_wide * np.interp(minutes, grid, weather[site])
            value = random.uniform(-50, 500) + scale * (u + daily)
            gone = random.uniform(size=rows) < 0.01
            making.series.append(_Series(asset, minutes, value, scale, scale * float(np.std(u)), site_wide, gone))
            gateway = f"gw-{site}-{asset % GATEWAYS}"
            making.labels.append({"site": f"site {site}", "asset": f"pump {asset}", "gateway": gateway})


def _causes(making: _Making) -> list[Cause]:
    random, style = making.random, making.style
    made: list[Cause | None] = []
    for _ in range(style.fronts):  # first, for they need all of a site
        made.append(_front(making, making.moment(), int(random.integers(SITES))))
    for kind in ("silent", "repeated") * style.paths:
        made.append(_gateway(making, making.moment(), kind))
    moments = np.sort([making.moment() for _ in range(10)])
    for number, moment in enumerate(moments.tolist()):
        asset = int(random.integers(SITES * ASSETS))
        made.append(_cascade(making, moment, asset) if number % 3 else _single(making, moment))
        if number % 3 and style.both:
            other_site = (asset + ASSETS) % (SITES * ASSETS) // ASSETS * ASSETS
            other = other_site + int(random.integers(ASSETS))
            made.append(_cascade(making, moment + random.uniform(-20, 20), other))
        elif number % 2:  # something else at the same time, somewhere else
            other_moment = moment + random.uniform(-style.spread, style.spread)
            if random.uniform() < 0.4:
                made.append(_cascade(making, other_moment, int(random.integers(SITES * ASSETS))))
            else:
                made.append(_single(making, other_moment))
    for sensor in np.flatnonzero(random.uniform(size=len(making.series)) < style.loud).tolist():
        for _ in range(making.days // 2):
            effect = _disturb(making, sensor, making.moment(), float(random.uniform(20, 120)))
            made.append(None if effect is None else Cause("loud", (effect,)))
    return [cause for cause in made if cause is not None]


def _cascade(making: _Making, moment: float, asset: int) -> Cause | None:
    random = making.random
    inside = [i for i, one in enumerate(making.series) if one.asset == asset]
    beside = [i for i, one in enumerate(making.series) if one.asset == asset + 1 and (asset + 1) % ASSETS]
    chosen = random.permutation(inside)[: int(random.integers(2, 6))].tolist()
    if random.uniform() < 0.4 and beside:
        chosen += random.permutation(beside)[: int(random.integers(1, 3))].tolist()
    lasting = _lasting(random)
    effects: list[Effect] = []
    delay = 0.0
    for sensor in chosen:
        if not making.style.alike:
            lasting = _lasting(random)
        effect = _disturb(making, sensor, moment + delay, lasting * random.uniform(0.7, 1.2))
        if effect is None:
            break
        effects.append(effect)
        delay += float(np.exp(random.normal(np.log(making.style.delay), 0.7)))
    return Cause("cascade", tuple(effects)) if effects else None


def _lasting(random: np.random.Generator) -> float:
    return float(np.exp(random.uniform(np.log(120), np.log(1440))))


def _single(making: _Making, moment: float) -> Cause | None:
    sensor = int(making.random.integers(len(making.series)))
    effect = _disturb(making, sensor, moment, float(making.random.uniform(30, 1200)))
    return None if effect is None else Cause("single", (effect,))


def _disturb(making: _Making, sensor: int, start: float, lasting: float) -> Effect | None:
    """One effect, of 6 to 20 times the spread of the sensor; None where the sensor is disturbed about then already."""
    random, series = making.random, making.series[sensor]
    if not series.claim(start, start + lasting):
        return None
    inside = series.rows(start, start + lasting)
    height = random.uniform(6, 20) * random.choice([-1, 1]) * series.sigma
    # From the enum itself: choice() returns a text, which is not a member.
    shape = (Kind.SHIFT, Kind.DRIFT, Kind.VARIANCE)[random.choice(3, p=[0.6, 0.25, 0.15])]
    along = (series.minutes[inside] - start) / lasting
    if shape is Kind.SHIFT:
        series.value[inside] += height
    elif shape is Kind.DRIFT:
        series.value[inside] += height * np.minimum(1, 2 * along)
    else:
        series.value[inside] += height / 3 * random.normal(size=len(inside))
    return _effect(sensor, start, start + lasting)


def _front(making: _Making, start: float, site: int) -> Cause:
    """Unusual weather: it rises within an hour, lasts some hours, and reaches each sensor at another time."""
    random = making.random
    lasting = float(random.uniform(180, 720))
    height = random.uniform(8, 16) * random.choice([-1, 1])
    effects: list[Effect] = []
    for i, one in enumerate(making.series):
        late = float(random.uniform(0, 60))
        if one.site == site and one.claim(start + late, start + late + lasting):
            since = one.minutes - start - late
            one.value += one.scale * one.weather * height * np.clip(np.minimum(since, lasting - since) / 60, 0, 1)
            effects.append(_effect(i, start + late, start + late + lasting))
    return Cause("weather", tuple(effects))


def _gateway(making: _Making, start: float, kind: str) -> Cause:
    random = making.random
    gateway = str(random.choice(sorted({each["gateway"] for each in making.labels})))
    lasting = float(random.uniform(300, 1500))
    effects: list[Effect] = []
    for i, one in enumerate(making.series):
        if making.labels[i]["gateway"] == gateway and one.claim(start, start + lasting):
            inside = one.rows(start, start + lasting)
            if kind == "silent":
                one.gone[inside] = True
            else:
                one.value[inside] = one.value[inside[0]]
            effects.append(_effect(i, start, start + lasting))
    return Cause(kind, tuple(effects), gateway)


def _effect(sensor: int, start: float, end: float) -> Effect:
    return Effect(sensor, START + int(start * MINUTE), START + int(end * MINUTE))


def _walk(random: np.random.Generator, rows: int, keep: float) -> Floats:
    """AR(1) with variance 1."""
    made: Floats = lfilter([np.sqrt(1 - keep**2)], [1, -keep], random.normal(size=rows))
    return made

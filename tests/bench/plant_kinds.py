"""More made-up sensors, as in plants, houses and fields, made after the method was finished: a check by other kinds.

Each has its own course, with rough behaviour: jumps by calibration, starts and stops, charge cycles, tides, appliances.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Kind
from tests.bench.sensor_kinds import DAY, YEAR, KindSensor, SensorKind, ar, clipped_to, day, make_sensor_of, slow

Floats = NDArray[np.float64]
Made = tuple[Floats, float]

_INF = float("inf")
FIRST_PLANT_SEED = 20170101


def _hour(x: Floats) -> Floats:
    return x % DAY


def _weekday(x: Floats) -> Floats:
    return (x // DAY + 3) % 7


def _alternating(random: np.random.Generator, x: Floats, on_hours: float, off_hours: float) -> NDArray[np.bool_]:
    """Whether a machine runs, with spells of about so many hours on and off."""
    pairs = int(x[-1] / (on_hours + off_hours) * 1.5) + 10
    spells = np.stack([random.gamma(3.0, off_hours / 3, pairs), random.gamma(3.0, on_hours / 3, pairs)], axis=1)
    running: NDArray[np.bool_] = np.searchsorted(np.cumsum(spells.ravel()), x) % 2 == 1
    return running


def acidity(random: np.random.Generator, x: Floats) -> Made:
    """pH that drifts with its electrode and jumps back at each calibration, every four weeks or so."""
    at = np.cumsum(random.uniform(22, 34, 20)) * DAY
    since = x - np.concatenate([[0.0], at])[np.searchsorted(at, x)]
    drift = 0.004 * since / DAY * random.uniform(0.6, 1.4, 21)[np.searchsorted(at, x)]
    return 7.2 + drift + 0.08 * slow(random, x, 20) + 0.02 * ar(random, len(x), 0.6), 0.08


def vibration(random: np.random.Generator, x: Floats) -> Made:
    """RMS of a machine that runs in shifts: zero plus noise at rest, a load of its own in each spell."""
    running = _alternating(random, x, 7.0, 5.0)
    load = 4.0 + 0.5 * slow(random, x, 12)
    return np.where(running, load + 0.3 * random.standard_normal(len(x)), 0.08) + 0.02 * np.abs(
        random.standard_normal(len(x))
    ), 0.6


def battery(random: np.random.Generator, x: Floats) -> Made:
    """Voltage of a battery that is charged each night or so and used by day."""
    spells = np.cumsum(20 + 8 * random.random(int(x[-1] / 20) + 10))
    at = np.searchsorted(spells, x)
    since = x - np.concatenate([[0.0], spells])[at]
    depth = random.uniform(0.6, 1.3, len(spells) + 1)[at]
    charge = np.clip(since / 4, 0, 1) - np.clip((since - 6) / 14, 0, None) * depth
    return 12.2 + 0.9 * charge + 0.01 * random.standard_normal(len(x)), 0.15


def office_air(random: np.random.Generator, x: Floats) -> Made:
    """CO2 of a room with people in it: rises with meetings, decays in the evening."""
    there = ((_hour(x) > 7.5) & (_hour(x) < 18) & (_weekday(x) < 5)).astype(np.float64)
    people = np.clip(np.round(there * (4 + 3 * slow(random, x, 1.5))), 0, 12)
    air = _followed(people * 160.0, hours=1.2, step=float(x[1] - x[0]))
    return 420 + air + 8 * random.standard_normal(len(x)), 40.0


def _followed(target: Floats, hours: float, step: float) -> Floats:
    """What follows a target with so long a memory."""
    from scipy.signal import lfilter

    keep = np.exp(-step / hours)
    return np.asarray(lfilter([1 - keep], [1.0, -keep], target), dtype=np.float64)


def tide(random: np.random.Generator, x: Floats) -> Made:
    """Water level of a harbour: moon and sun, spring and neap tides, and weather."""
    waves = ((12.4206, 1.5), (12.0, 0.5), (12.6583, 0.3), (23.9345, 0.2), (25.8193, 0.15))
    level = sum((a * np.cos(2 * np.pi * x / p + random.uniform(0, 6.28)) for p, a in waves), np.zeros(len(x)))
    return 3 + level + 0.15 * slow(random, x, 40) + 0.02 * ar(random, len(x), 0.8), 0.25


def household(random: np.random.Generator, x: Floats) -> Made:
    """Power of a household: base load, a fridge, evenings, kettle and oven now and then."""
    evening = np.exp(-((_hour(x) - 19.5) ** 2) / 6) + 0.5 * np.exp(-((_hour(x) - 7) ** 2) / 2)
    fridge = 90.0 * (np.sin(2 * np.pi * np.cumsum(1 + 0.1 * random.standard_normal(len(x))) * 0.133 / 1.1) > 0.2)
    device = (random.random(len(x)) < 0.02 + 0.08 * evening) * random.choice([900.0, 1500.0, 2200.0, 3000.0], len(x))
    return 120 + fridge + 350 * evening * random.gamma(4.0, 0.25, len(x)) + device, 1500.0


def speed(random: np.random.Generator, x: Floats) -> Made:
    """GPS speed of a van: parked at night and at weekends, stop and go by day."""
    works = (_hour(x) > 6.5) & (_hour(x) < 17.5) & (_weekday(x) < 6)
    drives = works & (slow(random, x, 0.7) > -0.3)
    km_h = np.clip(45 + 25 * slow(random, x, 0.5) + 8 * random.standard_normal(len(x)), 0, 110)
    return np.where(drives, km_h, np.abs(0.2 * random.standard_normal(len(x)))), 25.0


def compressor(random: np.random.Generator, x: Floats) -> Made:
    """Temperature of a compressor: warms within minutes of its start, cools within hours of its stop."""
    running = _alternating(random, x, 3.0, 4.0).astype(np.float64)
    warm = _followed(running * 55.0, hours=0.6, step=float(x[1] - x[0]))
    return 22 + 3 * day(x, 9) + warm + 0.4 * random.standard_normal(len(x)), 5.0


def fridge(random: np.random.Generator, x: Floats) -> Made:
    """A cold room: hysteresis of its thermostat, a defrost every eight hours or so, doors by day."""
    phase = np.cumsum(1 + 0.05 * random.standard_normal(len(x))) * (x[1] - x[0]) / 0.9
    saw = 1.5 * np.abs(2 * (phase % 1.0) - 1)
    since = x % 8.0
    defrost = 5 * np.exp(-(((since - 0.4) / 0.3) ** 2))
    doors = (random.random(len(x)) < 0.03 * ((_hour(x) > 7) & (_hour(x) < 19))) * random.uniform(0.5, 3, len(x))
    return 3 + saw + defrost + doors + 0.1 * random.standard_normal(len(x)), 1.5


def soil(random: np.random.Generator, x: Floats) -> Made:
    """Soil moisture: jumps with rain, dries for days."""
    rain = (random.random(len(x)) < 0.0015) * random.gamma(1.5, 12.0, len(x))
    wet = _followed(rain * (240.0 / float(x[1] - x[0])), hours=240.0, step=float(x[1] - x[0]))
    return 18 + np.minimum(wet, 24) + 0.3 * day(x, 9) + 0.1 * random.standard_normal(len(x)), 2.0


def wind(random: np.random.Generator, x: Floats) -> Made:
    """Wind speed: skewed, gusty, with spells of days."""
    strength = np.exp(0.5 * slow(random, x, 30) + 0.25 * ar(random, len(x), 0.85))
    return 4 * strength * (1 + 0.25 * day(x, 8)), 2.5


def bearing(random: np.random.Generator, x: Floats) -> Made:
    """Wind direction in degrees, which goes round."""
    turned = 220 + 70 * slow(random, x, 20) + 15 * ar(random, len(x), 0.7) + np.cumsum(random.standard_normal(len(x)))
    return turned % 360, 40.0


def pressure(random: np.random.Generator, x: Floats) -> Made:
    """Air pressure: highs and lows of days, smooth."""
    return 1013 + 9 * slow(random, x, 55) + 0.6 * np.sin(4 * np.pi * x / DAY) + 0.1 * ar(random, len(x), 0.6), 2.0


def loudness(random: np.random.Generator, x: Floats) -> Made:
    """Noise of a street in dB: day and night, vehicles."""
    passing = random.gamma(1.2, 2.2, len(x)) * (1 + 0.8 * day(x, 8))
    return 48 + 7 * day(x, 8) + passing, 6.0


def river(random: np.random.Generator, x: Floats) -> Made:
    """Level of a small river: floods that rise in hours and fall for days."""
    storms = (random.random(len(x)) < 0.0005) * random.gamma(1.2, 40.0, len(x))
    flood = _followed(
        _followed(storms * (50.0 / float(x[1] - x[0])), 6.0, float(x[1] - x[0])), 40.0, float(x[1] - x[0])
    )
    return 60 + 10 * slow(random, x, 700) + flood + 0.3 * ar(random, len(x), 0.5), 4.0


def visitors(random: np.random.Generator, x: Floats) -> Made:
    """People through a door in each interval: counts of a Poisson process that follows the hour and the weekday."""
    open_ = np.clip(np.minimum(_hour(x) - 8, 20 - _hour(x)) / 3, 0, 1) * np.where(_weekday(x) < 6, 1.0, 0.0)
    rate = 14 * open_ * np.exp(0.2 * slow(random, x, 24)) * np.where(_weekday(x) == 5, 1.6, 1.0)
    return random.poisson(rate).astype(np.float64), 6.0


def latency(random: np.random.Generator, x: Floats) -> Made:
    """Milliseconds of a network: lognormal with spikes, by the hour."""
    base = 20 + 6 * np.clip(day(x, 12), 0, None)
    spikes = (random.random(len(x)) < 0.004) * random.pareto(1.8, len(x)) * 40
    return base * np.exp(0.15 * random.standard_normal(len(x))) + spikes, 15.0


def server(random: np.random.Generator, x: Floats) -> Made:
    """CPU of a server in per cent: daily load, a backup each night, a job every hour, never above 100."""
    load = 20 + 15 * np.clip(day(x, 8), 0, None) * np.where(_weekday(x) < 5, 1.0, 0.3)
    backup = 45.0 * ((_hour(x) > 2) & (_hour(x) < 3.3))
    job = 20.0 * ((x % 1.0) < 0.14)
    return load + backup + job + random.gamma(2.0, 2.0, len(x)), 10.0


def pump_current(random: np.random.Generator, x: Floats) -> Made:
    """Amperes of a pump: nothing at rest, a noisy load when it runs, an inrush now and then."""
    running = _alternating(random, x, 0.8, 1.2)
    starts = running & ~np.append(False, running[:-1])
    inrush = starts * (random.random(len(x)) < 0.2) * 14.0
    return np.where(running, 11 + 0.4 * random.standard_normal(len(x)) + 0.8 * slow(random, x, 30), 0.0) + inrush, 2.0


def sump(random: np.random.Generator, x: Floats) -> Made:
    """Level of a pump sump: fills by inflow, is pumped out at a mark."""
    inflow = np.clip(1 + 0.5 * day(x, 7) + 0.3 * slow(random, x, 12), 0.1, None)
    return 40 + 100 * (np.cumsum(inflow) * (x[1] - x[0]) / 3.1 % 1.0) + 0.8 * random.standard_normal(len(x)), 15.0


def dust(random: np.random.Generator, x: Floats) -> Made:
    """PM2.5: lognormal, by weather, rush hours."""
    return np.exp(2.2 + 0.6 * slow(random, x, 36) + 0.2 * day(x, 3) + 0.15 * ar(random, len(x), 0.8)), 12.0


def radio(random: np.random.Generator, x: Floats) -> Made:
    """RSSI in whole dB of a wireless sensor: doors and people between."""
    shaded = slow(random, x, 3) > 1.2
    return -71 - 6.0 * shaded + 1.5 * random.standard_normal(len(x)) + slow(random, x, 200), 4.0


def cell(random: np.random.Generator, x: Floats) -> Made:
    """Voltage of a primary cell in a wireless sensor: falls for years, a little by temperature."""
    return 3.62 - 0.12 * x / YEAR - 0.02 * np.cos(2 * np.pi * x / YEAR) + 0.006 * day(
        x, 9
    ) + 0.002 * random.standard_normal(len(x)), 0.01


def heating(random: np.random.Generator, x: Floats) -> Made:
    """Flow temperature of a heating: by the weather, set back at night, hot water twice a day, off in summer."""
    year = -np.cos(2 * np.pi * x / YEAR)
    outside = 10 - 9 * -year * -1 + 4 * slow(random, x, 60)
    needed = np.clip(55 - 1.2 * outside, 22, 70) - 8.0 * ((_hour(x) < 5) | (_hour(x) > 22))
    water = 15.0 * (np.abs(_hour(x) - 6) < 0.5) + 12.0 * (np.abs(_hour(x) - 18) < 0.4)
    return np.where(outside > 16, 24.0, needed) + water + 0.6 * ar(random, len(x), 0.7), 6.0


def blinds(random: np.random.Generator, x: Floats) -> Made:
    """Position of blinds: a few positions, moved by people and by the sun."""
    steps = np.cumsum(random.gamma(2.0, 2.5, int(x[-1] / 3) + 10))
    where = random.choice([0.0, 0.0, 25.0, 50.0, 75.0, 100.0, 100.0], len(steps) + 1)[np.searchsorted(steps, x)]
    return np.where((_hour(x) < 6) | (_hour(x) > 21), 100.0, where), 30.0


def window(random: np.random.Generator, x: Floats) -> Made:
    """A contact of a window: opened for a while on most days, never in some weeks."""
    opened = (random.random(len(x)) < 0.012) & (_hour(x) > 7) & (_hour(x) < 21) & (slow(random, x, 160) > -1.0)
    lasts = random.integers(1, 8, len(x))
    state = np.zeros(len(x))
    for row in np.flatnonzero(opened).tolist():
        state[row : row + lasts[row]] = 1.0
    return state, 0.2  # a shift of it: left open


def water_meter(random: np.random.Generator, x: Floats) -> Made:
    """A water meter of a house: stands at night, runs now and then by day."""
    use = random.random(len(x)) < np.where((_hour(x) > 6) & (_hour(x) < 23), 0.25, 0.01)
    return 4_000 + np.cumsum(use * random.gamma(1.5, 0.006, len(x))), 2.0


def furnace(random: np.random.Generator, x: Floats) -> Made:
    """A furnace with recipes: ramps and holds of two kinds, idle in between and at weekends."""
    starts = np.cumsum(14 + random.gamma(2.0, 3.0, int(x[-1] / 14) + 10))
    at = np.searchsorted(starts, x)
    since = x - np.concatenate([[0.0], starts])[at]
    top = random.choice([620.0, 880.0], len(starts) + 1)[at]
    heat = np.clip(since / 3, 0, 1) - np.clip((since - 8) / 5, 0, 1)
    idle = _weekday(np.concatenate([[0.0], starts])[at]) > 4
    return 25 + np.where(idle, 0.0, (top - 25) * heat) + 2 * random.standard_normal(len(x)), 40.0


def solar_battery(random: np.random.Generator, x: Floats) -> Made:
    """State of charge in per cent: full by noon on bright days, empty on some winter nights."""
    bright = np.clip(np.sin(2 * np.pi * (_hour(x) - 6) / 24), 0, None) * np.clip(
        0.7 - 0.3 * np.cos(2 * np.pi * x / YEAR) + 0.3 * slow(random, x, 24), 0.05, None
    )
    net = 16 * bright - 3.6 - 1.0 * (_hour(x) > 17)
    state, charge = np.empty(len(x)), 60.0
    for row, change in enumerate((net * (x[1] - x[0])).tolist()):
        charge = min(100.0, max(5.0, charge + change))
        state[row] = charge
    return state, 12.0


PLANT_KINDS: dict[str, SensorKind] = {
    "pH, calibrated": SensorKind(acidity, clipped_to(0, 14, 0.01)),
    "vibration": SensorKind(vibration),
    "battery, charged": SensorKind(battery, clipped_to(0, 20, 0.01)),
    "air of an office": SensorKind(office_air, np.round),
    "tide": SensorKind(tide, clipped_to(-_INF, _INF, 0.01)),
    "household power": SensorKind(household, np.round, faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "speed of a van": SensorKind(speed, clipped_to(0, _INF, 0.1), faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "compressor": SensorKind(compressor, clipped_to(-_INF, _INF, 0.1)),
    "cold room": SensorKind(fridge, clipped_to(-_INF, _INF, 0.1)),
    "soil": SensorKind(soil, clipped_to(0, 60, 0.1)),
    "wind speed": SensorKind(wind, clipped_to(0, _INF, 0.1)),
    "wind direction": SensorKind(bearing, np.round, faults=(Kind.STUCK,)),
    "air pressure": SensorKind(pressure, clipped_to(-_INF, _INF, 0.1)),
    "loudness": SensorKind(loudness, clipped_to(0, _INF, 0.1)),
    "river": SensorKind(river, np.round, faults=(Kind.SPIKE, Kind.BURST, Kind.STUCK)),
    "visitors": SensorKind(visitors, np.round, faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "latency": SensorKind(latency, clipped_to(0, _INF, 0.1), faults=(Kind.BURST, *(Kind.SHIFT, Kind.STUCK))),
    "server": SensorKind(server, clipped_to(0, 100, 0.1)),
    "pump current": SensorKind(pump_current, clipped_to(0, _INF, 0.1), faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
    "sump": SensorKind(sump, clipped_to(0, _INF, 0.1)),
    "dust": SensorKind(dust, clipped_to(0, _INF, 0.1)),
    "radio": SensorKind(radio, np.round),
    "cell": SensorKind(cell, clipped_to(0, 5, 0.001)),
    "heating": SensorKind(heating, clipped_to(-_INF, _INF, 0.1)),
    "blinds": SensorKind(blinds, np.round, faults=(Kind.STUCK,)),
    "window": SensorKind(window, clipped_to(0, 1, 1), faults=(Kind.SHIFT,)),
    "water meter": SensorKind(water_meter, clipped_to(0, _INF, 0.001), faults=(Kind.SPIKE, Kind.STUCK)),
    "furnace": SensorKind(furnace, np.round),
    "solar battery": SensorKind(solar_battery, clipped_to(0, 100, 0.1), faults=(Kind.SPIKE, Kind.SHIFT, Kind.STUCK)),
}


def make_plant(name: str, seed: int, *, faults: bool) -> KindSensor:
    """The sensor of one of these kinds and a seed, clean or with one fault of each sort that its kind has."""
    return make_sensor_of(PLANT_KINDS[name], [FIRST_PLANT_SEED, seed, list(PLANT_KINDS).index(name)], faults=faults)

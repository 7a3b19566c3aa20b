"""Made-up data for the demo: a year of a plant with 50 sensors as CSV files; some have known anomalies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

SENSORS = 50
STEP_SECONDS = 15 * 60
START = np.datetime64("2025-01-01T00:00:00", "s")
END = np.datetime64("2026-01-01T00:00:00", "s")
TIMEZONE = "Europe/Berlin"

# For each kind of anomaly: rows, and height in units of the sensor's noise.
_KINDS = {"spike": (1, 14.0), "burst": (12, 8.0), "shift": (160, 7.0), "drift": (500, 10.0), "stuck": (90, 0.0)}

# What the sensors measure, in turn: unit, and the range of their levels.
_MEASURED = (("bar", 2.0, 9.0), ("m³/h", 10.0, 60.0), ("%", 30.0, 70.0), ("°C", 20.0, 80.0), ("mm/s", 1.0, 6.0))
_LINES = 5

# The sensors with every kind of anomaly, with some kinds, and with a common cause: in one line the cooling fails, and
# its sensors react one after the other; in another line the gateway sends nothing for hours. The others are healthy.
_WORST, _TROUBLED = (3,), (7, 12, 18, 25, 29, 34, 41, 46)
_COOLING, _COOLING_ROWS, _COOLING_STEPS = (20, 21, 22), 220, 6
_GATEWAY, _GATEWAY_ROWS = (35, 36, 37, 38, 39), 38


@dataclass(frozen=True, slots=True)
class MadeUpAnomaly:
    """An anomaly that was put in: sensor, kind, first and last time (microseconds since 1970-01-01 UTC)."""

    sensor: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the made-up files are, and what is wrong in them."""

    mapping: Path
    timeseries: Path
    rows: int
    anomalies: tuple[MadeUpAnomaly, ...]


def make_demo_files(folder: Path, seed: int = 7) -> DemoFiles:
    """Write mapping.csv and a CSV file per month; the same seed gives the same files.

    Timestamps are local, without an offset, as in the real data. Some are missing, and both changes of the clock are in
    them.
    """
    random = np.random.default_rng(seed)
    time = np.arange(START, END, np.timedelta64(STEP_SECONDS, "s"))
    names = [f"sensor_{number:05}" for number in range(SENSORS)]
    uuids = [str(UUID(bytes=random.bytes(16), version=4)) for _ in names]
    anomalies: list[MadeUpAnomaly] = []
    values = np.column_stack([_series(random, time, number, anomalies) for number in range(SENSORS)])
    _fail_together(random, time, values, anomalies)
    values[random.random(values.shape) < 0.01] = np.nan
    mapping, timeseries = folder / "mapping" / "mapping.csv", folder / "timeseries" / "2025"
    mapping.parent.mkdir(parents=True, exist_ok=True)
    timeseries.mkdir(parents=True, exist_ok=True)
    rows_of_mapping = [
        f"{name};{uuid};{_MEASURED[number % len(_MEASURED)][0]};{number // (SENSORS // _LINES) + 1}\n"
        for number, (name, uuid) in enumerate(zip(names, uuids, strict=True))
    ]
    mapping.write_text("sensor_name;sensor_uuid;unit;line\n" + "".join(rows_of_mapping), encoding="utf-8")
    rows = 0
    months = time.astype("M8[M]")
    for month in np.unique(months):
        rows += _write_month(timeseries / f"{month}.csv", time[months == month], uuids, values[months == month])
    return DemoFiles(mapping, timeseries.parent, rows, tuple(anomalies))


def _series(
    random: np.random.Generator, time: NDArray[np.datetime64], number: int, anomalies: list[MadeUpAnomaly]
) -> NDArray[np.float64]:
    """A sensor's values."""
    hours = (time - START).astype(np.int64) / 3600
    _, low, high = _MEASURED[number % len(_MEASURED)]
    noise = (high - low) * random.uniform(0.005, 0.02)
    daily = random.choice([0.0, 8.0]) if number not in _WORST else 8.0
    value: NDArray[np.float64] = random.uniform(low, high) + daily * noise * np.sin(2 * np.pi * hours / 24)
    # Half of the noise is white, half follows the reading before (AR(1), 0.6).
    slow = random.normal(0, noise * 0.7, len(time))
    for row in range(1, len(slow)):
        slow[row] = 0.6 * slow[row - 1] + 0.8 * slow[row]
    value += slow + random.normal(0, noise * 0.7, len(time))
    kinds = list(_KINDS) if number in _WORST else []
    if number in _TROUBLED:
        kinds = random.choice(list(_KINDS), random.integers(1, 4), replace=False).tolist()
    starts = random.choice(np.arange(1, 24), len(kinds), replace=False) * (len(time) // 24)
    for kind, first in zip(kinds, (starts + random.integers(0, 700, len(kinds))).tolist(), strict=True):
        rows, height = _KINDS[kind]
        stretch = slice(first, first + rows)
        shape = np.linspace(0, 1, rows) if kind == "drift" else np.ones(rows)
        value[stretch] += random.choice([-1, 1]) * height * noise * shape
        if kind == "stuck":
            value[stretch] = value[first]
        anomalies.append(_anomaly(number, kind, time, first, first + rows))
    return value


def _fail_together(
    random: np.random.Generator,
    time: NDArray[np.datetime64],
    values: NDArray[np.float64],
    anomalies: list[MadeUpAnomaly],
) -> None:
    """Add the faults with a common cause."""
    first = int(random.integers(12_000, 16_000))
    for order, number in enumerate(_COOLING):
        start = first + order * _COOLING_STEPS
        stretch = slice(start, start + _COOLING_ROWS)
        noise = float(np.std(np.diff(values[:, number])))
        values[stretch, number] += 8 * noise * np.minimum(np.arange(_COOLING_ROWS) / 20, 1.0)
        anomalies.append(_anomaly(number, "shift", time, start, start + _COOLING_ROWS))
    first = int(random.integers(25_000, 30_000))
    for number in _GATEWAY:
        values[first : first + _GATEWAY_ROWS, number] = np.nan
        anomalies.append(_anomaly(number, "gap", time, first, first + _GATEWAY_ROWS))


def _anomaly(number: int, kind: str, time: NDArray[np.datetime64], first: int, end: int) -> MadeUpAnomaly:
    edges = time[[first, end - 1]].astype("M8[us]").astype(np.int64)
    return MadeUpAnomaly(f"sensor_{number:05}", kind, int(edges[0]), int(edges[1]))


def _write_month(path: Path, time: NDArray[np.datetime64], uuids: list[str], values: NDArray[np.float64]) -> int:
    there = ~np.isnan(values)
    row, sensor = np.nonzero(there)
    local = pc.local_timestamp(
        pa.array(time, pa.timestamp("s")).cast(pa.timestamp("s", tz="UTC")).cast(pa.timestamp("s", tz=TIMEZONE))
    )
    table = pa.table(
        {
            "timestamp": local.take(pa.array(row)),
            "sensor_uuid": pa.array(uuids).take(pa.array(sensor)),
            "sensor_value": values[there],
        }
    )
    pa_csv.write_csv(table, path, pa_csv.WriteOptions(delimiter=";", quoting_style="none"))
    return int(table.num_rows)

"""Made-up data for the demo: a year of 50 sensors as CSV files, with labelled anomalies in them."""

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

# Rows, and height in units of the sensor's noise, of each kind of anomaly that is put in.
_KINDS = {"spike": (1, 14.0), "burst": (12, 8.0), "shift": (160, 7.0), "drift": (500, 10.0), "stuck": (90, 0.0)}


@dataclass(frozen=True, slots=True)
class Label:
    """An anomaly that was put in: sensor, kind, first and last time (microseconds since 1970-01-01 UTC)."""

    sensor: str
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where the made-up files lie, and what is wrong in them."""

    mapping: Path
    timeseries: Path
    rows: int
    labels: tuple[Label, ...]


def make_demo_files(folder: Path, seed: int = 7) -> DemoFiles:
    """Write mapping.csv and a CSV file per month; the same seed gives the same files.

    Timestamps are local, without an offset, as the real data has them; some are missing, and both changes of the
    clock are in.
    """
    random = np.random.default_rng(seed)
    time = np.arange(START, END, np.timedelta64(STEP_SECONDS, "s"))
    names = [f"sensor_{number:05}" for number in range(SENSORS)]
    uuids = [str(UUID(bytes=random.bytes(16), version=4)) for _ in names]
    labels: list[Label] = []
    values = np.column_stack([_series(random, time, name, labels) for name in names])
    mapping, timeseries = folder / "mapping" / "mapping.csv", folder / "timeseries" / "2025"
    mapping.parent.mkdir(parents=True, exist_ok=True)
    timeseries.mkdir(parents=True, exist_ok=True)
    mapping.write_text("sensor_name;sensor_uuid\n" + "".join(f"{n};{u}\n" for n, u in zip(names, uuids, strict=True)))
    rows = 0
    months = time.astype("M8[M]")
    for month in np.unique(months):
        rows += _write_month(timeseries / f"{month}.csv", time[months == month], uuids, values[months == month])
    return DemoFiles(mapping, timeseries.parent, rows, tuple(labels))


def _series(
    random: np.random.Generator, time: NDArray[np.datetime64], name: str, labels: list[Label]
) -> NDArray[np.float64]:
    """A sensor's values, NaN where a reading is missing."""
    hours = (time - START).astype(np.int64) / 3600
    noise = random.uniform(0.2, 2.0)
    value: NDArray[np.float64] = random.uniform(0, 100) + random.choice([0.0, 8.0]) * noise * np.sin(
        2 * np.pi * hours / 24
    )
    value += np.where(hours > random.uniform(2000, 6000), random.uniform(-12, 12) * noise, 0.0)
    # Half of the noise is white, half follows the reading before (AR(1), 0.6).
    slow = random.normal(0, noise * 0.7, len(time))
    for row in range(1, len(slow)):
        slow[row] = 0.6 * slow[row - 1] + 0.8 * slow[row]
    value += slow + random.normal(0, noise * 0.7, len(time))
    starts = random.choice(np.arange(1, 24), len(_KINDS), replace=False) * (len(time) // 24)
    for (kind, (rows, height)), first in zip(_KINDS.items(), starts.tolist(), strict=True):
        stretch = slice(first, first + rows)
        shape = np.linspace(0, 1, rows) if kind == "drift" else np.ones(rows)
        value[stretch] += random.choice([-1, 1]) * height * noise * shape
        if kind == "stuck":
            value[stretch] = value[first]
        edges = time[[first, first + rows - 1]].astype("M8[us]").astype(np.int64)
        labels.append(Label(name, kind, int(edges[0]), int(edges[1])))
    value[random.random(len(time)) < 0.01] = np.nan
    return value


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

"""Detection in a file of readings, without a database, for each of its sensors alone."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.errors import FileError, NotFoundError, UsageError
from iotctl.formats import OpenAt, ReadOptions
from iotctl.formats.series import SeriesFile, read_series
from iotctl.model import Detection, RejectReason, StoredFile
from iotctl.near_names import near_names
from iotctl.sensor_ids import normal_name
from iotctl.words import counted

# With more unreadable rows than this part, the file is of another form than expected.
_MOST_UNREADABLE = 0.5

_SHOWN = 80
_HINTS = {
    RejectReason.FIELDS: "A row has as many fields as the header; a value with a decimal comma stands between quotes.",
    RejectReason.TIME: "Times are ISO 8601, such as 2016-01-31T12:00:00+01:00, or seconds since 1970; see the README.",
    RejectReason.VALUE: "A value is a number; see --decimal for points and commas.",
}

# Lets a worker apply a function to the readings of a sensor.
Analyse = Callable[[Callable[["SensorReadings"], Detection], "SensorReadings"], Future[Detection]]


@dataclass(frozen=True, slots=True)
class SensorReadings:
    """The readings of one sensor; see detect. Small enough to travel to another process."""

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    options: DetectOptions


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Readings that repeat a time with another value; the first reading in the file counts.

    time: of the first conflict, microseconds since 1970-01-01 UTC; kept, left_out: the two values there.
    """

    count: int
    time: int
    kept: float
    left_out: float


@dataclass(frozen=True, slots=True)
class SensorDetection:
    """What was found in a sensor. name: None where the file has no names. row: int64, its rows in the file's arrays."""

    name: str | None
    row: NDArray[np.int64]
    detection: Detection
    conflicts: Conflicts | None


@dataclass(frozen=True, slots=True)
class FileDetection:
    """What was found in a file. readings: of all its sensors, also of those that were not asked for."""

    readings: SeriesFile
    sensors: tuple[SensorDetection, ...]

    @property
    def unreadable(self) -> int:
        """Rows that could not be read."""
        return sum(self.readings.rejected.values())

    @property
    def conflicts(self) -> int:
        """Readings that were left out because their time already has another value."""
        return sum(sensor.conflicts.count for sensor in self.sensors if sensor.conflicts)

    @property
    def is_doubtful(self) -> bool:
        """Whether rows could not be read, or so many contradict each other that their times are probably incomplete."""
        rows = sum(len(sensor.row) for sensor in self.sensors)
        return self.unreadable > 0 or self.conflicts > _MOST_UNREADABLE * rows


def read_file(file: StoredFile, open_at: OpenAt, read: ReadOptions, sensor: str | None = None) -> SeriesFile:
    """The readings of a file with the columns timestamp and value, and a column of sensor names if it has several.

    sensor: read only this one. Raises FileError where nothing, or little, can be read, and the errors of open_at;
    NotFoundError, UsageError where there is no such sensor.
    """
    readings = read_series(file, open_at, read)
    unreadable = sum(readings.rejected.values())
    if readings.rows_read == 0:
        raise FileError("There are no readings in the file.", where=file.uri, hint="Rows follow the column names.")
    if unreadable > _MOST_UNREADABLE * readings.rows_read:
        raise FileError(
            f"{unreadable} of {counted(readings.rows_read, 'row')} cannot be read.",
            where=first_unreadable(file.uri, readings),
            hint=_HINTS.get(readings.first_reject.reason) if readings.first_reject else None,
        )
    if not np.isfinite(readings.value).any():
        raise FileError(
            f"None of the {counted(readings.rows_read, 'row')} has a value.",
            where=file.uri,
            hint="Check the names of the columns: is the one with the values called value or sensor_value?",
        )
    if sensor is None:
        return readings
    named = [name for name in readings.names if name is not None]
    if not named:
        raise UsageError("The file names no sensors.", hint="Leave out --sensor, or add a column sensor_uuid.")
    if _canonical(sensor) not in map(_canonical, named):
        near = near_names(normal_name(sensor), named) or named[:3]
        hint = f"It has: {', '.join(near)}"
        raise NotFoundError(f"There is no sensor {sensor} in the file.", where=file.uri, hint=hint)
    return readings


def first_unreadable(uri: str, readings: SeriesFile) -> str | None:
    """The first row that cannot be read: its line, the reason, and its text."""
    first = readings.first_reject
    return None if first is None else f"{uri}, line {first.line} ({first.reason}): {first.text[:_SHOWN]!r}"


def detect_file(readings: SeriesFile, options: DetectOptions, sensor: str | None, analyse: Analyse) -> FileDetection:
    """Analyse each sensor of a file, or one of them. analyse: runs the work."""
    chosen = [
        (number, name)
        for number, name in enumerate(readings.names)
        if sensor is None or (name is not None and _canonical(name) == _canonical(sensor))
    ]
    order = np.argsort(readings.sensor, kind="stable")
    edges = np.searchsorted(readings.sensor[order], np.arange(len(readings.names) + 1))
    rows = [order[edges[number] : edges[number + 1]].astype(np.int64) for number, _ in chosen]
    series = [SensorReadings(readings.time[row], readings.value[row], options) for row in rows]
    found = [analyse(analyse_series, one) for one in series]
    return FileDetection(
        readings,
        tuple(
            SensorDetection(name, row, future.result(), find_conflicts(one.time, one.value))
            for (_, name), row, one, future in zip(chosen, rows, series, found, strict=True)
        ),
    )


def analyse_series(series: SensorReadings) -> Detection:
    """What is wrong with one sensor's readings."""
    return detect(series.time, series.value, series.options)


def find_conflicts(time: NDArray[np.int64], value: NDArray[np.float64]) -> Conflicts | None:
    """The readings of one sensor, in any order, that repeat a time with another value; None where there are none."""
    finite = np.flatnonzero(np.isfinite(value))
    order = finite[np.argsort(time[finite], kind="stable")]
    time, value = time[order], value[order]
    first = np.searchsorted(time, time)
    other = np.flatnonzero(value != value[first])
    if not len(other):
        return None
    at = int(other[0])
    return Conflicts(len(other), int(time[at]), float(value[first[at]]), float(value[at]))


def _canonical(name: str) -> str:
    return normal_name(name).lower()

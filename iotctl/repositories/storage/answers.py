"""Results of storage: what became of a batch, how many readings there are, and how they are divided on disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.postgres.timestamps import optional_microseconds
from iotctl.repositories.storage.sorted_readings import LostReadings

Series = tuple[NDArray[np.int64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a batch: loaded + the lost ones of its file == len(batch).

    lost: readings that gave way: of the batch, or of other files, where the batch replaced them.
    """

    loaded: int
    lost: LostReadings


@dataclass(frozen=True, slots=True)
class Renewed:
    """The result of a file's new version. removed: readings of its older version that it no longer has.

    corrected: readings with another value now; they count as loaded, like unchanged readings.
    """

    written: Written
    removed: int
    corrected: int


@dataclass(frozen=True, slots=True)
class Expired:
    """Readings older than the retention. parts: how many chunks or segments have them.

    until: the end of the last part, microseconds since 1970-01-01 UTC, None without parts. busy: whether running loads
    prevented that all were dropped.
    """

    parts: int
    readings: int
    until: int | None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The number of readings, and first and last time, microseconds since 1970-01-01 UTC; None without readings."""

    readings: int
    first: int | None
    last: int | None

    @classmethod
    def of_row(cls, readings: int, first: datetime | None, last: datetime | None) -> Span:
        """A row of count, min and max."""
        return cls(readings, optional_microseconds(first), optional_microseconds(last))


@dataclass(frozen=True, slots=True)
class Disorder:
    """Overlapping compressed batches of a sensor in a chunk that is marked as ordered: their number and first time."""

    chunk: str
    sensor_id: int
    count: int
    first: int


@dataclass(frozen=True, slots=True)
class Parts:
    """How readings are divided on disk. kind: the name of a part. loose: how many parts compact would improve.

    interval: of new parts, if it can be set.
    """

    kind: str
    count: int
    loose: int
    interval: timedelta | None = None

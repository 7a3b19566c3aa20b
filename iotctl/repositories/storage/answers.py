"""What storage answers: what became of a batch, how many readings there are, and how they are cut on disk."""

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
    """What became of a batch: loaded + the lost ones of its file == len(batch).

    lost: readings that gave way, of the batch or, where the batch took their place, of other files.
    """

    loaded: int
    lost: LostReadings


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a file's new version. removed: readings of its older version that it does not have any more.

    corrected: those with another value now; they count as loaded, as do those that are as they were.
    """

    written: Written
    removed: int
    corrected: int


@dataclass(frozen=True, slots=True)
class Expired:
    """Readings older than wanted. parts: how many chunks or segments they lie in. until: the end of the last one.

    until: microseconds since 1970-01-01 UTC, None where there is none. busy: loads kept us from dropping all of them.
    """

    parts: int
    readings: int
    until: int | None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """How many readings there are, from first to last: microseconds since 1970-01-01 UTC, None where there are none."""

    readings: int
    first: int | None
    last: int | None

    @classmethod
    def of_row(cls, readings: int, first: datetime | None, last: datetime | None) -> Span:
        """A row of count, min and max."""
        return cls(readings, optional_microseconds(first), optional_microseconds(last))


@dataclass(frozen=True, slots=True)
class Disorder:
    """Compressed batches of a sensor that overlap others in a chunk that is read in their order: count, first time."""

    chunk: str
    sensor_id: int
    count: int
    first: int


@dataclass(frozen=True, slots=True)
class Parts:
    """How readings are cut on disk. kind: what a part is called. loose: how many of them compact would improve.

    interval: of new parts, where that can be set.
    """

    kind: str
    count: int
    loose: int
    interval: timedelta | None = None

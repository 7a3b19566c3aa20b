"""Files, their readings, and their rejected rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

# 1900-01-01 and 2200-01-01 UTC, microseconds since 1970; times outside are errors of a clock or a column.
EARLIEST = -2_208_988_800_000_000
LATEST = 7_258_118_400_000_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a bucket or folder, as listed.

    version changes with the content: the ETag in a store, modification time in ns and size of a local file. modified:
    aware, UTC. size: in bytes. listed: the time of the listing, by the clock that set modified; None if not known.
    """

    uri: str
    size: int
    version: str
    modified: datetime
    listed: datetime | None = None

    def has_settled(self, seconds: float) -> bool:
        """Whether the file had not changed for this long when it was listed; always true for 0.

        The time since the listing does not count, because the clocks of other machines (S3, workers) may differ.
        """
        age = (self.listed or datetime.now(UTC)) - self.modified
        return seconds <= 0 or age.total_seconds() >= seconds


class RejectReason(StrEnum):
    """Why a row was not loaded."""

    FIELDS = "fields"  # wrong number of fields
    TIME = "time"  # unreadable time
    TIME_RANGE = "time_range"  # outside 1900..2200
    AMBIGUOUS = "ambiguous"  # an hour that comes twice, with --ambiguous reject
    NONEXISTENT = "nonexistent"  # an hour that the clock skips, with --nonexistent reject
    SENSOR = "sensor"  # unreadable UUID
    VALUE = "value"  # unreadable or missing number
    NOT_FINITE = "not_finite"  # NaN or infinite, without --allow-nan
    TOO_LONG = "too_long"  # a line over 1 MiB
    ENCODING = "encoding"  # NUL bytes or invalid UTF-8
    QUOTE = "quote"  # a quote that is not closed on its line
    QUALITY = "quality"  # the file calls the value bad; counted separately
    MISSING = "missing"  # no value in a field; counted separately, never listed


@dataclass(frozen=True, slots=True)
class Reject:
    """A row, or one value of it, that was not loaded.

    line counts from 1 with the header; text is cut to 1 kB, undecodable bytes escaped. field: the bad field; empty if
    it is not known.
    """

    line: int
    reason: RejectReason
    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """The position in a file between two batches. Another process can go on from here.

    offset: bytes of the decompressed text (rows, for Parquet). line: number of the next line, from 1.
    forms: the forms of columns that are decided so far, see ColumnForms.
    """

    offset: int = 0
    line: int = 1
    forms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileBatch:
    """Readings of one stretch of a file, in file order, before sensors have database ids.

    uuids: (k, 16) uint8, the distinct sensors. sensor: int32 (n,), index into uuids. time: int64 (n,), microseconds
    since 1970-01-01 UTC. value: float64 (n,), the file's unit. rows_read counts every data row of the stretch:
    rows_read == n + rows_rejected + missing + bad_quality; in a file with many values a row, each value is a row here.
    rejected: reason -> number; rejects: the first of them, see ReadOptions.keep_rejects, and of those with bad quality.
    end: where the next batch begins. names, units: for each of uuids, the name and the unit in the file; None if the
    file has none for a sensor, and empty if it has none at all. ambiguous, nonexistent: the number of rows with a local
    time in the doubtful hours of a clock change. notes: messages about the file for people.
    """

    start: Position
    end: Position
    uuids: NDArray[np.uint8]
    sensor: NDArray[np.int32]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    rejects: tuple[Reject, ...]
    rejected: Mapping[RejectReason, int]
    rows_read: int
    ambiguous: int = 0
    nonexistent: int = 0
    notes: tuple[str, ...] = ()
    missing: int = 0
    bad_quality: int = 0
    names: tuple[str | None, ...] = ()
    units: tuple[str | None, ...] = ()

    @property
    def rows_rejected(self) -> int:
        """The number of rejected rows."""
        return sum(self.rejected.values())

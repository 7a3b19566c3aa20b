"""Files, their readings, and the rows that give none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

# 1900-01-01 and 2200-01-01 UTC, microseconds since 1970; times outside are taken for errors of a clock or a column.
EARLIEST = -2_208_988_800_000_000
LATEST = 7_258_118_400_000_000


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in a bucket or folder, as its listing shows it.

    version tells one content from another: the ETag in a store, modification time in ns and size for a local file.
    modified is aware (UTC). size is in bytes. listed: when the listing showed it, by the clock that set modified; None
    where that is not known.
    """

    uri: str
    size: int
    version: str
    modified: datetime
    listed: datetime | None = None

    def has_settled(self, seconds: float) -> bool:
        """Whether the file had not changed for so long when it was listed; with 0 it always has.

        Nothing is added for the time since then: clocks of other machines (S3, workers) have no say in it.
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
    QUALITY = "quality"  # the file's quality field says that it is not good; counted apart
    MISSING = "missing"  # no value in a field of many, or of a layout; counted apart, never listed


@dataclass(frozen=True, slots=True)
class Reject:
    """A row, or one value of it, that was not loaded.

    line counts from 1 with the header; text is cut to 1 kB, undecodable bytes escaped. field: the one that is not as it
    should be, where that is known; else empty.
    """

    line: int
    reason: RejectReason
    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in a file reading stands between two batches, enough to go on from there in another process.

    offset: bytes into the decompressed text (rows, for Parquet). line: number of the next line, from 1.
    forms: how the columns are written, as far as what came before has shown it.
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
    rejected: how many for each reason; rejects: the first of them, see ReadOptions.keep_rejects, and of those with bad
    quality. end is where the next batch begins. names: of each of uuids what the file calls the sensor, and units: what
    its values are in; None where the file does not say, and empty where it says so of none.
    ambiguous and nonexistent count the rows whose local time the clock change made doubtful. notes: what a person
    should know of the file.
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
        """How many rows of the stretch are no readings."""
        return sum(self.rejected.values())

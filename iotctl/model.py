"""The dataclasses that cross layers: files, readings, rejects, and what detection finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


# --- files and readings

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


class TimeForm(StrEnum):
    """What a number is in a column of times."""

    AUTO = "auto"  # what all numbers of the column together can only be; else they are rejected
    EPOCH = "epoch"  # seconds, ms, us or ns since 1970
    CALENDAR = "calendar"  # 2016010112: year, month, day, hour, minute, second


class DecimalSign(StrEnum):
    """Which character comes before decimals."""

    AUTO = "auto"  # what the numbers of the column show together
    POINT = "point"
    COMMA = "comma"


class Int96(StrEnum):
    """What an INT96 time of a Parquet file counts in, of which the file does not say more."""

    UTC = "utc"  # as Spark and Impala write it
    LOCAL = "local"  # the local time of --timezone


class Ambiguous(StrEnum):
    """What a local time means in the hour that comes twice in autumn."""

    INFER = "infer"  # by order in the file: summer time first, winter time once a sensor's clock steps back
    EARLIER = "earlier"
    LATER = "later"
    REJECT = "reject"


class Nonexistent(StrEnum):
    """What a local time means in the hour that the clock skips in spring."""

    FORWARD = "forward"  # with the offset before the change, as PostgreSQL reads it
    REJECT = "reject"


class OnDuplicate(StrEnum):
    """What to do with a reading whose sensor and time are there already."""

    SKIP = "skip"
    REPLACE = "replace"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Sensor:
    """A row of the sensor table.

    sensor_name: None where neither a mapping nor a file names the UUID. unit: of its values. low, high: their physical
    limits. labels: what else a mapping says of it, such as site and asset.
    """

    sensor_id: int
    sensor_uuid: str
    sensor_name: str | None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def limits(self) -> tuple[float, float] | None:
        """The lowest and the highest value that can be; None where nothing is known of either."""
        if self.low is None and self.high is None:
            return None
        return (float("-inf") if self.low is None else self.low, float("inf") if self.high is None else self.high)


# --- detection


class Method(StrEnum):
    """How detection models a series."""

    PIECEWISE = "piecewise"  # robust regimes, season and tail scores
    RUPTURES = "ruptures"  # the textbook way: change points, a line per segment, k sigma


class SensorKind(StrEnum):
    """What a sensor is, found out from its readings."""

    CONTINUOUS = "continuous"
    SATURATING = "saturating"  # held at its lowest or highest value now and then: humidity at 100 %
    INTERMITTENT = "intermittent"  # one value most of the time, and amounts in between: rain, a tap
    STATES = "states"  # few values, each held for a while: a valve, a setpoint
    ON_OFF = "on/off"
    COUNTER = "counter"  # rises, but for resets and wraps
    STILL = "still"  # a constant or a few, and next to no change


class Kind(StrEnum):
    """Kinds of anomaly, as users know them."""

    SPIKE = "spike"
    BURST = "burst"
    SHIFT = "shift"
    DRIFT = "drift"
    VARIANCE = "variance"
    STUCK = "stuck"
    GAP = "gap"
    LIMIT = "limit"  # outside the physical limits
    STEP = "step"  # another level from then on
    SLOPE = "slope"  # another slope from then on
    NOISE = "noise"  # noisier, or quieter, from then on
    INVALID = "invalid"  # no reading at all: a code for no value, or a number that no such sensor reads


@dataclass(frozen=True, slots=True)
class Event:
    """One anomaly: a stretch of rows that does not fit the model.

    start, end: microseconds since 1970-01-01 UTC of its first and last row (for a gap: of the rows around it).
    severity: 0 at the usual, +1 per decade of rarity. score: the largest component, in robust sigma.
    extreme: the value farthest from what was expected; expected, low, high: the model and its band at that row. Of a
    change that lasts: the level reached, and the model and band before it.
    event_id: 12 hex digits, the same for the same data on any machine.
    """

    event_id: str
    kind: Kind
    start: int
    end: int
    rows: int
    severity: float
    score: float
    extreme: float
    expected: float
    low: float
    high: float
    explanation: str


class Label(StrEnum):
    """A person's verdict on an event."""

    TRUE = "true"  # an anomaly indeed
    FALSE = "false"  # a false alarm
    EXPECTED = "expected"  # real and known, such as maintenance: no alarm either

    @property
    def silences(self) -> bool:
        """Whether an event with this label is not reported again."""
        return self is not Label.TRUE


@dataclass(frozen=True, slots=True)
class Finding:
    """An event beside what is known of it.

    event: under the id that it is kept under. found_at, notified_at: when it was first saved and when someone was
    told, microseconds since 1970-01-01 UTC; None where that has not happened. over_budget: left out of the alerts.
    """

    event: Event
    found_at: int | None = None
    label: Label | None = None
    over_budget: bool = False
    notified_at: int | None = None

    @property
    def known(self) -> bool:
        """Whether an earlier run saved it."""
        return self.found_at is not None

    @property
    def silenced(self) -> bool:
        """Whether a person's verdict keeps it from being reported."""
        return self.label is not None and self.label.silences


@dataclass(frozen=True, slots=True)
class Regime:
    """A stretch that one line describes: value = level + slope_per_hour * hours since start, plus the season.

    start, end: microseconds since 1970-01-01 UTC of its first and last row. scale: robust sigma of its residuals.
    """

    start: int
    end: int
    rows: int
    level: float
    slope_per_hour: float
    scale: float


@dataclass(frozen=True, slots=True)
class Detection:
    """What detection says of one series. All arrays have one entry per kept row, in order of time.

    row: int64, index of the kept row in the input. time: int64, microseconds since 1970-01-01 UTC. value: float64.
    expected: float64, the model. scale: float64, robust sigma of the residual there. score, severity: float64.
    periods_hours: accepted seasons. dropped: reason -> number of input rows left out (not finite, repeated, invalid).
    sensor_kind: what the sensor is.
    """

    row: NDArray[np.int64]
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    expected: NDArray[np.float64]
    scale: NDArray[np.float64]
    score: NDArray[np.float64]
    severity: NDArray[np.float64]
    regimes: tuple[Regime, ...]
    change_points: tuple[int, ...]
    events: tuple[Event, ...]
    periods_hours: tuple[float, ...]
    dropped: Mapping[str, int]
    sensor_kind: SensorKind = SensorKind.CONTINUOUS


@dataclass(frozen=True, slots=True)
class SensorCard:
    """A sensor on the page of its fleet: its course in a few hundred readings, and what was found.

    time: int64 (k,), microseconds since 1970-01-01 UTC; value: float64 (k,), NaN where a line is to break. page: the
    name of the file with its chart. readings: how many there are in all.
    """

    sensor: Sensor
    page: str
    readings: int
    time: NDArray[np.int64]
    value: NDArray[np.float64]
    events: tuple[Event, ...]

    @property
    def worst(self) -> float:
        """The highest severity of its events, -1 where there is none.

        Gaps count as 0: their severity has another scale, that of length.
        """
        return max((0.0 if event.kind is Kind.GAP else event.severity for event in self.events), default=-1.0)

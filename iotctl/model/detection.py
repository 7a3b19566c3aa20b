"""What detection finds, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from iotctl.model.sensors import Sensor, SensorKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from iotctl.model.sensor_memory import SensorMemory


class Method(StrEnum):
    """How detection models a series."""

    PIECEWISE = "piecewise"  # robust regimes, season and tail scores
    RUPTURES = "ruptures"  # the textbook way: change points, a line per segment, k sigma


class Kind(StrEnum):
    """Kinds of anomaly, as users know them."""

    SPIKE = "spike"
    BURST = "burst"
    SHIFT = "shift"
    DRIFT = "drift"
    VARIANCE = "variance"
    STUCK = "stuck"
    GAP = "gap"
    SILENT = "silent"  # a gap that goes on
    LIMIT = "limit"  # outside the physical limits
    STEP = "step"  # another level from then on
    SLOPE = "slope"  # another slope from then on
    NOISE = "noise"  # noisier, or quieter, from then on
    INVALID = "invalid"  # no reading at all: a code for no value, or a number that no such sensor reads

    @property
    def is_absence(self) -> bool:
        """Whether it is readings that are not there; its severity is that of its length."""
        return self in (Kind.GAP, Kind.SILENT)

    @property
    def lasts(self) -> bool:
        """Whether it is a new state of the sensor, of which no end is known; its event is where that shows."""
        return self in (Kind.STEP, Kind.SLOPE, Kind.NOISE)


@dataclass(frozen=True, slots=True)
class Event:
    """One anomaly: a stretch of rows that does not fit the model.

    start, end: microseconds since 1970-01-01 UTC of its first and last row (for a gap: of the rows around it).
    severity: 0 at the usual, +1 per decade of rarity. score: the largest component, in robust sigma.
    extreme: the value farthest from what was expected; expected, low, high: the model and its band at that row. Of a
    change that lasts: the level reached, and the model and band before it.
    event_id: 12 hex digits, the same for the same data on any machine. a_year: how often a year the sensor would have
    such an event with nothing wrong; 0 for what is never chance (gaps, limits, invalid values). onset: when it probably
    began, before its first odd row where it began small; None where that is not estimated.
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
    a_year: float = 0.0
    onset: int | None = None

    @property
    def began(self) -> int:
        """When it began, as well as that is known: its onset, or its start."""
        return self.start if self.onset is None else self.onset


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
    told: how often runs that save have reported it; told_end: its end then. withdrawn_at: when it was no longer found.
    goes_on: whether the readings end with it. told_in: the id of the incident that people were told of it in, if any.
    first_run: the number of the run that first saved it. like: the id of an event like it whose verdict holds for it,
    too, as it has none of its own.
    """

    event: Event
    found_at: int | None = None
    label: Label | None = None
    over_budget: bool = False
    notified_at: int | None = None
    told: int = 0
    told_end: int | None = None
    withdrawn_at: int | None = None
    first_run: int | None = None
    like: str | None = None
    goes_on: bool = False
    told_in: str | None = None

    @property
    def known(self) -> bool:
        """Whether an earlier run saved it."""
        return self.found_at is not None

    @property
    def silenced(self) -> bool:
        """Whether a person's verdict, on it or on an event like it, keeps it from being reported."""
        return self.like is not None if self.label is None else self.label.silences


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
    sensor_kind: what the sensor is; sensor_words: that in a line, with how it reads and sends. memory: what is to be
    kept of it for the next run.
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
    memory: SensorMemory | None = None
    sensor_words: str = ""


@dataclass(frozen=True, slots=True)
class Course:
    """A series as a chart shows it: all rows of a short one, of a long one those that show its course and its events.

    time: int64 (k,), microseconds since 1970-01-01 UTC, ascending. value, expected, scale, severity: float64 (k,), as
    in a Detection; NaN in a row where lines are to break, since readings are missing.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    expected: NDArray[np.float64]
    scale: NDArray[np.float64]
    severity: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SensorCard:
    """A sensor on the page of its fleet: its course, and what was found.

    readings: how many there are in all. findings: by start. extremes: when and at which value each of them is marked
    in a chart. change_points: microseconds since 1970-01-01 UTC. words: what the sensor is.
    """

    sensor: Sensor
    readings: int
    course: Course
    findings: tuple[Finding, ...]
    extremes: tuple[tuple[int, float], ...]
    change_points: tuple[int, ...] = ()
    words: str = ""

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of its findings."""
        return tuple(finding.event for finding in self.findings)

    @property
    def worst(self) -> float:
        """The highest severity of its events, -1 where there is none.

        Gaps and silence count as 0: their severity has another scale, that of length.
        """
        return max((0.0 if event.kind.is_absence else event.severity for event in self.events), default=-1.0)


@dataclass(frozen=True, slots=True)
class IncidentCard:
    """Events of one cause on the page of a fleet.

    start, end: microseconds since 1970-01-01 UTC. severity: of the most severe event. origin: the sensor where it
    probably began, None where the cause is on the way of the data. events: by start, each with its sensor.
    """

    incident_id: str
    start: int
    end: int
    severity: float
    origin: Sensor | None
    events: tuple[tuple[Sensor, Event], ...]
    sentence: str

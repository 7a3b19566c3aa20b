"""The results of detection: events, findings, regimes, and what charts need of them."""

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
    RUPTURES = "ruptures"  # the textbook method: change points, a line per segment, k sigma


class Kind(StrEnum):
    """Kinds of events."""

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
    INVALID = "invalid"  # not a measurement: a code for no value, or an absurd number

    @property
    def is_absence(self) -> bool:
        """Whether readings are missing (gap, silent). The severity then depends on the length."""
        return self in (Kind.GAP, Kind.SILENT)

    @property
    def lasts(self) -> bool:
        """Whether it is a lasting change, without a known end. The event covers the rows that show the change."""
        return self in (Kind.STEP, Kind.SLOPE, Kind.NOISE)


@dataclass(frozen=True, slots=True)
class Event:
    """One anomaly: a stretch of rows that does not fit the model.

    start, end: microseconds since 1970-01-01 UTC of its first and last row (for a gap: of the rows around it).
    severity: 0 is usual, each +1 is ten times as rare. score: the largest component, in robust sigma.
    extreme: the value farthest from the expected value; expected, low, high: the model and its band at that row. For a
    lasting change: the new level, and the model and band before it.
    event_id: 12 hex digits, the same for the same data on any machine. a_year: how often a year the sensor would have
    such an event by chance; 0 for what is never chance (gaps, limits, invalid values). onset: when it probably began,
    which may be before its first unusual row; None if it is not estimated.
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
        """The best estimate of its begin: its onset, else its start."""
        return self.start if self.onset is None else self.onset


class Label(StrEnum):
    """The label that a person gives to an event."""

    TRUE = "true"  # a real anomaly
    FALSE = "false"  # a false alarm
    EXPECTED = "expected"  # real and known, such as maintenance: also no alarm

    @property
    def silences(self) -> bool:
        """Whether an event with this label is not reported again."""
        return self is not Label.TRUE


@dataclass(frozen=True, slots=True)
class Finding:
    """An event with its history.

    event: with its saved id. found_at, notified_at: when it was first saved, and when it was sent to the webhook,
    microseconds since 1970-01-01 UTC; None if that has not happened. over_budget: left out by the alert budget.
    told: how often saving runs have reported it; told_end: its end at that time. withdrawn_at: when a run no longer
    found it. goes_on: whether the readings end with it. told_in: the id of the incident that it was sent with, if any.
    first_run: the number of the run that first saved it. like: the id of a similar event; the label of that event holds
    for this one, which has none of its own.
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
        """Whether it is not reported because of a label, its own or that of an event like it."""
        return self.like is not None if self.label is None else self.label.silences


@dataclass(frozen=True, slots=True)
class Regime:
    """A stretch of one line: value = level + slope_per_hour * hours since start, plus the season.

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
    """The result of detection on one series. All arrays have one entry per kept row, in order of time.

    row: int64, index of the kept row in the input. time: int64, microseconds since 1970-01-01 UTC. value: float64.
    expected: float64, the model. scale: float64, robust sigma of the residual there. score, severity: float64.
    periods_hours: accepted seasons. dropped: reason -> number of input rows left out (not finite, repeated, invalid).
    sensor_kind: the kind of the sensor; sensor_words: a line about its kind, values and interval. memory: what to keep
    for the next run.
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
    """A series for a chart: all rows of a short series; of a long one, the rows that show its course and its events.

    time: int64 (k,), microseconds since 1970-01-01 UTC, ascending. value, expected, scale, severity: float64 (k,), as
    in a Detection; a row of NaN breaks the lines, because readings are missing.
    """

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    expected: NDArray[np.float64]
    scale: NDArray[np.float64]
    severity: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SensorCard:
    """A sensor on the page of its fleet: its course and its findings.

    readings: their number. findings: by start. extremes: time and value of the mark of each finding in a chart.
    change_points: microseconds since 1970-01-01 UTC. words: a line about the sensor.
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
        """The highest severity of its events; -1 without events.

        Gaps and silence count as 0: their severity has another scale, that of length.
        """
        return max((0.0 if event.kind.is_absence else event.severity for event in self.events), default=-1.0)


@dataclass(frozen=True, slots=True)
class IncidentCard:
    """Events of one cause on the page of a fleet.

    start, end: microseconds since 1970-01-01 UTC. severity: of the most severe event. origin: the sensor where it
    probably began; None for a fault of the data path. events: by start, each with its sensor.
    """

    incident_id: str
    start: int
    end: int
    severity: float
    origin: Sensor | None
    events: tuple[tuple[Sensor, Event], ...]
    sentence: str

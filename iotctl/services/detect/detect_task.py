"""What a detection asks for each sensor, what a worker gets, and what it returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from iotctl.analysis import DetectOptions
from iotctl.analysis.learning import Taught
from iotctl.model import Detection, Finding, Sensor, SensorCard
from iotctl.repositories import Database
from iotctl.services.detect.silence import Heard


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of each sensor; small and picklable.

    start, end: events in [start, end), microseconds since 1970-01-01 UTC, None for open; with since_last, end is now.
    run_id: save under this run; None: save nothing. context: microseconds that are also read around the range, or with
    since_last before the watermark: see window. notify: reported events will be sent to people. keep_detection: return
    the arrays, to draw a single sensor. keep_card: return what a page of all sensors shows.
    """

    options: DetectOptions
    start: int | None = None
    end: int | None = None
    run_id: int | None = None
    since_last: bool = False
    context: int = 0
    alert_budget: int | None = None
    include_labelled: bool = False
    notify: bool = False
    keep_detection: bool = False
    keep_card: bool = False

    @property
    def parameters(self) -> dict[str, object]:
        """The options for JSON, without infinities."""
        text = json.dumps(asdict(self.options))
        parsed: dict[str, object] = json.loads(text, parse_constant=lambda _: None)
        return parsed


@dataclass(frozen=True, slots=True)
class Task:
    """Sensors for one worker, over one connection. watermarks: sensor_id -> where the last run ended, if any.

    heard: how far their readings are known. has_news: whether they have new readings; if not, only their silence is
    judged. taught: sensor_id -> what people's verdicts on its events taught, if any.
    """

    database: Database
    request: Request
    sensors: tuple[Sensor, ...]
    watermarks: Mapping[int, int] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)
    has_news: bool = True
    taught: Mapping[int, Taught] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SensorFindings:
    """What a run found for one sensor.

    findings: the events to report, by start. new: how many of them no earlier run saved. silenced, over_budget: how
    many more are held back by a label or the alert budget. trouble: the error, if it failed. dropped: reason ->
    readings that were left out. span: the times of the first and the last reading, microseconds since 1970-01-01 UTC;
    None without readings. regimes, sensor_words: its regimes, and what the sensor is, in words.
    """

    sensor: Sensor
    readings: int = 0
    span: tuple[int, int] | None = None
    regimes: str = ""
    sensor_words: str = ""
    findings: tuple[Finding, ...] = ()
    new: int = 0
    silenced: int = 0
    over_budget: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    detection: Detection | None = None
    card: SensorCard | None = None
    trouble: str | None = None

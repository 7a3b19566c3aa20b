"""The result of detection for one series, as tables, a sentence and a chart."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from iotctl.analysis import DetectOptions
from iotctl.api.chart import Chart, draw
from iotctl.api.times import Moment, bounds, index_of, moments
from iotctl.api.trouble import said_plainly
from iotctl.model import Detection
from iotctl.services.detect.window import asked_for
from iotctl.words import counted

_EVENT_NUMBERS = ["severity", "score", "extreme", "expected", "low", "high"]
_SHOWN = ["kind", "start", "end", "severity", "explanation"]

# The most events that a notebook shows by itself; `events` has all of them.
_MOST_SHOWN = 20


class DetectionResult:
    """What `detect` found in one series. All times are aware, UTC; values are in the unit of the readings.

    A notebook shows it as a sentence and the most severe events; `plot()` draws it.
    """

    def __init__(
        self, detection: Detection, *, name: str, unit: str | None, options: DetectOptions, without_time: int = 0
    ) -> None:
        self._detection = detection
        self._name, self._unit, self._options, self._without_time = name, unit, options, without_time

    @property
    def name(self) -> str:
        """The name of the sensor or of the series."""
        return self._name

    @property
    def unit(self) -> str | None:
        """The unit of the values, None where it is not known."""
        return self._unit

    @property
    def description(self) -> str:
        """The kind of the sensor, and how it sends, in words."""
        return self._detection.sensor_words

    @property
    def events(self) -> pd.DataFrame:
        """The events by start, one in each row.

        event_id: the same for the same data on any machine. kind: spike, burst, shift, drift, variance, stuck, gap,
        silent, limit, step, slope, noise or invalid. start, end: times of the first and the last reading. onset: when
        it probably began, NaT where this is not estimated. rows: the number of readings. severity: 0 is usual, +1 per
        decade of rarity. score: in robust sigma. extreme: the value farthest from the expected one; expected, low,
        high: the model and its band there. explanation: a sentence.
        """
        events = self._detection.events
        columns: dict[str, object] = {
            "event_id": [event.event_id for event in events],
            "kind": [event.kind.value for event in events],
            "start": moments([event.start for event in events]),
            "end": moments([event.end for event in events]),
            "onset": moments([event.onset for event in events]),
            "rows": [event.rows for event in events],
        }
        columns |= {name: pd.array([getattr(event, name) for event in events], "float64") for name in _EVENT_NUMBERS}
        return pd.DataFrame(columns | {"explanation": [event.explanation for event in events]})

    @property
    def scores(self) -> pd.DataFrame:
        """A row for each reading that was judged, by time.

        value; expected: the model; sigma: the usual spread about it; score: in robust sigma; severity: 0 is usual, +1
        per decade of rarity.
        """
        found = self._detection
        columns = {
            "value": found.value,
            "expected": found.expected,
            "sigma": found.scale,
            "score": found.score,
            "severity": found.severity,
        }
        return pd.DataFrame(columns, index=index_of(found.time).rename("timestamp"))

    @property
    def regimes(self) -> pd.DataFrame:
        """The regimes, each described by a line: start, end, rows, level (at the start), slope_per_hour, sigma."""
        regimes = self._detection.regimes
        return pd.DataFrame(
            {
                "start": moments([regime.start for regime in regimes]),
                "end": moments([regime.end for regime in regimes]),
                "rows": [regime.rows for regime in regimes],
                "level": [regime.level for regime in regimes],
                "slope_per_hour": [regime.slope_per_hour for regime in regimes],
                "sigma": [regime.scale for regime in regimes],
            }
        )

    @property
    def change_points(self) -> pd.DatetimeIndex:
        """Where one regime ends and the next one begins."""
        return pd.DatetimeIndex(moments(list(self._detection.change_points)))

    @property
    def seasons(self) -> tuple[pd.Timedelta, ...]:
        """The lengths of the seasons of the series, such as a day and a week."""
        return tuple(pd.Timedelta(hours=hours) for hours in self._detection.periods_hours)

    @property
    def dropped(self) -> Mapping[str, int]:
        """Reason -> how many readings were left out."""
        return dict(self._detection.dropped) | ({"no time": self._without_time} if self._without_time else {})

    @said_plainly
    def plot(self, start: Moment | None = None, end: Moment | None = None) -> Chart:
        """The readings with model, band, events and severity, in [start, end), as a notebook shows it.

        `plot().save("chart.html")` makes a page with zoom; .png and .svg make pictures. Times without a zone, and those
        on the axis, are in the time zone of the detection. Raises ConfigurationError without the extra `plot`.
        """
        shown = asked_for(*bounds(start, end, self._options.timezone), 0).cut(self._detection)
        return draw(shown, self._name, self._unit, self._options)

    def __repr__(self) -> str:
        events = self._most_severe()
        return self._sentence() + (f"\n{events.to_string(index=False)}" if len(events) else "")

    def _repr_html_(self) -> str:
        events = self._most_severe()
        table = events.to_html(index=False, border=0) if len(events) else ""
        return f"<p>{html.escape(self._sentence())}</p>{table}"

    def _sentence(self) -> str:
        time = self._detection.time
        dates = ", {:%Y-%m-%d} to {:%Y-%m-%d} (UTC)".format(*index_of(time[[0, -1]])) if len(time) else ""
        words = f"{self.description}; " if self.description else ""
        count = len(self._detection.events)
        shown = f" (the {_MOST_SHOWN} most severe are shown)" if count > _MOST_SHOWN else ""
        return f"{self._name}: {counted(len(time), 'reading')}{dates}; {words}{counted(count, 'event')}{shown}"

    def _most_severe(self) -> pd.DataFrame:
        """The most severe events, by start, in few columns."""
        events = sorted(self._detection.events, key=lambda event: -event.severity)[:_MOST_SHOWN]
        chosen = replace(self._detection, events=tuple(sorted(events, key=lambda event: event.start)))
        table = DetectionResult(chosen, name=self._name, unit=self._unit, options=self._options).events[_SHOWN]
        for side in ("start", "end"):
            table[side] = table[side].dt.strftime("%Y-%m-%d %H:%M")
        return table.round({"severity": 1}).rename(columns={"start": "start (UTC)", "end": "end (UTC)"})

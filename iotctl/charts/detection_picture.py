"""A picture of a detection: readings, band, expected line, residuals, severity, and close-ups of the worst events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from iotctl.charts.about import About, counts
from iotctl.charts.event_list import ListedEvent, most_severe
from iotctl.charts.kinds import COLOURS
from iotctl.charts.marks import (
    BAND_COLOUR,
    DENSE_COLOUR,
    EXPECTED_COLOUR,
    LIMIT_COLOUR,
    MODEL_COLOUR,
    READINGS_COLOUR,
    SEVERITY_COLOUR,
    WIDTH,
    clock,
    kind_colour,
    kind_shape,
    records,
    table,
    time_axis,
    value_axis,
)
from iotctl.charts.pictures import specification, svg, write_picture
from iotctl.charts.thinning import Floats, Rows, Times, around, block_starts, extreme_rows, shown_rows, with_holes
from iotctl.charts.words import shown_end, span, value_title
from iotctl.model import Detection, Event
from iotctl.moments import local_time
from iotctl.words import counted

_HEIGHT, _RESIDUAL_HEIGHT, _STRIP_HEIGHT = 300, 80, 60

# A strip needs at most one value for each pixel; with more rows than a screen can show, lines become areas.
_BLOCKS, _NOTEBOOK_BLOCKS = 1000, 500
_LINE_ROWS = 3000
# So few readings are also shown as points: a single reading has no line.
_FEW = 60
# Blocks of one period of the season give smooth edges, if there are enough of them.
_FEWEST_BLOCKS = 120

# A part of the readings' range, above and below it: a much wider band is cut at the edge of the chart.
_BAND_MARGIN = 0.15

# Close-ups of events: two rows of four.
_INSETS, _COLUMNS, _INSET_WIDTH, _INSET_HEIGHT = 8, 4, 216, 110


def write_detection_picture(detection: Detection, path: Path, about: About) -> None:
    """Draw it as PNG of double resolution or as SVG."""
    write_picture(specification(_chart(detection, about, _BLOCKS, _INSETS)), path)


def detection_svg(detection: Detection, about: About) -> str:
    """The same as an SVG, which a notebook stores: coarser, and without close-ups, so that it is small."""
    return svg(specification(_chart(detection, about, _NOTEBOOK_BLOCKS, 0)))


def _chart(detection: Detection, about: About, blocks: int, insets: int) -> Any:
    whole = _Panel(detection, about, blocks)
    parts = alt.vconcat(
        whole.readings(_HEIGHT, marked=True).properties(title=_title(detection, about)),
        whole.residuals(),
        whole.severity(),
        spacing=8,
    ).resolve_scale(x="shared", color="independent", shape="independent")
    listed = most_severe((ListedEvent(event, "") for event in detection.events), insets)
    shown = sorted((one.event for one in listed), key=lambda event: event.start)
    # In a short series each event is large enough.
    if not shown or len(detection.time) <= _LINE_ROWS:
        return parts
    own: dict[str, Any] = dict.fromkeys(("x", "y", "color", "shape"), "independent")
    near = alt.concat(*(_inset(detection, event, about) for event in shown), columns=_COLUMNS, spacing=18)
    return alt.vconcat(parts, near.resolve_scale(**own), spacing=16).resolve_scale(**own)


def _inset(detection: Detection, event: Event, about: About) -> Any:
    first, last = around(detection.time, event)
    arrays = {name: getattr(detection, name)[first:last] for name in ("time", "value", "expected", "scale", "severity")}
    changes = tuple(
        moment
        for moment in detection.change_points
        if len(arrays["time"]) and arrays["time"][0] < moment and moment < arrays["time"][-1]
    )
    part = replace(detection, **arrays, events=(event,), change_points=changes)
    begun = local_time(event.start, about.timezone)
    title = {
        "text": f"{event.kind.value}, {begun:%Y-%m-%d %H:%M}",
        "anchor": "start",
        "fontSize": 11,
        "color": COLOURS[event.kind],
    }
    panel = _Panel(part, about, _BLOCKS, _INSET_WIDTH)
    return panel.readings(_INSET_HEIGHT, marked=False).properties(title=title)


class _Panel:
    """The panels of a series, or of a part of it, one above the other."""

    def __init__(self, detection: Detection, about: About, blocks: int, width: int = WIDTH) -> None:
        self._detection, self._about, self._width = detection, about, width
        self._small = width < WIDTH
        self._starts = block_starts(len(detection.time), blocks)
        self._dense = len(detection.time) > _LINE_ROWS
        self._points = 2 * blocks
        self._days = block_starts(len(detection.time), _seasons(detection, blocks)) if self._dense else self._starts

    def readings(self, height: int, *, marked: bool) -> Any:
        layers = [*self._shades(), self._band(), *self._lines(), *self._changes(), *self._limits()]
        if marked:
            layers += self._marks()
        return alt.layer(*layers).properties(width=self._width, height=height)

    def residuals(self) -> Any:
        found = self._detection
        with np.errstate(invalid="ignore", over="ignore"):
            residual = (found.value - found.expected) / found.scale
        limit = self._about.threshold
        edges = records([{"low": -limit, "high": limit}]).mark_rect(color=BAND_COLOUR, opacity=0.25)
        y = alt.Y("residual:Q", title="residual [σ]", axis=alt.Axis(tickCount=3))
        usual = edges.encode(y=alt.Y("low:Q", title="residual [σ]"), y2="high:Q")
        course = self._course("residual", residual, READINGS_COLOUR, y)
        return alt.layer(usual, course).properties(width=self._width, height=_RESIDUAL_HEIGHT)

    def severity(self) -> Any:
        found, starts = self._detection, self._starts
        highest = np.maximum.reduceat(found.severity, starts) if len(starts) else found.severity
        strip = table(found.time[starts], self._about.timezone, severity=highest)
        return (
            strip.mark_area(color=SEVERITY_COLOUR, opacity=0.75, interpolate="step-after")
            .encode(
                x=time_axis(self._about.timezone),
                y=alt.Y("severity:Q", title="severity", axis=alt.Axis(tickCount=3)),
            )
            .properties(width=self._width, height=_STRIP_HEIGHT)
        )

    def _time(self) -> alt.X:
        return time_axis("" if self._small else None)

    def _axis(self, column: str) -> alt.Y:
        title = None if self._small else value_title(self._about.title, self._about.unit)
        return value_axis(title, column)

    def _lines(self) -> list[Any]:
        """Readings, and the expected line with its season, which is as broad as the season in a chart of a year."""
        found = self._detection
        colour = DENSE_COLOUR if self._dense else READINGS_COLOUR
        readings = self._course("value", found.value, colour, self._axis("value"))
        expected = self._course("expected", found.expected, EXPECTED_COLOUR, self._axis("expected"), 1.4, 0.3)
        return [readings, expected]

    def _course(self, name: str, value: Any, colour: str, y: alt.Y, width: float = 0.9, opacity: float = 1.0) -> Any:
        """A line; or, where it is too dense, the area between the lowest and the highest value of each pixel."""
        time, zone = self._detection.time, self._about.timezone
        if not self._dense:
            rows = shown_rows(value, self._points)
            shown, (line,) = with_holes(time[rows], [value[rows]], time)
            points = alt.OverlayMarkDef(size=14, color=colour) if len(time) < _FEW else False
            mark = table(shown, zone, **{name: line}).mark_line(strokeWidth=width, color=colour, point=points)
            return mark.encode(x=self._time(), y=y)
        shown, low, high = self._envelope(value, value, self._starts if name == "residual" else self._days)
        area = table(shown, zone, **{name: low, "to": high}).mark_area(
            color=colour, opacity=opacity, line={"color": colour, "strokeWidth": 0.5, "opacity": opacity}
        )
        return area.encode(x=self._time(), y=y, y2="to:Q")

    def _band(self) -> Any:
        found = self._detection
        reach = self._about.threshold * found.scale
        low, high = found.expected - reach, found.expected + reach
        if len(found.value):
            lowest, highest = float(found.value.min()), float(found.value.max())
            margin = _BAND_MARGIN * (highest - lowest) or float(reach.max())
            low, high = (np.clip(edge, lowest - margin, highest + margin) for edge in (low, high))
        time, low, high = self._envelope(low, high, self._days)
        band = table(time, self._about.timezone, low=low, high=high)
        return band.mark_area(opacity=0.3, color=BAND_COLOUR).encode(x=self._time(), y=self._axis("low"), y2="high:Q")

    def _envelope(self, low: Floats, high: Floats, starts: Rows) -> tuple[Times, Floats, Floats]:
        """The lowest and the highest value of each block of rows, at its middle; of the outer blocks at their ends."""
        time = self._detection.time
        if not len(starts):
            return time, low, high
        at = (starts + np.append(starts[1:], len(time)) - 1) // 2
        at[0], at[-1] = 0, len(time) - 1
        edges = [np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)]
        shown, (low, high) = with_holes(time[at], edges, time)
        return shown, low, high

    def _changes(self) -> list[Any]:
        if not self._detection.change_points:
            return []
        at = records({"time": clock(moment, self._about.timezone)} for moment in self._detection.change_points)
        return [at.mark_rule(strokeDash=[5, 4], color=MODEL_COLOUR, strokeWidth=1).encode(x=self._time())]

    def _limits(self) -> list[Any]:
        """The physical limits, except those so far away that the readings would look flat."""
        value = self._detection.value
        if self._about.limits is None or not len(value):
            return []
        reach = 0.0 if self._small else float(np.ptp(value)) or abs(float(value[0])) or 1.0
        near = [
            {"limit": limit}
            for limit in self._about.limits
            if value.min() - reach / 2 <= limit <= value.max() + reach / 2
        ]
        if not near:
            return []
        return [records(near).mark_rule(strokeDash=[8, 3, 2, 3], color=LIMIT_COLOUR).encode(y=self._axis("limit"))]

    def _shades(self) -> list[Any]:
        if not self._detection.events:
            return []
        shade = records(self._event_records()).mark_rect(opacity=0.22)
        colour = kind_colour(self._detection.events, legend=not self._small)
        return [shade.encode(x=self._time(), x2="end:T", color=colour)]

    def _marks(self) -> list[Any]:
        """A mark on each event's extreme reading: the shade of an event with one row in a year is too thin to see."""
        events = self._detection.events
        if not events:
            return []
        marks = records(self._event_records()).mark_point(
            filled=True, size=150, opacity=1, stroke="white", strokeWidth=0.8
        )
        return [
            marks.encode(
                x=alt.X("extreme_time:T", scale=alt.Scale(type="utc")),
                y=self._axis("extreme"),
                color=kind_colour(events),
                shape=kind_shape(events),
            )
        ]

    def _event_records(self) -> list[dict[str, Any]]:
        found, zone = self._detection, self._about.timezone
        return [
            {
                "time": clock(max(event.start, int(found.time[0])), zone),
                "end": clock(min(shown_end(event, int(found.time[0]), int(found.time[-1])), 2**62), zone),
                "kind": event.kind.value,
                "extreme": float(found.value[row]),
                "extreme_time": clock(int(found.time[row]), zone),
            }
            for event, row in zip(found.events if len(found.time) else (), extreme_rows(found), strict=True)
        ]


def _seasons(detection: Detection, blocks: int) -> int:
    """The number of blocks for a dense series: its periods, or one for each pixel."""
    hours = (int(detection.time[-1]) - int(detection.time[0])) / 3.6e9
    periods = int(hours / min(detection.periods_hours)) if detection.periods_hours else blocks
    return periods if _FEWEST_BLOCKS <= periods < blocks else blocks


def _title(detection: Detection, about: About) -> dict[str, Any]:
    lines = [
        f"{counted(len(detection.time), 'reading')}{span(detection.time, about.timezone)}; {counts(detection, about)}"
    ]
    if detection.sensor_words:
        lines.insert(0, f"{detection.sensor_words[0].upper()}{detection.sensor_words[1:]}")
    key = f"blue: expected, with season; grey band: usual, within {about.threshold:g} sigma of it"
    if detection.change_points:
        key += "; dashed: change of regime"
    return {"text": about.title, "subtitle": [*lines, key], "anchor": "start", "subtitleColor": "#666666"}

"""A chart of what detection says: readings, regimes and band, change points, events, and severity below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from iotctl.charts.files import check_suffix, specification, svg, write_picture
from iotctl.charts.marks import (
    MODEL_COLOUR,
    READINGS_COLOUR,
    SEVERITY_COLOUR,
    WIDTH,
    clock,
    kind_colour,
    records,
    said_limits,
    shown_end,
    span,
    table,
    time_axis,
    tooltip,
    value_axis,
    value_title,
    zoom,
)
from iotctl.charts.pages import write_linked_page, write_page
from iotctl.charts.thinning import block_starts, extreme_rows, shown_rows, with_holes
from iotctl.charts.verdicts import event_list
from iotctl.model import Detection
from iotctl.words import counted

_HEIGHT, _STRIP_HEIGHT = 340, 70

# Twice as many as a PNG of double resolution is wide; a page can be zoomed; one page of many stays small.
_PICTURE_POINTS, _PAGE_POINTS, _LINKED_POINTS = 4000, 20_000, 3000

# A notebook is kept with its pictures: some 80 kB each.
_NOTEBOOK_POINTS = 1800

# Events below a chart.
_LISTED = 200

# Of the range of the readings, above and below it.
_BAND_MARGIN = 0.15

# A band or strip needs no more than one value per pixel, and fewer than a third of what the line has.
_BLOCKS = 1000

# Above so many rows the season is too fine for a line: the band shows it, and the line is that of the regime.
_MODEL_ROWS = 3000


def draw_detection(
    detection: Detection,
    path: Path,
    *,
    title: str,
    timezone: str = "Europe/Berlin",
    threshold: float = 6.0,
    unit: str | None = None,
    limits: tuple[float, float] | None = None,
    verdicts: bool = False,
) -> None:
    """Draw readings, regimes and band, change points, and events shaded by kind over a strip of severity.

    Long series are thinned for the screen; the extreme reading of each event is always drawn. Times are shown by the
    clock of timezone. title: the sensor's name. unit: of its values; limits: those that it was held to, if any.
    verdicts: a page lists the events, with buttons to say what they are. Raises UsageError for another suffix
    than .png, .svg or .html.
    """
    check_suffix(path)
    is_page = path.suffix.lower() == ".html"
    points = _PAGE_POINTS if is_page else _PICTURE_POINTS
    about = _About(title, unit, limits, timezone, threshold)
    spec = specification(_chart(detection, about, points))
    if is_page:
        write_page(spec, path, title, _list(detection, about) if verdicts else "")
    else:
        write_picture(spec, path)


def detection_svg(
    detection: Detection,
    *,
    title: str,
    timezone: str,
    threshold: float,
    unit: str | None = None,
    limits: tuple[float, float] | None = None,
) -> str:
    """The same as an SVG for a notebook, which keeps it: with fewer readings, so that it stays small."""
    about = _About(title, unit, limits, timezone, threshold)
    return svg(specification(_chart(detection, about, _NOTEBOOK_POINTS)))


def draw_linked_page(
    detection: Detection,
    path: Path,
    *,
    title: str,
    timezone: str,
    threshold: float,
    back: str,
    unit: str | None = None,
    limits: tuple[float, float] | None = None,
) -> None:
    """The same as one page of many, beside the library that all share; back: a relative link to lead back by."""
    about = _About(title, unit, limits, timezone, threshold)
    chart = _chart(detection, about, _LINKED_POINTS)
    write_linked_page(specification(chart), path, title, back, _list(detection, about))


@dataclass(frozen=True, slots=True)
class _About:
    """What a chart says beside the detection itself; see draw_detection."""

    title: str
    unit: str | None
    limits: tuple[float, float] | None
    timezone: str
    threshold: float

    def axis(self, column: str = "value") -> alt.Y:
        return value_axis(value_title(self.title, self.unit), column)


def _chart(detection: Detection, about: _About, points: int) -> alt.VConcatChart:
    """The chart with about so many readings in it."""
    timezone = about.timezone
    upper = alt.layer(
        *_event_shades(detection, timezone),
        _band(detection, about, min(_BLOCKS, points // 3)),
        _reading_line(detection, about, points),
        *_model_lines(detection, about),
        *_change_points(detection, timezone),
        *_event_marks(detection, about),
    ).properties(width=WIDTH, height=_HEIGHT, title=_title(detection, about))
    chart = alt.vconcat(
        upper.add_params(zoom()), _severity_strip(detection, timezone, min(_BLOCKS, points // 3)), spacing=8
    )
    resolved: alt.VConcatChart = chart.resolve_scale(x="shared", color="independent")
    return resolved


def _list(detection: Detection, about: _About) -> str:
    return event_list(detection.events, about.title, about.timezone, _LISTED)


def _title(detection: Detection, about: _About) -> dict[str, Any]:
    seasons = " and ".join(f"{hours:.0f} h" for hours in detection.periods_hours) or "none"
    counts = [
        f"{counted(len(detection.time), 'reading')}{span(detection.time, about.timezone)}",
        counted(len(detection.regimes), "regime"),
        f"season: {seasons}",
        counted(len(detection.events), "event"),
    ]
    if about.limits is not None:
        counts.append(f"limits: {said_limits(about.limits, about.unit)}")
    line = "model" if len(detection.time) <= _MODEL_ROWS else "fitted regimes"
    lines = ["; ".join(counts)]
    if detection.sensor_words:
        lines.insert(0, f"{detection.sensor_words[0].upper()}{detection.sensor_words[1:]}")
    key = f"black: {line}; grey band: {about.threshold:g} sigma about the model"
    if detection.change_points:
        key += "; dashed: change points"
    return {"text": about.title, "subtitle": [*lines, key], "anchor": "start", "subtitleColor": "#666666"}


def _reading_line(detection: Detection, about: _About, points: int) -> alt.Chart:
    rows = shown_rows(detection.value, points, extreme_rows(detection))
    time, value = with_holes(detection.time[rows], detection.value[rows], detection.time)
    chart: alt.Chart = (
        table(time, about.timezone, value=value)
        .mark_line(strokeWidth=0.8, color=READINGS_COLOUR)
        .encode(x=time_axis(None), y=about.axis())
    )
    return chart


def _band(detection: Detection, about: _About, blocks: int) -> alt.Chart:
    starts = block_starts(len(detection.time), blocks)
    reach = about.threshold * detection.scale
    low, high = detection.expected - reach, detection.expected + reach
    if len(starts):
        # A chart is scaled by its data: a band that is wider by far goes on beyond its edges.
        lowest, highest = float(detection.value.min()), float(detection.value.max())
        margin = _BAND_MARGIN * (highest - lowest) or float(reach.max())
        low, high = (np.clip(edge, lowest - margin, highest + margin) for edge in (low, high))
        low, high = np.minimum.reduceat(low, starts), np.maximum.reduceat(high, starts)
    chart: alt.Chart = (
        table(detection.time[starts], about.timezone, low=low, high=high)
        .mark_area(opacity=0.18, color=READINGS_COLOUR)
        .encode(x=time_axis(None), y=about.axis("low"), y2="high:Q")
    )
    return chart


def _model_lines(detection: Detection, about: _About) -> list[alt.Chart]:
    """The model where it is a line on a screen, else the line of each regime."""
    if len(detection.time) <= _MODEL_ROWS:
        model = table(detection.time, about.timezone, expected=detection.expected)
        return [model.mark_line(strokeWidth=1.2, color=MODEL_COLOUR).encode(time_axis(None), about.axis("expected"))]
    ends = [
        {
            "time": clock(moment, about.timezone),
            "level": regime.level + regime.slope_per_hour * (moment - regime.start) / 3.6e9,
            "regime": number,
        }
        for number, regime in enumerate(detection.regimes)
        for moment in (regime.start, regime.end)
    ]
    if not ends:  # Vega warns of a layer without records
        return []
    lines = records(ends).mark_line(strokeWidth=1.6, color=MODEL_COLOUR)
    return [lines.encode(x=time_axis(None), y=about.axis("level"), detail="regime:N")]


def _change_points(detection: Detection, timezone: str) -> list[alt.Chart]:
    if not detection.change_points:
        return []
    at = records({"time": clock(moment, timezone)} for moment in detection.change_points)
    rule = at.mark_rule(strokeDash=[5, 4], color=MODEL_COLOUR, strokeWidth=1)
    return [
        rule.encode(x=time_axis(None), tooltip=[alt.Tooltip("time:T", title="change point", format="%Y-%m-%d %H:%M")])
    ]


def _event_shades(detection: Detection, timezone: str) -> list[alt.Chart]:
    if not detection.events:
        return []
    shade = records(_event_records(detection, timezone)).mark_rect(opacity=0.22)
    return [shade.encode(x=time_axis(None), x2="end:T", color=kind_colour(detection.events))]


def _event_marks(detection: Detection, about: _About) -> list[alt.Chart]:
    """A point on each event's extreme reading: an event of one row in a year is too thin to be seen as a shade."""
    if not detection.events:
        return []
    return [
        records(_event_records(detection, about.timezone))
        .mark_point(filled=True, size=46, opacity=1, stroke="white", strokeWidth=0.7)
        .encode(
            x=alt.X("extreme_time:T", scale=alt.Scale(type="utc")),
            y=about.axis("extreme"),
            color=kind_colour(detection.events),
            tooltip=[
                alt.Tooltip("kind:N"),
                alt.Tooltip("time:T", title="from", format="%Y-%m-%d %H:%M:%S"),
                alt.Tooltip("end:T", title="to", format="%Y-%m-%d %H:%M:%S"),
                alt.Tooltip("severity:Q", format=".2f"),
                alt.Tooltip("explanation:N"),
                alt.Tooltip("event_id:N"),
            ],
        )
    ]


def _severity_strip(detection: Detection, timezone: str, blocks: int) -> alt.Chart:
    starts = block_starts(len(detection.time), blocks)
    highest = np.maximum.reduceat(detection.severity, starts) if len(starts) else detection.severity
    chart: alt.Chart = (
        table(detection.time[starts], timezone, severity=highest)
        .mark_area(color=SEVERITY_COLOUR, opacity=0.75, interpolate="step-after")
        .encode(
            x=time_axis(timezone),
            y=alt.Y("severity:Q", title="severity", axis=alt.Axis(tickCount=3)),
            tooltip=tooltip("severity"),
        )
        .properties(width=WIDTH, height=_STRIP_HEIGHT)
    )
    return chart


def _event_records(detection: Detection, timezone: str) -> list[dict[str, Any]]:
    return [
        {
            "time": clock(event.start, timezone),
            "end": clock(shown_end(event, int(detection.time[0]), int(detection.time[-1])), timezone),
            "kind": event.kind.value,
            "severity": event.severity,
            "extreme": float(detection.value[row]),
            "extreme_time": clock(int(detection.time[row]), timezone),
            "explanation": event.explanation,
            "event_id": event.event_id,
        }
        for event, row in zip(detection.events if len(detection.time) else (), extreme_rows(detection), strict=True)
    ]

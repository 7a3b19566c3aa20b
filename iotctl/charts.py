"""Charts of a sensor: one Vega-Lite chart, written as PNG, SVG or HTML that needs no network.

Importing this needs the extra `plot`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import numpy as np
import vl_convert
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from iotctl.errors import IotctlError, UsageError
from iotctl.model import Detection, Event, Kind

SUFFIXES = (".png", ".svg", ".html")

WIDTH, HEIGHT, STRIP_HEIGHT = 1000, 340, 70

# Points drawn of a long series; twice as many as the chart is wide in a PNG of double resolution.
_POINTS = 4000
_MODEL_POINTS = 1500
_STRIP_POINTS = 1000

# Okabe and Ito's colours, which people tell apart who see few ("Color Universal Design", 2008).
_COLOURS = {
    Kind.SPIKE: "#D55E00",
    Kind.BURST: "#E69F00",
    Kind.SHIFT: "#0072B2",
    Kind.DRIFT: "#CC79A7",
    Kind.VARIANCE: "#009E73",
    Kind.STUCK: "#56B4E9",
    Kind.GAP: "#999999",
    Kind.LIMIT: "#000000",
}

_READINGS_COLOUR, _MODEL_COLOUR = "#8C96A8", "#111111"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


def draw_readings(time: Times, value: Floats, path: Path, *, title: str, timezone: str = "Europe/Berlin") -> None:
    """Draw readings as a line. time: microseconds since 1970-01-01 UTC, shown by the clock of timezone.

    Raises UsageError for another suffix than .png, .svg or .html.
    """
    check_suffix(path)
    rows = _shown_rows(value, [])
    chart = (
        _base(_records(time[rows], timezone, value=value[rows]))
        .mark_line(strokeWidth=1, color=_READINGS_COLOUR)
        .encode(x=_time_axis(timezone), y=_value_axis(), tooltip=_tooltip("value"))
        .properties(width=WIDTH, height=HEIGHT, title=title)
        .add_params(_zoom())
    )
    _write(chart, path)


def draw_detection(
    detection: Detection, path: Path, *, title: str, timezone: str = "Europe/Berlin", threshold: float = 6.0
) -> None:
    """Draw readings, model and band, change points, and events shaded by kind over a strip of severity.

    Long series are thinned for the screen; the extreme reading of each event is always drawn. Raises as
    draw_readings.
    """
    check_suffix(path)
    zoom = _zoom()
    upper = alt.layer(
        *_event_shades(detection, timezone),
        *_model_layers(detection, timezone, threshold),
        _reading_layer(detection, timezone),
        *_event_marks(detection, timezone),
    ).properties(width=WIDTH, height=HEIGHT, title=_title(title, detection))
    chart = alt.vconcat(upper.add_params(zoom), _severity_strip(detection, timezone), spacing=6)
    _write(chart.resolve_scale(x="shared", color="independent"), path)


def _title(title: str, detection: Detection) -> dict[str, Any]:
    seasons = ", ".join(f"{hours:.0f} h" for hours in detection.periods_hours) or "none"
    events = len(detection.events)
    return {
        "text": title,
        "subtitle": f"{len(detection.time):,} readings, {len(detection.regimes)} regimes, season: {seasons}, "
        f"{events} event{'s' * (events != 1)}",
        "anchor": "start",
        "subtitleColor": "#666666",
    }


def _reading_layer(detection: Detection, timezone: str) -> alt.Chart:
    rows = _shown_rows(detection.value, _extreme_rows(detection))
    records = _records(detection.time[rows], timezone, value=detection.value[rows])
    chart: alt.Chart = (
        _base(records).mark_line(strokeWidth=0.8, color=_READINGS_COLOUR).encode(x=_time_axis(None), y=_value_axis())
    )
    return chart


def _model_layers(detection: Detection, timezone: str, threshold: float) -> list[alt.Chart]:
    rows = _every(len(detection.time), _MODEL_POINTS)
    expected, band = detection.expected[rows], threshold * detection.scale[rows]
    records = _records(detection.time[rows], timezone, expected=expected, low=expected - band, high=expected + band)
    base = _base(records).encode(x=_time_axis(None))
    layers = [
        base.mark_area(opacity=0.18, color=_READINGS_COLOUR).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_line(strokeWidth=1.4, color=_MODEL_COLOUR).encode(y="expected:Q"),
    ]
    if detection.change_points:  # Vega warns of a layer without records
        changes = _base(_records(np.array(detection.change_points, dtype=np.int64), timezone))
        layers.append(changes.mark_rule(strokeDash=[5, 4], color=_MODEL_COLOUR, strokeWidth=1).encode(x="time:T"))
    return layers


def _event_shades(detection: Detection, timezone: str) -> list[alt.Chart]:
    if not detection.events:
        return []
    return [
        _base(_event_records(detection, timezone))
        .mark_rect(opacity=0.22)
        .encode(x=_time_axis(None), x2="end:T", color=_kind_colour(detection.events))
    ]


def _event_marks(detection: Detection, timezone: str) -> list[alt.Chart]:
    """A point on each event's extreme reading: an event of one row in a year is too thin to be seen as a shade."""
    if not detection.events:
        return []
    return [
        _base(_event_records(detection, timezone))
        .mark_point(filled=True, size=42, opacity=1, stroke="white", strokeWidth=0.6)
        .encode(
            x=alt.X("extreme_time:T", scale=alt.Scale(type="utc")),
            y="extreme:Q",
            color=_kind_colour(detection.events),
            tooltip=[
                alt.Tooltip("kind:N"),
                alt.Tooltip("time:T", title="from", format="%Y-%m-%d %H:%M:%S"),
                alt.Tooltip("end:T", title="to", format="%Y-%m-%d %H:%M:%S"),
                alt.Tooltip("severity:Q", format=".2f"),
                alt.Tooltip("explanation:N"),
            ],
        )
    ]


def _severity_strip(detection: Detection, timezone: str) -> alt.Chart:
    edges = np.unique(np.linspace(0, len(detection.time), _STRIP_POINTS + 1).astype(int))[:-1]
    highest = np.maximum.reduceat(detection.severity, edges) if len(edges) else detection.severity
    records = _records(detection.time[edges], timezone, severity=highest)
    chart: alt.Chart = (
        _base(records)
        .mark_area(color="#B03A2E", opacity=0.75, interpolate="step-after")
        .encode(
            x=_time_axis(timezone),
            y=alt.Y("severity:Q", title="severity", axis=alt.Axis(tickCount=3)),
            tooltip=_tooltip("severity"),
        )
        .properties(width=WIDTH, height=STRIP_HEIGHT)
    )
    return chart


def _event_records(detection: Detection, timezone: str) -> list[dict[str, Any]]:
    at = _extreme_rows(detection)
    return [
        {
            "time": _clock(event.start, timezone),
            "end": _clock(event.end, timezone),
            "kind": event.kind.value,
            "severity": event.severity,
            "extreme": float(detection.value[row]),
            "extreme_time": _clock(int(detection.time[row]), timezone),
            "explanation": event.explanation,
        }
        for event, row in zip(detection.events, at, strict=True)
    ]


def _extreme_rows(detection: Detection) -> list[int]:
    """The row of each event's extreme reading."""
    rows = []
    for event in detection.events:
        start, end = np.searchsorted(detection.time, [event.start, event.end + 1]).tolist()
        rows.append(start + int(np.argmin(np.abs(detection.value[start:end] - event.extreme))))
    return rows


def _shown_rows(value: Floats, always: Sequence[int]) -> NDArray[np.intp]:
    """The rows that show the course of a long series, and those that must be seen."""
    if len(value) <= _POINTS:
        return np.arange(len(value))
    finite = np.nan_to_num(np.ascontiguousarray(value))
    chosen = MinMaxLTTBDownsampler().downsample(finite, n_out=_POINTS)  # type: ignore[no-untyped-call]  # has no types
    return np.union1d(chosen.astype(np.intp), np.array(always, dtype=np.intp))


def _every(rows: int, points: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, points)).astype(np.intp))


def _records(time: Times, timezone: str, **columns: Floats) -> list[dict[str, Any]]:
    clock = [_clock(moment, timezone) for moment in time.tolist()]
    texts = {name: [v if v - v == 0 else None for v in column.tolist()] for name, column in columns.items()}
    return [
        {"time": moment, **dict(zip(texts, row, strict=True))}
        for moment, *row in zip(clock, *texts.values(), strict=True)
    ]


def _clock(microseconds: int, timezone: str) -> float:
    """Milliseconds that Vega shows, as UTC, as the clock in timezone: the viewer's own zone never matters."""
    moment = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(ZoneInfo(timezone))
    offset = moment.utcoffset() or timedelta()
    return (microseconds + offset / timedelta(microseconds=1)) / 1000


def _base(records: Iterable[dict[str, Any]]) -> alt.Chart:
    chart: alt.Chart = alt.Chart(alt.InlineData(list(records)))
    return chart


def _time_axis(timezone: str | None) -> alt.X:
    title = None if timezone is None else f"time ({timezone})"
    axis: alt.X = alt.X("time:T", title=title, scale=alt.Scale(type="utc"))
    return axis


def _value_axis() -> alt.Y:
    axis: alt.Y = alt.Y("value:Q", title="sensor value", scale=alt.Scale(zero=False))
    return axis


def _kind_colour(events: Sequence[Event]) -> alt.Color:
    kinds = [kind for kind in Kind if any(event.kind is kind for event in events)]
    scale = alt.Scale(domain=[kind.value for kind in kinds], range=[_COLOURS[kind] for kind in kinds])
    colour: alt.Color = alt.Color("kind:N", scale=scale, legend=alt.Legend(title="event", symbolOpacity=1))
    return colour


def _tooltip(column: str) -> list[alt.Tooltip]:
    return [alt.Tooltip("time:T", format="%Y-%m-%d %H:%M:%S"), alt.Tooltip(f"{column}:Q")]


def _zoom() -> alt.Parameter:
    zoom: alt.Parameter = alt.selection_interval(bind="scales", encodings=["x"])
    return zoom


def check_suffix(path: Path) -> None:
    """Raises UsageError where a chart cannot be written under this name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"A chart cannot be written as {path.name}.", hint=f"Use one of: {', '.join(SUFFIXES)}")


def _write(chart: Any, path: Path) -> None:
    """The chart under its name at once, or not at all."""
    spec = chart.configure_view(stroke=None).configure_axis(gridOpacity=0.35, labelColor="#333333").to_dict()
    match path.suffix.lower():
        case ".png":
            content = vl_convert.vegalite_to_png(spec, scale=2)
        case ".svg":
            content = vl_convert.vegalite_to_svg(spec).encode()
        case _:
            content = _page(spec).encode()
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise IotctlError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _page(spec: dict[str, Any]) -> str:
    """A page that draws the chart by itself, with the libraries in it."""
    draw = (
        "window.draw = (spec) => vegaEmbed('#chart', spec, {actions: false, renderer: 'canvas'}).catch(console.error);"
    )
    # Nothing in the data may end the script element: JSON may write < by its number.
    text = json.dumps(spec).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>iotctl</title></head>
<body style="font-family: sans-serif; margin: 1.5em">
<div id="chart"></div>
<script>{vl_convert.javascript_bundle(draw)}</script>
<script>draw({text});</script>
</body>
</html>
"""

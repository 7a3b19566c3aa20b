"""Charts as HTML pages: a chart with zoom, its legend, and the list of its events."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from iotctl.charts.about import About, chart_data, counts
from iotctl.charts.assets import CHART_SCRIPTS, embedded, page, scripts, styles
from iotctl.charts.event_list import BAR, ListedEvent, event_list, most_severe
from iotctl.charts.files import write_whole
from iotctl.charts.kinds import looks, symbol
from iotctl.charts.packed import clock_changes, pack
from iotctl.charts.series import NamedSeries, said
from iotctl.charts.thinning import course_of, extreme_rows, shown_rows, with_holes
from iotctl.charts.words import span, value_title
from iotctl.model import Detection, Event, Kind
from iotctl.words import counted

# The most rows in a page, 8 bytes each. A longer series is thinned; so many rows stay around each event.
_ROWS, _NEAR = 200_000, 5000

# Events below a chart.
_LISTED = 200


def write_detection_page(detection: Detection, path: Path, about: About, *, verdicts: bool) -> None:
    """A page of a detection. verdicts: give its events buttons for verdicts."""
    rows = extreme_rows(detection)
    extremes = [(int(detection.time[row]), float(detection.value[row])) for row in rows]
    data = chart_data(course_of(detection, _ROWS, _NEAR), detection.events, extremes, detection.change_points, about)
    listed = [ListedEvent(event, about.title, about.labels.get(event.event_id, "")) for event in detection.events]
    shown = sorted(most_severe(listed, _LISTED), key=lambda one: (one.event.start, one.event.end))
    events = event_list(shown, about.timezone, more=len(listed) - len(shown), insets=bool(rows))
    has_buttons = verdicts and bool(events)
    body = (
        f"<h1>{html.escape(about.title)}</h1>\n"
        f"<p>{html.escape(_readings(detection, about))}</p>\n<p>{html.escape(counts(detection, about))}</p>\n"
        f'{chart_key(detection.events, about, bool(detection.change_points))}<div class="chart" id="chart"></div>\n'
        f"{f'<h2>Events</h2>{events}' if events else ''}{BAR if has_buttons else ''}"
        f"{embedded('data', data | {'kinds': looks()})}{scripts(*CHART_SCRIPTS, 'chart_page.js')}"
        f"{scripts('verdicts.js') if has_buttons else ''}"
    )
    write_whole(path, page(about.title, styles("page.css", "chart.css", "verdicts.css"), body).encode())


def write_readings_page(series: Sequence[NamedSeries], path: Path, title: str, timezone: str) -> None:
    """A page of the readings of one sensor, or of several over each other."""
    moments = [int(one.time[row]) for one in series if len(one.time) for row in (0, -1)]
    data = {
        "offsets": clock_changes(min(moments, default=0), max(moments, default=0), timezone),
        "series": [
            {"name": one.name, "label": value_title(one.name, one.unit), "unit": one.unit or "", "course": _packed(one)}
            for one in series
        ],
    }
    lines = "".join(f"<p>{html.escape(said(one, timezone, len(series)))}</p>\n" for one in series)
    body = (
        f'<h1>{html.escape(title)}</h1>\n{lines}<div class="key" id="key"></div>\n'
        '<div class="chart" id="chart"></div>\n'
        f"{embedded('data', data)}{scripts(*CHART_SCRIPTS, 'chart_page.js')}"
    )
    write_whole(path, page(title, styles("page.css", "chart.css"), body).encode())


def _packed(series: NamedSeries) -> dict[str, object]:
    """The readings as chart.js takes them."""
    rows = shown_rows(series.value, _ROWS)
    time, (value,) = with_holes(series.time[rows], [series.value[rows]], series.time)
    return pack(time, {"value": value})


def chart_key(events: Sequence[Event], about: About, has_changes: bool) -> str:
    """The legend of lines, areas and marks of a chart."""
    lines = [
        ("reading", "readings"),
        ("expected", "expected, with season"),
        ("band", f"usual: within {about.threshold:g} sigma of the expected"),
        *([("change", "change of regime")] if has_changes else []),
        *([("limit", "limits")] if about.limits is not None else []),
    ]
    kinds = [kind for kind in Kind if any(event.kind is kind for event in events)]
    said = "".join(f'<span><i class="{name}"></i>{html.escape(text)}</span>' for name, text in lines)
    return f'<div class="key">{said}{"".join(f"<span>{symbol(kind)}{kind.value}</span>" for kind in kinds)}</div>\n'


def _readings(detection: Detection, about: About) -> str:
    much = f"{counted(len(detection.time), 'reading')}{span(detection.time, about.timezone)} ({about.timezone})"
    words = detection.sensor_words
    return f"{much}. {words[0].upper()}{words[1:]}." if words else f"{much}."

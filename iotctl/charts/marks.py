"""The common parts of charts: local times, data as CSV, axes, colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from iotctl.charts.kinds import COLOURS, path_of
from iotctl.charts.packed import clock_changes
from iotctl.model import Event, Kind

WIDTH = 1000

READINGS_COLOUR, MODEL_COLOUR, SEVERITY_COLOUR = "#5B6B80", "#111111", "#B03A2E"
BAND_COLOUR, DENSE_COLOUR, EXPECTED_COLOUR, LIMIT_COLOUR = "#78869C", "#8C9AAD", "#0B6FA4", "#B00020"

# So few ticks that no label hides another: Vega would drop every second one, perhaps every date.
_TICKS, _FEW_TICKS = 12, 4

# The coarsest unit that changes at a tick. Vega's own labels have no day on a chart of a few days.
_TIME_LABEL = (
    "utcFormat(datum.value, "
    "utcseconds(datum.value) ? '%H:%M:%S' : utchours(datum.value) + utcminutes(datum.value) ? '%H:%M' : "
    "utcdate(datum.value) > 1 ? '%b %-d' : utcmonth(datum.value) ? '%B' : '%Y')"
)

# Padding in pixels, so that the mark on an extreme reading is not cut in half.
_VALUE_SCALE = alt.Scale(zero=False, nice=False, padding=8)


def clock(microseconds: int, timezone: str) -> float:
    """Milliseconds that Vega shows (as UTC) as the local time in timezone, in any zone of the viewer."""
    return float(_clocks(np.array([microseconds]), timezone)[0])


def _clocks(time: NDArray[np.int64], timezone: str) -> NDArray[np.float64]:
    if not len(time):
        return np.empty(0)
    changes = np.array(clock_changes(int(time.min()), int(time.max()), timezone))
    ahead = changes[np.maximum(np.searchsorted(changes[:, 0], time // 1_000_000, side="right") - 1, 0), 1]
    shown: NDArray[np.float64] = time / 1000 + ahead * 1000
    return shown


def table(time: NDArray[np.int64], timezone: str, **columns: NDArray[np.float64]) -> alt.Chart:
    """A chart without marks on columns and their times, as CSV: a quarter of the size of JSON records."""
    clocks = [f"{moment:.0f}" for moment in _clocks(time, timezone).tolist()]
    # Seven digits are more than any screen shows.
    texts = [["" if v != v else f"{v:.7g}" for v in column.tolist()] for column in columns.values()]
    lines = [",".join(row) for row in zip(clocks, *texts, strict=True)]
    parse = dict.fromkeys(["time", *columns], "number")
    chart: alt.Chart = alt.Chart(
        alt.InlineData("\n".join([",".join(parse), *lines]), format=alt.CsvDataFormat(type="csv", parse=parse))
    )
    return chart


def records(rows: Iterable[dict[str, Any]]) -> alt.Chart:
    """A chart without marks on a few records."""
    chart: alt.Chart = alt.Chart(alt.InlineData(list(rows)))
    return chart


def time_axis(timezone: str | None) -> alt.X:
    """The x axis. Without a zone it has no labels, because a chart below has them; with an empty one it is small."""
    if timezone is None:
        axis = alt.Axis(tickCount=_TICKS, labels=False, ticks=False, domain=False)
    else:
        axis = alt.Axis(tickCount=_TICKS if timezone else _FEW_TICKS, labelExpr=_TIME_LABEL)
    title = f"time ({timezone})" if timezone else None
    x: alt.X = alt.X("time:T", title=title, scale=alt.Scale(type="utc"), axis=axis)
    return x


def value_axis(title: str | None, column: str = "value") -> alt.Y:
    """The y axis of readings, with the same title for all layers of a chart."""
    y: alt.Y = alt.Y(f"{column}:Q", title=title, scale=_VALUE_SCALE, axis=alt.Axis(tickCount=6))
    return y


def kind_colour(events: Sequence[Event], *, legend: bool = True) -> alt.Color:
    """The colours of the kinds in the chart, with a legend or without."""
    kinds = _kinds(events)
    scale = alt.Scale(domain=[kind.value for kind in kinds], range=[COLOURS[kind] for kind in kinds])
    shown = alt.Legend(title=None, orient="top", symbolOpacity=1, symbolSize=150) if legend else None
    colour: alt.Color = alt.Color("kind:N", scale=scale, legend=shown)
    return colour


def kind_shape(events: Sequence[Event]) -> alt.Shape:
    """The shapes of the kinds in the chart; they share the legend of the colours."""
    kinds = _kinds(events)
    scale = alt.Scale(domain=[kind.value for kind in kinds], range=[path_of(kind, 0.9) for kind in kinds])
    shape: alt.Shape = alt.Shape(
        "kind:N", scale=scale, legend=alt.Legend(title=None, orient="top", symbolOpacity=1, symbolSize=150)
    )
    return shape


def _kinds(events: Sequence[Event]) -> list[Kind]:
    return [kind for kind in Kind if any(event.kind is kind for event in events)]

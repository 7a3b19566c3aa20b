"""What charts share: times by a zone's clock, data as CSV, axes, colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from iotctl.model import Event, Kind
from iotctl.timezones import find_zone

WIDTH = 1000

# Okabe and Ito's colours, which people tell apart who see few ("Color Universal Design", 2008).
COLOURS = {
    Kind.SPIKE: "#D55E00",
    Kind.BURST: "#E69F00",
    Kind.SHIFT: "#0072B2",
    Kind.DRIFT: "#CC79A7",
    Kind.VARIANCE: "#009E73",
    Kind.STUCK: "#56B4E9",
    Kind.GAP: "#999999",
    Kind.SILENT: "#555555",
    Kind.LIMIT: "#000000",
    Kind.STEP: "#332288",
    Kind.SLOPE: "#882255",
    Kind.NOISE: "#117733",
    Kind.INVALID: "#F0E442",
}

READINGS_COLOUR, MODEL_COLOUR, SEVERITY_COLOUR = "#8C96A8", "#111111", "#B03A2E"

# So few that no label hides another: Vega would drop every second one, and with them, perhaps, every date.
_TICKS = 12

# The coarsest unit that changes at a tick. Vega's own labels have no day where a chart spans a few of them.
_TIME_LABEL = (
    "utcFormat(datum.value, "
    "utcseconds(datum.value) ? '%H:%M:%S' : utchours(datum.value) + utcminutes(datum.value) ? '%H:%M' : "
    "utcdate(datum.value) > 1 ? '%b %-d' : utcmonth(datum.value) ? '%B' : '%Y')"
)

# Padding, in pixels: the mark on an extreme reading is not to be cut in half.
_VALUE_SCALE = alt.Scale(zero=False, padding=8)

# Of silence behind the readings so much of their own length is shown.
_SILENCE_PART = 20

# Along the axis of the lowest chart there is room for so many letters.
_LONGEST_TITLE = 36

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock(microseconds: int, timezone: str) -> float:
    """Milliseconds that Vega shows, as UTC, as the clock in timezone: the viewer's own zone never matters."""
    moment = (_EPOCH + timedelta(microseconds=microseconds)).astimezone(find_zone(timezone))
    offset = moment.utcoffset() or timedelta()
    return (microseconds + offset / timedelta(microseconds=1)) / 1000


def shown_end(event: Event, first: int, last: int) -> int:
    """Where an event ends on a chart of readings from first to last, microseconds since 1970-01-01 UTC.

    Silence goes on beyond them: a year of it must not make a line of the readings.
    """
    return event.end if event.kind is not Kind.SILENT else min(event.end, last + (last - first) // _SILENCE_PART)


def span(time: NDArray[np.int64], timezone: str) -> str:
    """From when to when a series is, by the clock of timezone; nothing for none."""
    if not len(time):
        return ""
    first, last = (
        (_EPOCH + timedelta(microseconds=int(time[row]))).astimezone(find_zone(timezone)).strftime("%Y-%m-%d %H:%M")
        for row in (0, -1)
    )
    return f", {first} to {last}"


def table(time: NDArray[np.int64], timezone: str, **columns: NDArray[np.float64]) -> alt.Chart:
    """A chart without marks on columns beside their times, as CSV: a quarter of the size of JSON records."""
    clocks = [f"{clock(moment, timezone):.0f}" for moment in time.tolist()]
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
    """The x axis; without a zone it has no labels, since another chart below has them."""
    if timezone is None:
        axis = alt.Axis(tickCount=_TICKS, labels=False, ticks=False, domain=False)
    else:
        axis = alt.Axis(tickCount=_TICKS, labelExpr=_TIME_LABEL)
    title = None if timezone is None else f"time ({timezone})"
    x: alt.X = alt.X("time:T", title=title, scale=alt.Scale(type="utc"), axis=axis)
    return x


def value_title(name: str, unit: str | None) -> str:
    """What stands at the y axis: a sensor's name, unless it is long, and the unit of its values, if it is known."""
    what = name if len(name) <= _LONGEST_TITLE else "sensor value"
    return f"{what} [{unit}]" if unit else what


def said_limits(limits: tuple[float, float], unit: str | None) -> str:
    """Physical limits in words; either may be infinite."""
    low, high = limits
    behind = f" {unit}" if unit else ""
    if low == float("-inf"):
        return f"up to {high:g}{behind}"
    return f"from {low:g}{behind}" if high == float("inf") else f"{low:g} to {high:g}{behind}"


def value_axis(title: str, column: str = "value") -> alt.Y:
    """The y axis of readings; all layers of a chart give it the same title."""
    y: alt.Y = alt.Y(f"{column}:Q", title=title, scale=_VALUE_SCALE, axis=alt.Axis(tickCount=6))
    return y


def kind_colour(events: Sequence[Event]) -> alt.Color:
    """The colour of each kind that is there, with a legend."""
    kinds = [kind for kind in Kind if any(event.kind is kind for event in events)]
    scale = alt.Scale(domain=[kind.value for kind in kinds], range=[COLOURS[kind] for kind in kinds])
    colour: alt.Color = alt.Color("kind:N", scale=scale, legend=alt.Legend(title="event", symbolOpacity=1))
    return colour


def tooltip(*columns: str) -> list[alt.Tooltip]:
    """The time and the columns of a point."""
    return [alt.Tooltip("time:T", format="%Y-%m-%d %H:%M:%S"), *(alt.Tooltip(f"{column}:Q") for column in columns)]


def zoom() -> alt.Parameter:
    """Wheel and drag move the time axis."""
    parameter: alt.Parameter = alt.selection_interval(bind="scales", encodings=["x"])
    return parameter

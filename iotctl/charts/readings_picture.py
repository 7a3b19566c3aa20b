"""A picture of readings: a panel for each unit, a line for each sensor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt

from iotctl.charts.marks import READINGS_COLOUR, WIDTH, table, time_axis, value_axis
from iotctl.charts.pictures import specification, write_picture
from iotctl.charts.series import NamedSeries, said
from iotctl.charts.thinning import shown_rows, with_holes
from iotctl.charts.words import value_title

_HEIGHT = 340

# Twice the width of the chart in a PNG of double resolution.
_POINTS = 4000

# So few readings are also shown as points: a single reading has no line.
_FEW = 60

# Okabe and Ito's colours; after them dashes tell the lines of a panel apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255")
_DASHES = ([1, 0], [7, 3], [2, 3], [9, 3, 2, 3])


def write_readings_picture(series: Sequence[NamedSeries], path: Path, title: str, timezone: str) -> None:
    """Draw them as PNG of double resolution or as SVG."""
    units = list(dict.fromkeys(one.unit for one in series))
    panels = []
    for place, unit in enumerate(units, 1):
        those = [number for number, one in enumerate(series) if one.unit == unit]
        label = value_title(series[those[0]].name, unit) if len(those) == 1 else unit or "value"
        lines = [
            _line(series, number, _DASHES[order % len(_DASHES)], label, timezone, is_lowest=place == len(units))
            for order, number in enumerate(those)
        ]
        panels.append(alt.layer(*lines).properties(width=WIDTH, height=_HEIGHT // min(len(units), 2)))
    heading = {
        "text": title,
        "subtitle": [said(one, timezone, len(series)) for one in series],
        "anchor": "start",
        "subtitleColor": "#666666",
    }
    chart = alt.vconcat(*panels, spacing=10).resolve_scale(x="shared", color="shared").properties(title=heading)
    write_picture(specification(chart), path)


def _line(
    series: Sequence[NamedSeries], number: int, dash: list[int], label: str, timezone: str, *, is_lowest: bool
) -> Any:
    one = series[number]
    rows = shown_rows(one.value, _POINTS)
    time, (value,) = with_holes(one.time[rows], [one.value[rows]], one.time)
    colours = (
        [READINGS_COLOUR] if len(series) == 1 else [_COLOURS[place % len(_COLOURS)] for place in range(len(series))]
    )
    points = alt.OverlayMarkDef(size=18) if len(one.time) < _FEW else False
    mark = table(time, timezone, value=value).mark_line(strokeWidth=1, strokeDash=dash, point=points)
    names = alt.Scale(domain=[each.name for each in series], range=colours)
    legend = None if len(series) == 1 else alt.Legend(title=None, orient="top", symbolType="stroke")
    return mark.encode(
        x=time_axis(timezone if is_lowest else None),
        y=value_axis(label),
        color=alt.ColorDatum(one.name, scale=names, legend=legend),
    )

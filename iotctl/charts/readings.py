"""A chart of readings alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iotctl.charts.files import check_suffix, specification, write_picture
from iotctl.charts.marks import READINGS_COLOUR, WIDTH, span, table, time_axis, tooltip, value_axis, value_title, zoom
from iotctl.charts.pages import write_page
from iotctl.charts.thinning import shown_rows, with_holes
from iotctl.words import counted

_HEIGHT = 340

# Twice as many points as the chart is wide in a PNG of double resolution; a page can be zoomed.
_PICTURE_POINTS, PAGE_POINTS = 4000, 20_000


def draw_readings(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    path: Path,
    *,
    title: str,
    timezone: str = "Europe/Berlin",
    unit: str | None = None,
) -> None:
    """Draw readings as a line. time: microseconds since 1970-01-01 UTC, shown by the clock of timezone.

    title: the sensor's name. unit: of its values, if it is known.

    Raises UsageError for another suffix than .png, .svg or .html.
    """
    check_suffix(path)
    is_page = path.suffix.lower() == ".html"
    rows = shown_rows(value, PAGE_POINTS if is_page else _PICTURE_POINTS)
    shown_time, shown_value = with_holes(time[rows], value[rows], time)
    heading = {
        "text": title,
        "subtitle": f"{counted(len(time), 'reading')}{span(time, timezone)}",
        "anchor": "start",
        "subtitleColor": "#666666",
    }
    spec = specification(
        table(shown_time, timezone, value=shown_value)
        .mark_line(strokeWidth=1, color=READINGS_COLOUR)
        .encode(x=time_axis(timezone), y=value_axis(value_title(title, unit)), tooltip=tooltip("value"))
        .properties(width=WIDTH, height=_HEIGHT, title=heading)
        .add_params(zoom())
    )
    if is_page:
        write_page(spec, path, title)
    else:
        write_picture(spec, path)

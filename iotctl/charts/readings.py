"""A chart of only readings, of one sensor or of several in one panel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iotctl.charts.files import check_chart, is_page
from iotctl.charts.series import NamedSeries

__all__ = ["NamedSeries", "draw_readings"]


def draw_readings(series: Sequence[NamedSeries], path: Path, *, timezone: str = "Europe/Berlin") -> None:
    """Draw readings as lines; each unit has its own panel. Times are shown in timezone.

    Raises the errors of check_chart.
    """
    check_chart(path)
    title = ", ".join(one.name for one in series)
    # Each of the two imports its own library, and only one is needed.
    if is_page(path):
        from iotctl.charts.pages import write_readings_page

        write_readings_page(series, path, title, timezone)
    else:
        from iotctl.charts.readings_picture import write_readings_picture

        write_readings_picture(series, path, title, timezone)

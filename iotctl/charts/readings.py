"""A chart of readings alone, of one sensor or of several over each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iotctl.charts.files import check_chart, is_page
from iotctl.charts.series import NamedSeries

__all__ = ["NamedSeries", "draw_readings"]


def draw_readings(series: Sequence[NamedSeries], path: Path, *, timezone: str = "Europe/Berlin") -> None:
    """Draw readings as lines; sensors of another unit get a panel of their own. Times go by the clock of timezone.

    See check_chart for what is raised.
    """
    check_chart(path)
    title = ", ".join(one.name for one in series)
    # Each brings a library of its own, and one is enough.
    if is_page(path):
        from iotctl.charts.pages import write_readings_page

        write_readings_page(series, path, title, timezone)
    else:
        from iotctl.charts.readings_picture import write_readings_picture

        write_readings_picture(series, path, title, timezone)

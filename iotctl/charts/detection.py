"""A chart of a detection, as a picture or as a page."""

from __future__ import annotations

from pathlib import Path

from iotctl.charts.about import About
from iotctl.charts.files import check_chart, check_pictures, is_page
from iotctl.model import Detection


def draw_detection(detection: Detection, path: Path, about: About, *, verdicts: bool = False) -> None:
    """Draw readings, band, expected line, change points, events, residuals and severity, and a close-up of each event.

    A page draws all readings at every zoom (from 200,000 on a selection that shows the course, and all around events).
    verdicts: give the events of a page buttons for verdicts. Raises the errors of check_chart.
    """
    check_chart(path)
    # Each of the two imports its own library, and only one is needed.
    if is_page(path):
        from iotctl.charts.pages import write_detection_page

        write_detection_page(detection, path, about, verdicts=verdicts)
    else:
        from iotctl.charts.detection_picture import write_detection_picture

        write_detection_picture(detection, path, about)


def detection_svg(detection: Detection, about: About) -> str:
    """The same as a small SVG, which a notebook stores. Raises ConfigurationError: see check_pictures."""
    check_pictures()
    from iotctl.charts import detection_picture

    return detection_picture.detection_svg(detection, about)

"""A chart of a detection, which a notebook shows and which can be saved."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from iotctl.analysis import DetectOptions
from iotctl.api.trouble import said_plainly
from iotctl.charts import About, check_pictures, detection_svg, draw_detection
from iotctl.model import Detection


class Chart:
    """A picture of a series with its events. A notebook shows it, without a network."""

    def __init__(self, detection: Detection, name: str, unit: str | None, options: DetectOptions) -> None:
        self._detection = detection
        self._about = About(name, unit, options.limits, options.timezone, options.threshold)

    @said_plainly
    def save(self, path: str | PathLike[str]) -> None:
        """Write it as .png, .svg, or as .html (a page with zoom). Raises UsageError for another suffix."""
        draw_detection(self._detection, Path(path), self._about)

    def __repr__(self) -> str:
        return f"Chart({self._about.title!r})"

    def _repr_svg_(self) -> str:
        return detection_svg(self._detection, self._about)


def draw(detection: Detection, name: str, unit: str | None, options: DetectOptions) -> Chart:
    """A chart of a detection. Raises ConfigurationError where pictures are not installed."""
    check_pictures()
    return Chart(detection, name, unit, options)

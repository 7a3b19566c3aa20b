"""A chart of what was found, which a notebook shows and which can be saved."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from iotctl.analysis import DetectOptions
from iotctl.api.trouble import said_plainly
from iotctl.charts import check_pictures, detection_svg, draw_detection
from iotctl.model import Detection


class Chart:
    """A picture of a series and what was found in it. A notebook shows it; it needs no network."""

    def __init__(self, detection: Detection, name: str, unit: str | None, options: DetectOptions) -> None:
        self._detection, self._name, self._unit, self._options = detection, name, unit, options

    @said_plainly
    def save(self, path: str | PathLike[str]) -> None:
        """Write it as .png, .svg, or as .html: a page to zoom into. Raises UsageError for another suffix."""
        draw_detection(
            self._detection,
            Path(path),
            title=self._name,
            timezone=self._options.timezone,
            threshold=self._options.threshold,
            unit=self._unit,
            limits=self._options.limits,
        )

    def __repr__(self) -> str:
        return f"Chart({self._name!r})"

    def _repr_svg_(self) -> str:
        return detection_svg(
            self._detection,
            title=self._name,
            timezone=self._options.timezone,
            threshold=self._options.threshold,
            unit=self._unit,
            limits=self._options.limits,
        )


def draw(detection: Detection, name: str, unit: str | None, options: DetectOptions) -> Chart:
    """A chart of a detection. Raises ConfigurationError where pictures are not installed."""
    check_pictures()
    return Chart(detection, name, unit, options)

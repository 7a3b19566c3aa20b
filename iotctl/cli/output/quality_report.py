"""The page of iotctl quality."""

from __future__ import annotations

from pathlib import Path

from iotctl.analysis.quality.quality_words import quality_words
from iotctl.charts import QualityCard
from iotctl.cli.output.log import say
from iotctl.cli.output.worst import Worst
from iotctl.moments import local_time
from iotctl.services.quality import SensorQuality
from iotctl.words import counted

# Sensors on the page; of more, those with the lowest scores.
_LINES = 2000


class QualityReport:
    """Collects sensors for the page, in bounded memory. timezone: of its months."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone
        self._lowest: Worst[QualityCard] = Worst(_LINES)
        self._failed = 0

    def add(self, found: SensorQuality) -> None:
        """Add a sensor that was measured, or that failed."""
        from iotctl.charts import QualityCard

        if found.whole is None:
            self._failed += 1
            return
        card = QualityCard(
            name=found.sensor.title,
            about="; ".join(f"{label} {text}" for label, text in sorted(found.sensor.labels.items())),
            score=found.whole.score,
            months=tuple(
                (f"{local_time(month, self._timezone):%Y-%m}", quality.score) for month, quality in found.months
            ),
            said=tuple(quality_words(found.whole)),
        )
        self._lowest.add(-found.whole.score, card)

    def write(self, path: Path) -> None:
        """Write the page. Raises IotctlError."""
        from iotctl.charts import draw_quality

        notes = [f"{counted(self._failed, 'sensor')} could not be read"] if self._failed else []
        draw_quality(self._lowest.kept(), path, sensors=self._lowest.given, notes=notes)
        say(f"report: {path}")

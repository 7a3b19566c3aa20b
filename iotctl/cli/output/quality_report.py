"""The page of iotctl quality."""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import TYPE_CHECKING

from iotctl.cli.output.log import say
from iotctl.moments import local_time

if TYPE_CHECKING:
    from iotctl.charts import QualityCard
    from iotctl.services.quality import SensorQuality

# Lines on the page; of more sensors than this, those with the lowest scores.
_LINES = 2000


class QualityReport:
    """Gathers sensors for the page, in bounded memory. timezone: of its months."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone
        self._lowest: list[tuple[float, int, QualityCard]] = []
        self._sensors = self._failed = 0

    def add(self, found: SensorQuality) -> None:
        """A sensor that was measured, or could not be."""
        from iotctl.analysis.quality_words import quality_words
        from iotctl.charts import QualityCard

        if found.whole is None:
            self._failed += 1
            return
        self._sensors += 1
        card = QualityCard(
            name=found.sensor.sensor_name or found.sensor.sensor_uuid,
            about="; ".join(f"{label} {text}" for label, text in sorted(found.sensor.labels.items())),
            score=found.whole.score,
            months=tuple(
                (f"{local_time(month, self._timezone):%Y-%m}", quality.score) for month, quality in found.months
            ),
            said=tuple(quality_words(found.whole)),
        )
        # The second number settles equal scores, so that cards are never compared.
        add = heapq.heappush if len(self._lowest) < _LINES else heapq.heappushpop
        add(self._lowest, (-found.whole.score, self._sensors, card))

    def write(self, path: Path) -> None:
        """Write the page. Raises IotctlError."""
        from iotctl.charts import draw_quality

        notes = [f"{self._failed:,} sensors could not be read"] if self._failed else []
        draw_quality([card for _, _, card in self._lowest], path, sensors=self._sensors, notes=notes)
        say(f"report: {path}")

"""Save the quality of sensors, for dashboards and pages."""

from __future__ import annotations

from collections.abc import Sequence

from iotctl.analysis.quality.quality import Quality
from iotctl.analysis.quality.quality_words import quality_words
from iotctl.model import Sensor
from iotctl.repositories import Database
from iotctl.repositories.findings.qualities import KeptMonth, KeptQuality, keep_qualities, kept_scores
from iotctl.services.quality import SensorQuality


def keep_quality(database: Database, found: Sequence[SensorQuality]) -> int:
    """Save the quality of sensors in place of their earlier one; returns their number."""
    kept = [_kept(one, one.whole) for one in found if one.whole is not None]
    with database.connect(application="iotctl quality") as conn:
        keep_qualities(conn, kept)
    return len(kept)


def known_quality(database: Database, sensors: Sequence[Sensor]) -> dict[int, tuple[float, str]]:
    """sensor_id -> score and words of the last saved quality, for the sensors that have one."""
    with database.connect(application="iotctl quality") as conn:
        return kept_scores(conn, [sensor.sensor_id for sensor in sensors])


def _kept(found: SensorQuality, whole: Quality) -> KeptQuality:
    beyond = [count for count in (whole.below, whole.above) if count is not None]
    return KeptQuality(
        sensor_id=found.sensor.sensor_id,
        score=whole.score,
        readings=whole.readings,
        completeness=whole.completeness,
        gaps=whole.gaps,
        silent_seconds=whole.silent,
        stuck=_share(whole.stuck, whole),
        beyond=_share(sum(beyond), whole) if beyond else None,
        invalid=_share(whole.invalid, whole),
        jitter_seconds=whole.jitter,
        drift_seconds=whole.drift,
        unit_changes=whole.unit_changes,
        resolution_changes=whole.resolution_changes,
        explanation="; ".join(quality_words(whole)),
        months=tuple(KeptMonth(start, part.score, part.readings, part.completeness) for start, part in found.months),
    )


def _share(count: int, whole: Quality) -> float | None:
    return count / whole.readings if whole.readings else None

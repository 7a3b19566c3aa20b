"""The quality of sensors as rows."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from iotctl.analysis.quality.quality import Quality
from iotctl.analysis.quality.quality_words import quality_words
from iotctl.cli.output.colours import by_score
from iotctl.cli.output.table import Cell, TableView
from iotctl.moments import local_time
from iotctl.repositories.ledger.losses import Losses
from iotctl.services.quality import SensorQuality

COLUMNS = [
    *("sensor", "score", "readings", "completeness", "missing", "gaps", "longest_gap_seconds", "silent_seconds"),
    *("stuck", "below", "above", "invalid", "interval_seconds", "jitter_seconds", "drift_seconds_per_day"),
    *("resolution", "resolution_changes", "unit_changes", "conflicts", "rejected", "without_value", "bad_quality"),
    *("first", "last", "explanation"),
]
VIEW = TableView(
    main=("sensor", "month", "score", "readings", "completeness", "last", "explanation"),
    prose="explanation",
    colours={"score": by_score},
    nothing="No sensor, or month of one, was measured.",
)


class By(StrEnum):
    """How rows are split."""

    MONTH = "month"


def parts(found: SensorQuality, by: By | None) -> list[tuple[int | None, Quality]]:
    """The parts of a sensor that have a row: each month (its start), or the whole (None)."""
    if by is not None:
        return list(found.months)
    return [] if found.whole is None else [(None, found.whole)]


def quality_rows(found: SensorQuality, by: By | None, months_of: str, timezone: str) -> Iterator[tuple[Cell, ...]]:
    """A row of COLUMNS for each part of a sensor; by month, the month comes after the sensor.

    months_of: the zone of the months. timezone: of the printed times.
    """
    name = found.sensor.title
    for month, quality in parts(found, by):
        if month is None:
            yield (name, *_cells(quality, found.losses, timezone))
        else:
            # The ledger counts per batch, and a batch may have readings of several months.
            yield (name, f"{local_time(month, months_of):%Y-%m}", *_cells(quality, None, timezone))


def _cells(quality: Quality, losses: Losses | None, timezone: str) -> tuple[Cell, ...]:
    shares = (quality.stuck, quality.below, quality.above, quality.invalid)
    steps = (quality.interval, quality.jitter, quality.drift, quality.resolution)
    lost: tuple[Cell, ...] = (None,) * 4
    if losses is not None:
        lost = (losses.conflicts, losses.rejected, losses.without_value, losses.bad_quality)
    return (
        *(round(quality.score, 1), quality.readings, _rounded(quality.completeness)),
        *(_rounded(quality.missing), quality.gaps, _rounded(quality.longest_gap), _rounded(quality.silent)),
        *(_share(count, quality.readings) for count in shares),
        *(_rounded(number) for number in steps),
        *(quality.resolution_changes, quality.unit_changes),
        *lost,
        *(
            None if moment is None else local_time(moment, timezone).replace(microsecond=0)
            for moment in (quality.first, quality.last)
        ),
        "; ".join(quality_words(quality)),
    )


def _share(count: int | None, readings: int) -> float | None:
    return None if count is None or not readings else _rounded(count / readings)


def _rounded(number: float | None) -> float | None:
    """Rounded to six digits."""
    return None if number is None else float(f"{number:.6g}")

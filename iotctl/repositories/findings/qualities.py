"""The stored quality of sensors, for dashboards: the last measurement, in total and by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime


@dataclass(frozen=True, slots=True)
class KeptMonth:
    """A month of a sensor; month: its start, microseconds since 1970-01-01 UTC."""

    month: int
    score: float
    readings: int
    completeness: float | None


@dataclass(frozen=True, slots=True)
class KeptQuality:
    """A sensor's quality. stuck, beyond, invalid: shares of its readings, None where not known."""

    sensor_id: int
    score: float
    readings: int
    completeness: float | None
    gaps: int
    silent_seconds: float | None
    stuck: float | None
    beyond: float | None
    invalid: float | None
    jitter_seconds: float | None
    drift_seconds: float | None
    unit_changes: int
    resolution_changes: int
    explanation: str
    months: tuple[KeptMonth, ...]


def keep_qualities(conn: Connection, qualities: Sequence[KeptQuality]) -> None:
    """Replace the last measurements of these sensors, in one transaction."""
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("DELETE FROM sensor_quality WHERE sensor_id = ANY(%s)", ([one.sensor_id for one in qualities],))
        cursor.executemany(
            "INSERT INTO sensor_quality (sensor_id, score, readings, completeness, gaps, silent_seconds, stuck,"
            " beyond_limits, invalid, jitter_seconds, drift_seconds, unit_changes, resolution_changes, explanation)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    *(one.sensor_id, one.score, one.readings, one.completeness, one.gaps, one.silent_seconds),
                    *(one.stuck, one.beyond, one.invalid, one.jitter_seconds, one.drift_seconds, one.unit_changes),
                    *(one.resolution_changes, one.explanation),
                )
                for one in qualities
            ],
        )
        cursor.executemany(
            "INSERT INTO sensor_quality_month (sensor_id, month, score, readings, completeness)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                (one.sensor_id, as_datetime(part.month), part.score, part.readings, part.completeness)
                for one in qualities
                for part in one.months
            ],
        )


def kept_scores(conn: Connection, sensor_ids: Sequence[int]) -> dict[int, tuple[float, str]]:
    """sensor_id -> score and what is wrong in words, for sensors with a stored quality."""
    with conn.cursor(row_factory=class_row(_KeptScore)) as cursor:
        cursor.execute(
            "SELECT sensor_id, score, explanation FROM sensor_quality WHERE sensor_id = ANY(%s)", (list(sensor_ids),)
        )
        return {one.sensor_id: (one.score, one.explanation) for one in cursor}


@dataclass(frozen=True, slots=True)
class _KeptScore:
    sensor_id: int
    score: float
    explanation: str

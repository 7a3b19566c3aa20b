"""Runs of detection, and the watermark of each sensor: the time up to which it was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg.types.json import Jsonb

from iotctl.model import SensorMemory
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_value
from iotctl.repositories.postgres.timestamps import as_datetime, optional_microseconds, upper_bound

Parameters = Mapping[str, object]


class DetectRunRepository:
    """Runs and watermarks, on one connection.

    A watermark is valid only for the same parameters, which are JSON values.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def begin(self, method: str, parameters: Parameters) -> int:
        """The id of a new run. method: its name and version."""
        return one_value(
            self._conn,
            int,
            "INSERT INTO detect_run (method, parameters) VALUES (%s, %s) RETURNING run_id",
            (method, Jsonb(parameters)),
        )

    def with_news(self, sensor_ids: Sequence[int], parameters: Parameters, end: int | None) -> dict[int, int | None]:
        """The sensors of these with readings in (watermark, end) -> watermark, None where there is none yet.

        Watermark and end: microseconds since 1970-01-01 UTC.
        """
        # LIMIT stops the planner from joining the whole reading table: now it uses the index once for each sensor,
        # and only after the watermark.
        rows = self._conn.execute(
            """
            SELECT wanted.sensor_id, watermark.analysed_to
            FROM unnest(%(ids)s::int[]) AS wanted(sensor_id)
            LEFT JOIN detect_watermark AS watermark
                   ON watermark.sensor_id = wanted.sensor_id AND watermark.parameters = %(parameters)s
            CROSS JOIN LATERAL (
                SELECT FROM readings_of(
                    wanted.sensor_id, coalesce(watermark.analysed_to + interval '1 microsecond', '-infinity'), %(end)s
                )
                LIMIT 1
            ) AS newer
            """,
            {
                "ids": list(sensor_ids),
                "parameters": Jsonb(parameters),
                "end": upper_bound(end),
            },
        )
        return {sensor_id: optional_microseconds(time) for sensor_id, time in rows}

    def memory(self, sensor_id: int, parameters: Parameters) -> SensorMemory:
        """What runs have learnt of a sensor so far; an empty memory before the first run."""
        row = self._conn.execute(
            "SELECT learnt FROM detect_watermark WHERE sensor_id = %s AND parameters = %s",
            (sensor_id, Jsonb(parameters)),
        ).fetchone()
        return SensorMemory.from_json(row[0] if row else None)

    def move_watermark(self, sensor_id: int, parameters: Parameters, analysed_to: int, memory: SensorMemory) -> None:
        """Note that a sensor was judged up to this reading, with its memory; the watermark never moves back."""
        self._conn.execute(
            "INSERT INTO detect_watermark AS stored (sensor_id, parameters, analysed_to, learnt)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (sensor_id, parameters)"
            " DO UPDATE SET analysed_to = EXCLUDED.analysed_to, learnt = EXCLUDED.learnt"
            " WHERE stored.analysed_to <= EXCLUDED.analysed_to",
            (sensor_id, Jsonb(parameters), as_datetime(analysed_to), Jsonb(memory.as_json)),
        )

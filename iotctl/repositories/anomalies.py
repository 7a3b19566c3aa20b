"""The anomaly table: what detection found, kept for later runs and other tools."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from iotctl.model import Event
from iotctl.repositories.binary import as_datetime
from iotctl.repositories.connection import Connection


class AnomalyRepository:
    """Events by sensor, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def save(self, sensor_id: int, events: Sequence[Event], method: str, parameters: dict[str, object]) -> int:
        """Keep events, each once however often it is found; returns how many are new. Known ones are updated.

        method: its name and version. parameters: JSON-able.
        """
        new = 0
        with self._conn.transaction():
            for event in events:
                row = self._conn.execute(
                    """
                    INSERT INTO anomaly (sensor_id, event_id, kind, start_time, end_time, readings, severity, score,
                                         extreme, expected, low, high, explanation, method, parameters)
                    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                    ON CONFLICT (sensor_id, event_id) DO UPDATE SET
                        kind = EXCLUDED.kind, start_time = EXCLUDED.start_time, end_time = EXCLUDED.end_time,
                        readings = EXCLUDED.readings, severity = EXCLUDED.severity, score = EXCLUDED.score,
                        extreme = EXCLUDED.extreme, expected = EXCLUDED.expected, low = EXCLUDED.low,
                        high = EXCLUDED.high, explanation = EXCLUDED.explanation, method = EXCLUDED.method,
                        parameters = EXCLUDED.parameters
                    RETURNING xmax = 0
                    """,
                    (
                        *(sensor_id, event.event_id, event.kind, as_datetime(event.start), as_datetime(event.end)),
                        *(
                            event.rows,
                            event.severity,
                            event.score,
                            event.extreme,
                            event.expected,
                            event.low,
                            event.high,
                        ),
                        *(event.explanation, method, Jsonb(parameters)),
                    ),
                ).fetchone()
                new += row == (True,)
        return new

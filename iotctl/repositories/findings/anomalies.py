"""The anomaly table: what detection found. Verdicts on it and notices of it have files of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from psycopg.types.json import Jsonb

from iotctl.model import Event, Finding, Kind, Sensor
from iotctl.repositories.findings.anomaly_rows import AS_ANOMALY, SELECT_ANOMALIES, anomaly_rows
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import EVENTS_CLASS
from iotctl.repositories.postgres.timestamps import as_datetime, lower_bound, optional_datetime, upper_bound

_ROWS_AT_ONCE = 1000


class AnomalyRepository:
    """Events by sensor, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @contextmanager
    def one_at_a_time(self, sensor_id: int) -> Iterator[None]:
        """A transaction in which no other session saves events of the sensor, so that its rows stay the same."""
        with self._conn.transaction():
            self._conn.execute("SELECT pg_advisory_xact_lock(%s, %s)", (EVENTS_CLASS, sensor_id))
            yield

    def known(self, sensor_id: int, since: int | None = None) -> list[Finding]:
        """The sensor's stored events that end at or after since (microseconds since 1970-01-01 UTC), by start."""
        rows = anomaly_rows(
            self._conn,
            "WHERE sensor_id = %s AND end_time >= %s AND merged_into IS NULL ORDER BY start_time, event_id",
            (sensor_id, lower_bound(since)),
        )
        return [row.finding for row in rows]

    def save(
        self,
        sensor_id: int,
        run_id: int,
        findings: Sequence[Finding],
        merged: Mapping[str, str],
        told: Iterable[str],
        notify: Iterable[str] = (),
    ) -> None:
        """Save a run's findings: new rows, or updates of the rows with the same ids; labels stay. Withdraws nothing.

        merged: id of a stored event -> id of the finding that replaces it. told: ids that count as told from now on.
        notify: ids to tell people about. Runs in the caller's transaction.
        """
        news, wanted = set(told), set(notify)
        with self._conn.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO anomaly (sensor_id, event_id, kind, start_time, end_time, readings, severity, score,
                                     extreme, expected, low, high, explanation, a_year, onset, first_run, last_run,
                                     found_at, label, over_budget, notified_at, notify, told, told_end)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, now()),
                        %s, %s, %s, %s, %s, %s)
                ON CONFLICT (sensor_id, event_id) DO UPDATE SET
                    kind = EXCLUDED.kind, start_time = EXCLUDED.start_time, end_time = EXCLUDED.end_time,
                    readings = EXCLUDED.readings, severity = EXCLUDED.severity, score = EXCLUDED.score,
                    extreme = EXCLUDED.extreme, expected = EXCLUDED.expected, low = EXCLUDED.low,
                    high = EXCLUDED.high, explanation = EXCLUDED.explanation, a_year = EXCLUDED.a_year,
                    onset = EXCLUDED.onset, last_run = EXCLUDED.last_run,
                    over_budget = EXCLUDED.over_budget, notify = anomaly.notify OR EXCLUDED.notify,
                    told = EXCLUDED.told, told_end = EXCLUDED.told_end, withdrawn_at = NULL, merged_into = NULL
                """,
                [
                    (
                        *(
                            sensor_id,
                            *_event_columns(finding.event),
                            run_id,
                            run_id,
                            optional_datetime(finding.found_at),
                        ),
                        *(finding.label, finding.over_budget, optional_datetime(finding.notified_at)),
                        finding.event.event_id in wanted,
                        *_telling(finding, finding.event.event_id in news),
                    )
                    for finding in findings
                ],
            )
            cursor.executemany(
                "UPDATE anomaly SET merged_into = %s WHERE sensor_id = %s AND %s IN (event_id, merged_into)",
                [(into, sensor_id, event_id) for event_id, into in merged.items()],
            )

    def note_what_goes_on(self, sensor_id: int, since: int) -> None:
        """Note which events of a sensor go on at its last reading.

        since: events that end later than this may go on, microseconds since 1970-01-01 UTC. A silence goes on until
        there is a reading; a lasting change is told by its kind.
        """
        self._conn.execute(
            """
            UPDATE anomaly SET goes_on = NOT goes_on
            WHERE sensor_id = %(sensor_id)s AND merged_into IS NULL
              AND goes_on <> ((kind = 'silent' OR end_time >= %(since)s) AND kind <> ALL(%(lasting)s))
            """,
            {
                "sensor_id": sensor_id,
                "since": as_datetime(since),
                "lasting": [kind for kind in Kind if kind.lasts],
            },
        )

    def withdraw(self, sensor_id: int, event_ids: Sequence[str], parameters: Mapping[str, object]) -> None:
        """Mark these events as withdrawn, if a run with the same parameters found them last."""
        if event_ids:
            self._conn.execute(
                "UPDATE anomaly SET withdrawn_at = now() FROM detect_run"
                " WHERE run_id = last_run AND parameters = %s AND sensor_id = %s AND event_id = ANY(%s)",
                (Jsonb(parameters), sensor_id, list(event_ids)),
            )

    def stored(
        self,
        sensor_id: int | None = None,
        start: int | None = None,
        end: int | None = None,
        kinds: Sequence[Kind] = (),
        *,
        withdrawn: bool = False,
    ) -> Iterator[tuple[Sensor, Finding]]:
        """Stored events by sensor name and start, in constant memory; withdrawn ones only if withdrawn is set.

        sensor_id: None for all. kinds: empty for all. start, end: events that reach into [start, end), microseconds
        since 1970-01-01 UTC, None for open.
        """
        with self._conn.transaction(), self._conn.cursor("stored_events", row_factory=AS_ANOMALY) as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(
                SELECT_ANOMALIES
                + """
                WHERE merged_into IS NULL AND (%(withdrawn)s OR withdrawn_at IS NULL)
                  AND (%(sensor_id)s::int IS NULL OR sensor_id = %(sensor_id)s)
                  AND end_time >= %(start)s AND start_time < %(end)s
                  AND (%(kinds)s::text[] = '{}' OR kind = ANY(%(kinds)s))
                ORDER BY sensor_name NULLS LAST, sensor_uuid, start_time, event_id
                """,
                {
                    "sensor_id": sensor_id,
                    "start": lower_bound(start),
                    "end": upper_bound(end),
                    "kinds": list(kinds),
                    "withdrawn": withdrawn,
                },
            )
            for row in cursor:
                yield row.sensor, row.finding


def _event_columns(event: Event) -> tuple[object, ...]:
    return (
        *(event.event_id, event.kind, as_datetime(event.start), as_datetime(event.end), event.rows),
        *(event.severity, event.score, event.extreme, event.expected, event.low, event.high, event.explanation),
        *(event.a_year, optional_datetime(event.onset)),
    )


def _telling(finding: Finding, is_told: bool) -> tuple[object, ...]:
    """The columns told and told_end of a finding."""
    if is_told:
        return finding.told + 1, as_datetime(finding.event.end)
    return finding.told, optional_datetime(finding.told_end)

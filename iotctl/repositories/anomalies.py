"""The anomaly table: the events that detection found, people's verdicts, and what was told to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from psycopg.types.json import Jsonb

from iotctl.model import Event, Finding, Kind, Label, Sensor
from iotctl.repositories.binary import as_datetime, as_microseconds
from iotctl.repositories.connection import Connection
from iotctl.repositories.locks import ADVISORY_CLASS, EVENTS_CLASS, NOTIFY_LOCK

# The columns of a sensor, then of an event: see _finding and _sensor.
_SELECT = """
    SELECT sensor_id, sensor_uuid::text, sensor_name, coalesce(unit, file_unit), event_id, kind, start_time, end_time,
           readings, severity, score, extreme, expected, anomaly.low, anomaly.high, explanation, a_year, found_at,
           label, over_budget, notified_at, told, told_end, withdrawn_at,
           onset, first_run, goes_on, told_in
    FROM anomaly JOIN sensor USING (sensor_id)
"""

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
        rows = self._conn.execute(
            _SELECT + "WHERE sensor_id = %s AND end_time >= %s AND merged_into IS NULL ORDER BY start_time, event_id",
            (sensor_id, "-infinity" if since is None else as_datetime(since)),
        )
        return [_finding(row) for row in rows]

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
                        *(sensor_id, *_event_columns(finding.event), run_id, run_id, _datetime(finding.found_at)),
                        *(finding.label, finding.over_budget, _datetime(finding.notified_at)),
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
        with self._conn.transaction(), self._conn.cursor("stored_events") as cursor:
            cursor.itersize = _ROWS_AT_ONCE
            cursor.execute(
                _SELECT
                + """
                WHERE merged_into IS NULL AND (%(withdrawn)s OR withdrawn_at IS NULL)
                  AND (%(sensor_id)s::int IS NULL OR sensor_id = %(sensor_id)s)
                  AND end_time >= %(start)s AND start_time < %(end)s
                  AND (%(kinds)s::text[] = '{}' OR kind = ANY(%(kinds)s))
                ORDER BY sensor_name NULLS LAST, sensor_uuid, start_time, event_id
                """,
                {
                    "sensor_id": sensor_id,
                    "start": "-infinity" if start is None else as_datetime(start),
                    "end": "infinity" if end is None else as_datetime(end),
                    "kinds": list(kinds),
                    "withdrawn": withdrawn,
                },
            )
            for row in cursor:
                yield _sensor(row), _finding(row)

    def label(self, verdicts: Mapping[str, Label | None]) -> list[tuple[Sensor, Finding]]:
        """Save verdicts on events by their ids (None removes a verdict); returns the changed events.

        If a longer event has replaced an event, the verdict goes to the longer one; ids without an event are left out.
        """
        ids = list(verdicts)
        rows = self._conn.execute(
            """
            UPDATE anomaly SET label = verdict.label, labelled_at = now(), teaches = true
            FROM (SELECT sensor_id, coalesce(merged_into, event_id) AS event_id, min(v.label) AS label
                  FROM unnest(%s::text[], %s::text[]) AS v (event_id, label) JOIN anomaly USING (event_id)
                  GROUP BY 1, 2) AS verdict
            WHERE (anomaly.sensor_id, anomaly.event_id) = (verdict.sensor_id, verdict.event_id)
            RETURNING anomaly.sensor_id, anomaly.event_id
            """,
            (ids, [verdicts[event_id] for event_id in ids]),
        ).fetchall()
        return self._events([(int(str(sensor_id)), str(event_id)) for sensor_id, event_id in rows])

    def standing(self, event_ids: Sequence[str]) -> dict[str, str]:
        """Each of these ids that has an event -> the id under which this event is stored now."""
        rows = self._conn.execute(
            "SELECT event_id, coalesce(merged_into, event_id) FROM anomaly WHERE event_id = ANY(%s)", (list(event_ids),)
        )
        return {str(event_id): str(kept) for event_id, kept in rows}

    def verdicts(self) -> list[tuple[int, Finding]]:
        """Sensor id and event of each verdict that may teach something, by sensor and start."""
        rows = self._conn.execute(
            _SELECT
            + "WHERE label IS NOT NULL AND teaches AND merged_into IS NULL ORDER BY sensor_id, start_time, event_id"
        )
        return [(_sensor(row).sensor_id, _finding(row)) for row in rows]

    def forget(self, event_ids: Sequence[str]) -> list[tuple[Sensor, Finding]]:
        """Stop learning from the verdicts on these events; returns the events that had taught something."""
        rows = self._conn.execute(
            "UPDATE anomaly SET teaches = false WHERE event_id = ANY(%s) AND label IS NOT NULL AND teaches"
            " RETURNING sensor_id, event_id",
            (list(event_ids),),
        ).fetchall()
        return self._events([(int(str(sensor_id)), str(event_id)) for sensor_id, event_id in rows])

    def _events(self, keys: Sequence[tuple[int, str]]) -> list[tuple[Sensor, Finding]]:
        rows = self._conn.execute(
            _SELECT  # noqa: S608 -- constants
            + """
            WHERE (sensor_id, event_id) IN (SELECT * FROM unnest(%s::int[], %s::text[]))
            ORDER BY sensor_name NULLS LAST, sensor_uuid, start_time, event_id
            """,
            ([sensor_id for sensor_id, _ in keys], [event_id for _, event_id in keys]),
        )
        return [(_sensor(row), _finding(row)) for row in rows]

    @contextmanager
    def one_notifier(self) -> Iterator[None]:
        """A context in which no other session notifies people, so that no event is told twice."""
        self._conn.execute("SELECT pg_advisory_lock(%s, %s)", (ADVISORY_CLASS, NOTIFY_LOCK))
        try:
            yield
        finally:
            self._conn.execute("SELECT pg_advisory_unlock(%s, %s)", (ADVISORY_CLASS, NOTIFY_LOCK))

    def unsent(self, sensor_ids: Sequence[int], limit: int) -> list[tuple[Sensor, Finding]]:
        """Events of these sensors that are marked for telling and were not told yet; the first ones by time."""
        rows = self._conn.execute(
            _SELECT
            + """
            WHERE sensor_id = ANY(%s) AND notify AND NOT over_budget AND merged_into IS NULL
              AND withdrawn_at IS NULL
              AND (label IS NULL OR label = 'true')
            ORDER BY start_time, sensor_id, event_id LIMIT %s
            """,
            (list(sensor_ids), limit),
        )
        return [(_sensor(row), _finding(row)) for row in rows]

    def mark_notified(self, events: Sequence[tuple[Sensor, Finding]], incident_id: str | None = None) -> None:
        """Note that people were told of these events.

        incident_id: of the incident of several sensors, if told as one.
        """
        self._conn.execute(
            "UPDATE anomaly SET notify = false, notified_at = now(), told_open = goes_on, told_in = %s"
            " WHERE (sensor_id, event_id) IN (SELECT * FROM unnest(%s::int[], %s::text[]))",
            (incident_id, *_keys(events)),
        )

    def untold_ends(self, sensor_ids: Sequence[int]) -> list[tuple[Sensor, Finding]]:
        """Events of these sensors with an end or withdrawal that must be told and was not told yet, by time.

        People were told of these events; now they are withdrawn, or they went on then and are over now. An incident is
        not over as long as any event that was told in it goes on.
        """
        rows = self._conn.execute(
            _SELECT
            + """
            WHERE sensor_id = ANY(%s) AND notified_at IS NOT NULL AND NOT notify AND merged_into IS NULL
              AND (label IS NULL OR label = 'true')
              AND (withdrawn_at IS NOT NULL OR told_open AND NOT goes_on AND kind <> ALL(%s))
              AND NOT EXISTS (
                  SELECT FROM anomaly AS other
                  WHERE other.told_in = anomaly.told_in AND other.told_open AND other.goes_on
                    AND other.withdrawn_at IS NULL AND other.merged_into IS NULL
              )
            ORDER BY start_time, sensor_id, event_id
            """,
            (list(sensor_ids), [kind for kind in Kind if kind.lasts]),
        )
        return [(_sensor(row), _finding(row)) for row in rows]

    def mark_end_told(self, events: Sequence[tuple[Sensor, Finding]]) -> None:
        """Note that the end of these events was told; a withdrawn event then counts as not told."""
        self._conn.execute(
            "UPDATE anomaly SET told_open = false,"
            " notified_at = CASE WHEN withdrawn_at IS NULL THEN notified_at END,"
            " told = CASE WHEN withdrawn_at IS NULL THEN told ELSE 0 END,"
            " told_end = CASE WHEN withdrawn_at IS NULL THEN told_end END"
            " WHERE (sensor_id, event_id) IN (SELECT * FROM unnest(%s::int[], %s::text[]))",
            _keys(events),
        )


def _keys(events: Sequence[tuple[Sensor, Finding]]) -> tuple[list[int], list[str]]:
    return [sensor.sensor_id for sensor, _ in events], [finding.event.event_id for _, finding in events]


def _event_columns(event: Event) -> tuple[object, ...]:
    return (
        *(event.event_id, event.kind, as_datetime(event.start), as_datetime(event.end), event.rows),
        *(event.severity, event.score, event.extreme, event.expected, event.low, event.high, event.explanation),
        *(event.a_year, _datetime(event.onset)),
    )


def _telling(finding: Finding, is_told: bool) -> tuple[object, ...]:
    """The columns told and told_end of a finding."""
    if is_told:
        return finding.told + 1, as_datetime(finding.event.end)
    return finding.told, _datetime(finding.told_end)


def _sensor(row: tuple[object, ...]) -> Sensor:
    sensor_id, uuid, name, unit = row[:4]
    return Sensor(
        int(str(sensor_id)), str(uuid), None if name is None else str(name), None if unit is None else str(unit)
    )


def _finding(row: tuple[object, ...]) -> Finding:
    event_id, kind, start, end, rows, *numbers = row[4:15]
    severity, score, extreme, expected, low, high = (float(str(number)) for number in numbers)
    explanation, a_year, found_at, label, over_budget, notified_at, told, told_end, withdrawn_at = row[15:24]
    onset, first_run, goes_on, told_in = row[24:]
    start, end = _microseconds(start), _microseconds(end)
    assert start is not None
    assert end is not None
    event = Event(
        event_id=str(event_id),
        kind=Kind(str(kind)),
        start=start,
        end=end,
        rows=int(str(rows)),
        severity=severity,
        score=score,
        extreme=extreme,
        expected=expected,
        low=low,
        high=high,
        explanation=str(explanation),
        a_year=float(str(a_year)),
        onset=_microseconds(onset),
    )
    return Finding(
        event=event,
        found_at=_microseconds(found_at),
        label=None if label is None else Label(str(label)),
        over_budget=over_budget is True,
        notified_at=_microseconds(notified_at),
        told=int(str(told)),
        told_end=_microseconds(told_end),
        withdrawn_at=_microseconds(withdrawn_at),
        first_run=int(str(first_run)),
        goes_on=goes_on is True,
        told_in=None if told_in is None else str(told_in),
    )


def _datetime(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else as_datetime(microseconds)


def _microseconds(time: object) -> int | None:
    return as_microseconds(time) if isinstance(time, datetime) else None

"""Anomalies: the saved events, and what people say about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from iotctl.errors import NotFoundError, UsageError
from iotctl.globs import HINT
from iotctl.model import Finding, Kind, Label, Sensor
from iotctl.repositories import Database, SensorRepository, ensure_schema
from iotctl.repositories.findings.anomalies import AnomalyRepository
from iotctl.repositories.findings.verdicts import VerdictRepository
from iotctl.services.detect.learned import NOTHING, marked, taught_sensors

# Ids in a message.
_NAMED = 5


@contextmanager
def stored_events(
    database: Database,
    name_or_uuid: str | None = None,
    start: int | None = None,
    end: int | None = None,
    kinds: Sequence[Kind] = (),
    *,
    withdrawn: bool = False,
) -> Iterator[Iterator[tuple[Sensor, Finding]]]:
    """Saved events by sensor name and start, read from the server one after the other.

    name_or_uuid: None for all sensors. kinds: empty for all. start, end: events that reach into [start, end),
    microseconds since 1970-01-01 UTC. withdrawn: also those that later runs no longer found. Raises NotFoundError with
    the nearest names.
    """
    with database.connect() as conn:
        ensure_schema(conn)
        sensor_id = None if name_or_uuid is None else SensorRepository(conn).find(name_or_uuid).sensor_id
        taught = taught_sensors(conn)
        yield (
            (sensor, marked(finding, taught.get(sensor.sensor_id, NOTHING)))
            for sensor, finding in AnomalyRepository(conn).stored(sensor_id, start, end, kinds, withdrawn=withdrawn)
        )


def label_events(
    database: Database, verdicts: Mapping[str, Label | None], *, dry_run: bool = False
) -> list[tuple[Sensor, Finding]]:
    """Save verdicts on events by their ids (None removes a verdict); returns the events.

    dry_run: save nothing. Raises NotFoundError where an id has no event, and UsageError where an event gets two
    verdicts; then nothing is saved.
    """
    with database.connect() as conn, conn.transaction(force_rollback=dry_run):
        ensure_schema(conn)
        known = VerdictRepository(conn)
        kept = known.standing(list(verdicts))
        if missing := [event_id for event_id in verdicts if event_id not in kept]:
            listed = ", ".join(repr(event_id) for event_id in missing[:_NAMED])
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            raise NotFoundError(
                f"No event has the id {listed}{more}; nothing was labelled.", hint="The ids: iotctl anomalies"
            )
        by_event: dict[str, Label | None] = {}
        for event_id, label in verdicts.items():
            if by_event.setdefault(kept[event_id], label) is not label:
                raise UsageError(
                    f"There are two verdicts on {kept[event_id]!r}; nothing was labelled.",
                    hint="Leave out one of them.",
                )
        return known.label(by_event)


def label_matching(
    database: Database,
    label: Label | None,
    match: str,
    start: int | None,
    end: int | None,
    kinds: Sequence[Kind] = (),
    *,
    dry_run: bool = False,
) -> list[tuple[Sensor, Finding]]:
    """Save one verdict on all events without a label of the matching sensors; None removes all labels there.

    match: a glob on names. start, end: events that reach into [start, end), microseconds since 1970-01-01 UTC, None for
    open. kinds: empty for all. dry_run: save nothing. Raises NotFoundError where no sensor matches.
    """
    with database.connect() as conn, conn.transaction(force_rollback=dry_run):
        ensure_schema(conn)
        chosen = {sensor.sensor_id for sensor in SensorRepository(conn).all(match)}
        if not chosen:
            raise NotFoundError(f"No sensor's name fits {match!r}.", hint=f"{HINT} All names: iotctl sensors")
        ids = [
            finding.event.event_id
            for sensor, finding in AnomalyRepository(conn).stored(None, start, end, kinds)
            if sensor.sensor_id in chosen and (finding.label is None) is (label is not None)
        ]
        return VerdictRepository(conn).label(dict.fromkeys(ids, label))

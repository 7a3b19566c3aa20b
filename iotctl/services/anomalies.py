"""Anomalies: the events that were saved, and what people say of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from iotctl.model import Finding, Kind, Label, Sensor
from iotctl.repositories import Database, SensorRepository, ensure_schema
from iotctl.repositories.anomalies import AnomalyRepository


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
    """Saved events by sensor name and start, read from the server as they are asked for.

    name_or_uuid, kinds: None and none for all. start, end: the events that reach into [start, end), microseconds since
    1970-01-01 UTC. withdrawn: those that later runs no longer found, as well. Raises NotFoundError with the nearest
    names.
    """
    with database.connect() as conn:
        ensure_schema(conn)
        sensor_id = None if name_or_uuid is None else SensorRepository(conn).find(name_or_uuid).sensor_id
        yield AnomalyRepository(conn).stored(sensor_id, start, end, kinds, withdrawn=withdrawn)


def label_event(database: Database, event_id: str, label: Label | None) -> tuple[Sensor, Finding]:
    """Keep a verdict on an event, None to take it back; returns the event. Raises NotFoundError."""
    with database.connect() as conn:
        ensure_schema(conn)
        return AnomalyRepository(conn).label(event_id, label)

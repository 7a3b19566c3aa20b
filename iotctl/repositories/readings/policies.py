"""The policies of the server: how long readings are kept, when they are compressed, which aggregates there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from iotctl.model import StorageLayout
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.readings.aggregates import AggregateState, aggregate_states
from iotctl.repositories.storage.storage import ReadingStorage


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies. retain: None for unlimited. compress_after: None where nothing compresses late readings.

    aggregates: empty where there are none.
    """

    layout: StorageLayout
    retain: timedelta | None
    compress_after: timedelta | None
    aggregates: tuple[AggregateState, ...]


def policies(conn: Connection, storage: ReadingStorage) -> Policies:
    """The present policies."""
    states = tuple(aggregate_states(conn, storage))
    return Policies(storage.layout, storage.retention(), storage.compression(), states)

"""Query: readings of sensors by name and time range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from iotctl.clock_changes import utc_offsets
from iotctl.errors import UsageError
from iotctl.model import Sensor
from iotctl.repositories import Database, SensorRepository, Series, open_storage
from iotctl.repositories.readings.bucket_grid import LocalClock, Width
from iotctl.repositories.readings.buckets import Aggregate, read_buckets
from iotctl.repositories.storage import Span


@dataclass(frozen=True, slots=True)
class Buckets:
    """One value for each bucket of time instead of readings. timezone: of the calendar of the buckets."""

    width: Width
    aggregate: Aggregate
    timezone: str


@contextmanager
def query(
    names: Sequence[str],
    start: int | None,
    end: int | None,
    database: Database,
    *,
    limit: int | None = None,
    buckets: Buckets | None = None,
) -> Iterator[Sequence[tuple[Sensor, Iterator[Series]]]]:
    """The sensors, and for each its pages of (time, value) in [start, end), read from the server one after the other.

    names: names, UUIDs or globs. start, end, time: microseconds since 1970-01-01 UTC; None for an open end, the first
    or the last reading. limit: the most readings of each sensor, the earliest ones. Read the pages of one sensor
    before those of the next.
    Raises NotFoundError with the nearest names, UsageError where start is not before end.
    """
    if start is not None and end is not None and start >= end:
        raise UsageError("START is not before END.", hint="The range is [START, END): END itself is left out.")
    with database.connect() as conn:
        storage = open_storage(conn)
        sensors = SensorRepository(conn).named(names)
        if start is None or end is None:
            start, end = _closed(start, end, storage.spans([sensor.sensor_id for sensor in sensors]).values())

        def pages(sensor: Sensor) -> Iterator[Series]:
            if buckets is None:
                yield from storage.series(sensor.sensor_id, start, end, limit)
                return
            clock = LocalClock(*utc_offsets(start, end, buckets.timezone))
            time, value = read_buckets(
                conn, storage, sensor.sensor_id, start, end, buckets.width, clock, buckets.aggregate
            )
            yield time[:limit], value[:limit]

        yield [(sensor, pages(sensor)) for sensor in sensors]


def spans(sensors: Sequence[Sensor], database: Database) -> dict[int, Span]:
    """From when to when sensors have readings, by sensor_id; one without readings is left out."""
    with database.connect() as conn:
        return open_storage(conn).spans([sensor.sensor_id for sensor in sensors])


def _closed(start: int | None, end: int | None, spans: Iterable[Span]) -> tuple[int, int]:
    """A range without open ends, which is not empty. At most one of start and end is given."""
    known = [(span.first, span.last) for span in spans if span.first is not None and span.last is not None]
    first, last = min([first for first, _ in known], default=0), max([last for _, last in known], default=0)
    if start is not None:
        return start, max(last, start) + 1
    return (min(first, end - 1), end) if end is not None else (first, last + 1)

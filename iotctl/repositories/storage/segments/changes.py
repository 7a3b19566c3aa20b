"""Write readings beside existing segments: readings inside a segment are merged into it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from iotctl.model import OnDuplicate
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.storage.answers import Written
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.doubles import duplicates, lost_readings, takes_place
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.segments.table import (
    Segments,
    delete_segments,
    fetch_segments,
    find_segments,
    insert_segments,
)
from iotctl.repositories.storage.sorted_readings import (
    LostReadings,
    OwnedReadings,
    SortedReadings,
    all_lost_readings,
    composite_keys,
    no_lost_readings,
)

# Readings of segments in memory at a time.
_READINGS_AT_ONCE = 500_000

# The readings of some segments, and our readings inside them -> the new readings of these segments, in any order.
_Change = Callable[[OwnedReadings, NDArray[np.intp]], OwnedReadings]


def write(conn: Connection, readings: SortedReadings, file_id: int, on_duplicate: OnDuplicate) -> Written:
    """See ReadingStorage.write."""
    if not len(readings):
        return Written(0, no_lost_readings())
    segments = find_segments(conn, Extents.of(readings))
    place, inside = segments.place(readings.sensor_id, readings.time)
    if not len(segments):
        insert_segments(conn, _owned(readings, file_id))
        return Written(len(readings), no_lost_readings())
    lost: list[LostReadings] = []

    def merged(there: OwnedReadings, rows: NDArray[np.intp]) -> OwnedReadings:
        ours = readings[rows]
        at, hit = _found(there, ours)
        owner, value = there.file_id[at[hit]], there.value[at[hit]]
        wins = takes_place(conn, owner, file_id, on_duplicate)
        lost.append(lost_readings(ours[hit], file_id, owner, value, wins))
        changed = at[hit][wins]
        there.file_id[changed], there.value[changed] = file_id, ours.value[hit][wins]
        return _together(there, _owned(ours[~hit], file_id))

    _change(conn, segments, place, np.flatnonzero(inside), merged)
    # A new segment must stay inside the gap between two segments.
    insert_segments(conn, _owned(readings[~inside], file_id), place[~inside])
    gone = all_lost_readings(lost)
    if on_duplicate is OnDuplicate.FAIL and len(gone):
        raise duplicates(len(gone), int(gone.time.min()))
    return Written(len(readings) - int(np.count_nonzero(gone.file_id == file_id)), gone)


def own_readings(conn: Connection, extents: Extents, file_id: int) -> SortedReadings:
    """The readings that a file has in the table, within extents."""
    segments = find_segments(conn, extents)
    parts = []
    for group in segments.groups(_READINGS_AT_ONCE):
        there = fetch_segments(conn, segments[group])
        there = there[there.file_id == file_id]
        at = np.searchsorted(extents.sensor_id, there.sensor_id)
        parts.append(there[(there.time >= extents.first[at]) & (there.time <= extents.last[at])])
    found = OwnedReadings.joined(parts)
    return SortedReadings(found.sensor_id, found.time, found.value)


def replace_readings(conn: Connection, readings: SortedReadings, file_id: int, owners: NDArray[np.int32]) -> None:
    """See ReadingStorage.replace."""

    def replaced(there: OwnedReadings, rows: NDArray[np.intp]) -> OwnedReadings:
        at, hit = _found(there, readings[rows])
        if not hit.all() or (there.file_id[at] != owners[rows]).any():
            raise LostRaceError
        there.value[at], there.file_id[at] = readings.value[rows], file_id
        return there

    _change_all(conn, readings, replaced)


def remove_readings(conn: Connection, readings: SortedReadings, file_id: int) -> None:
    """See ReadingStorage.remove."""

    def without(there: OwnedReadings, rows: NDArray[np.intp]) -> OwnedReadings:
        at, hit = _found(there, readings[rows])
        if not hit.all() or (there.file_id[at] != file_id).any():
            raise LostRaceError
        stay = np.ones(len(there), dtype=np.bool_)
        stay[at] = False
        return there[stay]

    _change_all(conn, readings, without)


def _change_all(conn: Connection, readings: SortedReadings, change: _Change) -> None:
    """Change the segments of readings, each inside a segment. Raises LostRaceError where one is not."""
    if not len(readings):
        return
    segments = find_segments(conn, Extents.of(readings))
    place, inside = segments.place(readings.sensor_id, readings.time)
    if not inside.all():
        raise LostRaceError
    _change(conn, segments, place, np.arange(len(readings)), change)


def _change(
    conn: Connection, segments: Segments, place: NDArray[np.intp], rows: NDArray[np.intp], change: _Change
) -> None:
    """Replace segments by the result of change. rows: our readings inside a segment; by place, (n,): which segment."""
    touched, at = np.unique(place[rows], return_inverse=True)
    some = segments[touched]
    for group in some.groups(_READINGS_AT_ONCE):
        there = fetch_segments(conn, some[group])
        new = change(there, rows[(at >= group.start) & (at < group.stop)])
        delete_segments(conn, some[group])
        insert_segments(conn, new, some[group].place(new.sensor_id, new.time)[0])


def _found(there: OwnedReadings, ours: SortedReadings) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """The place of each of our readings among sorted ones, and whether its (sensor, time) is there; (m,) both."""
    theirs, keys = composite_keys(there.sensor_id, there.time), composite_keys(ours.sensor_id, ours.time)
    at = np.minimum(np.searchsorted(theirs, keys), len(theirs) - 1)
    return at, theirs[at] == keys


def _owned(readings: SortedReadings, file_id: int) -> OwnedReadings:
    files = np.full(len(readings), file_id, dtype=np.int32)
    return OwnedReadings(readings.sensor_id, readings.time, files, readings.value)


def _together(some: OwnedReadings, more: OwnedReadings) -> OwnedReadings:
    """Both together, sorted by (sensor_id, time)."""
    both = OwnedReadings.joined([some, more])
    return both[np.lexsort((both.time, both.sensor_id))]

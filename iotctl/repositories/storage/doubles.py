"""Two readings of one (sensor, time): which one stays, which one gives way, and the error if none may give way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.errors import DuplicateError
from iotctl.model import OnDuplicate
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.storage.sorted_readings import LostReadings, SortedReadings
from iotctl.words import counted, form


def takes_place(
    conn: Connection, owner: NDArray[np.int32], file_id: int, on_duplicate: OnDuplicate
) -> NDArray[np.bool_]:
    """Whether a file's reading replaces the one in the table, by the file_id of that one; (m,)."""
    if on_duplicate is not OnDuplicate.REPLACE:
        return owner > file_id
    # This includes the file itself: its later line replaces the earlier one. Another program's readings
    # (file_id 0) have no date, and give way.
    newer = conn.execute(
        "SELECT other.file_id FROM ingest_file other, ingest_file ours WHERE ours.file_id = %s"
        " AND other.file_id = ANY(%s) AND (other.modified, other.file_id) > (ours.modified, ours.file_id)",
        (file_id, np.unique(owner).tolist()),
    ).fetchall()
    return ~np.isin(owner, [row[0] for row in newer])


def lost_readings(
    ours: SortedReadings,
    file_id: int,
    owner: NDArray[np.int32],
    value: NDArray[np.float64],
    wins: NDArray[np.bool_],
) -> LostReadings:
    """The lost readings, where ours, (m,), meet readings of owner and value at the same (sensor, time).

    win: whether ours do.
    """
    files = np.full(len(ours), file_id, dtype=np.int32)
    return LostReadings(
        sensor_id=ours.sensor_id,
        time=ours.time,
        file_id=np.where(wins, owner, files),
        value=np.where(wins, value, ours.value),
        kept_file_id=np.where(wins, files, owner),
        kept_value=np.where(wins, ours.value, value),
    )


def duplicates(count: int, first: int) -> DuplicateError:
    """The error of --on-duplicate fail. first: time of the first of them, microseconds since 1970-01-01 UTC."""
    return DuplicateError(
        f"{counted(count, 'reading')} {form(count, 'is', 'are')} in the database already (--on-duplicate fail).",
        where=f"the first at {as_datetime(first).isoformat()}",
        hint="Use --on-duplicate skip or replace to go on.",
    )

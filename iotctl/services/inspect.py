"""Look at a file: its probable layout, and its readings as this layout would load them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.options import OpenAt
from iotctl.formats.proposal.proposal import Hints, Proposal
from iotctl.formats.proposal.propose import propose
from iotctl.model import FileBatch, Reject, StoredFile
from iotctl.sources import StoreSettings, source_for

# The most readings of a preview.
_MOST_READINGS = 200_000
_SHOWN = 3
_KEPT_REJECTS = 10


@dataclass(frozen=True, slots=True)
class ShownReading:
    """A reading to show. time: microseconds since 1970-01-01 UTC. why: what is odd about it, or empty."""

    sensor: str
    time: int
    value: float
    unit: str | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """The readings of a file, or of its beginning, as they would be loaded.

    rows_read: the number of values read; readings, missing, bad_quality, rejected: what they are. complete: whether the
    whole file was read. earliest, latest: microseconds since 1970-01-01 UTC; 0 without readings.
    """

    rows_read: int
    readings: int
    sensors: tuple[str, ...]
    missing: int
    bad_quality: int
    rejected: int
    rejects: tuple[Reject, ...]
    earliest: int
    latest: int
    first: tuple[ShownReading, ...]
    oddest: tuple[ShownReading, ...]
    notes: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found in a file. preview: None where no layout is proposed."""

    file: StoredFile
    proposal: Proposal
    preview: Preview | None


def inspect_file(uri: str, store: StoreSettings, hints: Hints, options: ReadOptions) -> Inspection:
    """Look at one file. options: how its readings are previewed; its layouts do not matter.

    Raises FileError where the file has no records, NotFoundError and others of its source.
    """
    source = source_for(uri, store)
    file = source.stat(uri)
    open_at = partial(source.open, file)
    proposal = propose(file, open_at, hints, options)
    if proposal.layout is None:
        return Inspection(file, proposal, None)
    wanted = replace(options, layouts=(proposal.layout,), settle_seconds=0, keep_rejects=_KEPT_REJECTS)
    return Inspection(file, proposal, _preview(file, open_at, wanted))


def _preview(file: StoredFile, open_at: OpenAt, options: ReadOptions) -> Preview:
    batches, complete = [], True
    for batch in read_batches(file, open_at, replace(options, batch_rows=_MOST_READINGS)):
        batches.append(batch)
        if sum(len(one.time) for one in batches) >= _MOST_READINGS:
            complete = False
            break
    names: dict[str, int] = {}
    units: dict[str, str | None] = {}
    parts: list[NDArray[np.int64]] = []
    for batch in batches:
        numbers = [names.setdefault(name, len(names)) for name in _names(batch)]
        units |= dict(zip(_names(batch), batch.units or (None,) * len(batch.uuids), strict=True))
        parts.append(np.array(numbers, dtype=np.int64)[batch.sensor] if numbers else np.zeros(0, dtype=np.int64))
    sensor = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
    time = np.concatenate([batch.time for batch in batches]) if batches else np.zeros(0, dtype=np.int64)
    value = np.concatenate([batch.value for batch in batches]) if batches else np.zeros(0)
    known = list(names)

    def shown(row: int, why: str = "") -> ShownReading:
        name = known[sensor[row]]
        return ShownReading(name, int(time[row]), float(value[row]), units[name], why)

    return Preview(
        rows_read=sum(batch.rows_read for batch in batches),
        readings=len(time),
        sensors=tuple(known),
        missing=sum(batch.missing for batch in batches),
        bad_quality=sum(batch.bad_quality for batch in batches),
        rejected=sum(batch.rows_rejected for batch in batches),
        rejects=tuple(reject for batch in batches for reject in batch.rejects)[:_SHOWN],
        earliest=int(time.min()) if len(time) else 0,
        latest=int(time.max()) if len(time) else 0,
        first=tuple(shown(row) for row in range(min(_SHOWN, len(time)))),
        oddest=tuple(shown(row, why) for row, why in _oddest(sensor, value)),
        notes=tuple(dict.fromkeys(note for batch in batches for note in batch.notes)),
        complete=complete,
    )


def _names(batch: FileBatch) -> list[str]:
    """The names of the sensors of a batch, in its order; UUIDs where they have no name."""
    names = batch.names or (None,) * len(batch.uuids)
    return [name or str(UUID(bytes=uuid.tobytes())) for name, uuid in zip(names, batch.uuids, strict=True)]


def _oddest(sensor: NDArray[np.int64], value: NDArray[np.float64]) -> list[tuple[int, str]]:
    """The rows with the values farthest from their sensor's median, in units of its usual spread; and how far."""
    distance = np.zeros(len(value))
    order = np.argsort(sensor, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(sensor[order])) + 1):
        if len(rows) > 2:
            away = np.abs(value[rows] - np.median(value[rows]))
            spread = 1.4826 * np.median(away)
            distance[rows] = away / spread if spread > 0 else 0.0
    far = np.argsort(-distance, kind="stable")[:_SHOWN]
    return [(int(row), f"{distance[row]:.0f} times the usual spread") for row in far if distance[row] >= 5]

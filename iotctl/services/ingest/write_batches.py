"""Write batches to the database, each with its ledger entry in one transaction; small files share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from iotctl.errors import DuplicateError, IotctlError
from iotctl.model import FileBatch, OnDuplicate, Position
from iotctl.repositories import (
    BatchEntry,
    Connection,
    Extents,
    FoundSensor,
    Ledger,
    LedgerFile,
    LostRaceError,
    LostReadings,
    ReadingStorage,
    Renewed,
    SensorRepository,
    SortedReadings,
    Written,
    all_lost_readings,
    canonical_uuids,
    joined_readings,
    sort_file_readings,
)
from iotctl.services.ingest.progress import IngestListener, Silent
from iotctl.words import counted, form

T = TypeVar("T")

# A race is lost only if another load commits first; so many in a row are not chance.
_MOST_RACES = 30

_UUID_BYTES = 16

_NAMES_SHOWN = 3

# The readings of a file without rows.
_EMPTY = FileBatch(
    start=Position(),
    end=Position(),
    uuids=np.empty((0, _UUID_BYTES), dtype=np.uint8),
    sensor=np.empty(0, dtype=np.int32),
    time=np.empty(0, dtype=np.int64),
    value=np.empty(0),
    rejects=(),
    rejected={},
    rows_read=0,
)


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """A batch and its file."""

    entry: LedgerFile
    batch: FileBatch


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The readings of a part, each once; and its repeated readings."""

    readings: SortedReadings
    repeated: LostReadings

    @property
    def extents(self) -> Extents | None:
        return Extents.of(self.readings) if len(self.readings) else None


class BatchWriter:
    """Writes batches over one connection; tells the listener what a person should know about their sensors."""

    def __init__(
        self,
        conn: Connection,
        ledger: Ledger,
        storage: ReadingStorage,
        on_duplicate: OnDuplicate,
        listener: IngestListener | None = None,
    ) -> None:
        self._ledger = ledger
        self._storage = storage
        self._sensors = SensorRepository(conn)
        self._on_duplicate = on_duplicate
        self._ids: dict[bytes, int] = {}
        # The sensors with their units so far: each combination is checked once.
        self._registered: set[tuple[bytes, str | None]] = set()
        self._nameless: set[str] = set()  # UUIDs of sensors without a name that have been reported
        self._listener = listener or Silent()

    def write(self, parts: Sequence[ReadBatch]) -> None:
        """Commit batches and their entries in the ledger: as one, or one by one where the table has some of it already.

        A file of 10,000 readings of 1000 sensors alone takes 45 ms, and gets compressed batches of ten readings.
                Raises DuplicateError.
        """
        sorted_parts = [self._sorted(part.entry, [part.batch]) for part in parts]
        if len(parts) > 1 and self._write_as_one(parts, sorted_parts):
            return
        for part, some in zip(parts, sorted_parts, strict=True):
            _again_after_races(partial(self._write, part, some))

    def renew(
        self, file: LedgerFile, batches: Sequence[FileBatch], options: Mapping[str, str] | None
    ) -> tuple[Renewed, int]:
        """Replace the readings of a file's older versions by all batches of its new version, in one transaction.

        options: how it was read; None if its last line is not complete yet. Returns the changes, and how many other
        files must be read again.
                Raises DuplicateError.
        """
        batches = batches or [_EMPTY]
        some = self._sorted(file, batches)
        whole = replace(
            batches[0],
            end=batches[-1].end,
            rejects=tuple(reject for batch in batches for reject in batch.rejects),
            rejected=sum((Counter(batch.rejected) for batch in batches), Counter()),
            rows_read=sum(batch.rows_read for batch in batches),
            ambiguous=sum(batch.ambiguous for batch in batches),
            nonexistent=sum(batch.nonexistent for batch in batches),
            missing=sum(batch.missing for batch in batches),
            bad_quality=sum(batch.bad_quality for batch in batches),
        )

        def put() -> tuple[Renewed, int]:
            older = self._ledger.extents(file.file_id)
            with self._storage.batch(some.readings, older):
                renewed = self._storage.renew(some.readings, file.file_id, self._on_duplicate, older)
                lost = all_lost_readings([some.repeated, renewed.written.lost])
                entry = BatchEntry(file, whole, Written(renewed.written.loaded, lost), some.extents)
                return renewed, self._ledger.renew(entry, renewed, options)

        return _again_after_races(put)

    def forget(self, file: LedgerFile) -> tuple[int, int]:
        """Remove a file and all its readings; returns the number of readings, and of files to read again."""

        def take() -> tuple[int, int]:
            older = self._ledger.extents(file.file_id)
            nothing = SortedReadings(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0))
            with self._storage.batch(nothing, older):
                removed = 0 if older is None else self._storage.forget(file.file_id, older)
                return removed, self._ledger.forget(file.file_id)

        return _again_after_races(take)

    def _sorted(self, file: LedgerFile, batches: Sequence[FileBatch]) -> _Sorted:
        sensor_id = np.concatenate([self._sensor_ids(file, batch) for batch in batches])
        time = np.concatenate([batch.time for batch in batches])
        value = np.concatenate([batch.value for batch in batches])
        keep_last = self._on_duplicate is OnDuplicate.REPLACE
        readings, repeated = sort_file_readings(sensor_id, time, value, file_id=file.file_id, keep_last=keep_last)
        if len(repeated) and self._on_duplicate is OnDuplicate.FAIL:
            raise _repeated(len(repeated), batches)
        return _Sorted(readings, repeated)

    def _write_as_one(self, parts: Sequence[ReadBatch], sorted_parts: Sequence[_Sorted]) -> bool:
        """Write the batches together. Returns False, and writes nothing, if the table has readings in their extents."""
        filled = [at for at in self._by_precedence(parts) if len(sorted_parts[at].readings)]
        if len(filled) < 2:
            return False
        file_ids = np.array([parts[at].entry.file_id for at in filled], dtype=np.int32)
        joined, file_id, lost = joined_readings([sorted_parts[at].readings for at in filled], file_ids)
        entries = []
        for part, some in zip(parts, sorted_parts, strict=True):
            ours = lost[lost.file_id == part.entry.file_id]
            written = Written(len(some.readings) - len(ours), all_lost_readings([some.repeated, ours]))
            entries.append(BatchEntry(part.entry, part.batch, written, some.extents))
        try:
            with self._storage.batch(joined):
                if not self._storage.write_new(joined, file_id):
                    return False
                self._ledger.record(entries)
        except LostRaceError:
            return False
        return True

    def _by_precedence(self, parts: Sequence[ReadBatch]) -> list[int]:
        """The batches by precedence: first those that keep their reading if another has the same (sensor, time)."""
        if self._on_duplicate is OnDuplicate.REPLACE:
            age = [(part.entry.file.modified, part.entry.file_id, at) for at, part in enumerate(parts)]
            return sorted(range(len(parts)), key=age.__getitem__, reverse=True)
        return sorted(range(len(parts)), key=lambda at: parts[at].entry.file_id)

    def _write(self, part: ReadBatch, some: _Sorted) -> None:
        with self._storage.batch(some.readings):
            written = self._storage.write(some.readings, part.entry.file_id, self._on_duplicate)
            lost = all_lost_readings([some.repeated, written.lost])
            self._ledger.record([BatchEntry(part.entry, part.batch, Written(written.loaded, lost), some.extents)])

    def _sensor_ids(self, file: LedgerFile, batch: FileBatch) -> NDArray[np.int32]:
        uuids = batch.uuids.tobytes()
        keys = [uuids[at : at + _UUID_BYTES] for at in range(0, len(uuids), _UUID_BYTES)]
        units = batch.units or (None,) * len(keys)
        pairs = list(zip(keys, units, strict=True))
        unknown = [at for at, pair in enumerate(pairs) if pair not in self._registered]
        if unknown:
            texts = canonical_uuids(batch.uuids[unknown])
            if batch.names or batch.units:
                names = batch.names or (None,) * len(keys)
                found = [FoundSensor(text, names[at], units[at]) for at, text in zip(unknown, texts, strict=True)]
                ids = self._register(file, found)
            else:
                ids = self._sensors.ids(texts)
            self._ids |= {keys[at]: ids[text] for at, text in zip(unknown, texts, strict=True)}
            self._registered |= {pairs[at] for at in unknown}
        known = np.array([self._ids[key] for key in keys], dtype=np.int32)
        return known[batch.sensor] if len(keys) else np.empty(0, dtype=np.int32)

    def _register(self, file: LedgerFile, found: Sequence[FoundSensor]) -> dict[str, int]:
        registered = self._sensors.register(found)
        uri = file.file.uri
        nameless = [one for one in registered.nameless if one.uuid not in self._nameless]
        self._nameless |= {one.uuid for one in nameless}
        if nameless:
            names = _first([f"{one.name} (its UUID is {one.uuid})" for one in nameless])
            sensors = counted(len(nameless), "sensor")
            self._listener.noted(
                f"{uri}: {sensors} without a name, because another sensor has it or it is too long: {names}."
                " load-mapping can give them other names",
                uri,
            )
        if others := registered.other_units:
            sensors = counted(len(others), "sensor")
            units = _first([f"{one.name or one.uuid} {one.unit} ({unit})" for one, unit in others.items()])
            self._listener.noted(
                f"{uri}: {sensors} with another unit than in files before (in brackets): {units}."
                " Values are stored unchanged; set their unit with load-mapping",
                uri,
            )
        return registered.ids


def _first(told: Sequence[str]) -> str:
    more = f" and {len(told) - _NAMES_SHOWN} more" if len(told) > _NAMES_SHOWN else ""
    return ", ".join(told[:_NAMES_SHOWN]) + more


def _again_after_races(write: Callable[[], T]) -> T:
    """The result of a transaction, which is repeated if another load was faster."""
    for _ in range(_MOST_RACES):
        try:
            return write()
        except LostRaceError:
            continue
    raise IotctlError(
        f"Another load wrote the same readings first {_MOST_RACES} times in a row; the batch was not loaded.",
        hint="Run again; if it happens again, use --workers 1 and report it.",
    )


def _repeated(count: int, batches: Sequence[FileBatch]) -> DuplicateError:
    return DuplicateError(
        f"{counted(count, 'reading')} {form(count, 'is', 'are')} in the file twice (--on-duplicate fail).",
        where=f"between line {batches[0].start.line} and line {batches[-1].end.line}",
        hint="Use --on-duplicate skip or replace to go on.",
    )

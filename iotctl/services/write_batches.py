"""Batches into the database: each with its entry in the ledger in one transaction, those of small files together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.errors import DuplicateError, IotctlError
from iotctl.model import FileBatch, OnDuplicate
from iotctl.repositories import (
    BatchEntry,
    Connection,
    Layout,
    Ledger,
    LedgerFile,
    LostRaceError,
    ReadingLoader,
    SensorRepository,
    SortedReadings,
    Written,
    canonical_uuids,
    joined_readings,
    sort_readings,
)

# A race is lost only to a commit of someone else; so many in a row are no accident.
_MOST_RACES = 30

_UUID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Part:
    """A batch and the file it is of."""

    entry: LedgerFile
    batch: FileBatch


class BatchWriter:
    """Writes batches over one connection."""

    def __init__(self, conn: Connection, ledger: Ledger, layout: Layout, on_duplicate: OnDuplicate) -> None:
        self._ledger = ledger
        self._loader = ReadingLoader(conn, layout)
        self._sensors = SensorRepository(conn)
        self._on_duplicate = on_duplicate
        self._ids: dict[bytes, int] = {}

    def write(self, parts: Sequence[Part]) -> None:
        """Commit batches and their entries in the ledger: as one, or one by one where the table has some of it already.

        A file of 10,000 readings of 1000 sensors costs 45 ms by itself, and lies in the columnstore in batches of ten.
        Raises DuplicateError.
        """
        readings = [self._sorted(part.batch) for part in parts]
        if len(parts) > 1 and self._write_as_one(parts, readings):
            return
        for part, some in zip(parts, readings, strict=True):
            self._write(part, some)

    def _sorted(self, batch: FileBatch) -> SortedReadings:
        keep_last = self._on_duplicate is OnDuplicate.REPLACE
        readings = sort_readings(self._sensor_ids(batch), batch.time, batch.value, keep_last=keep_last)
        repeated = len(batch.time) - len(readings)
        if repeated and self._on_duplicate is OnDuplicate.FAIL:
            raise _repeated(repeated, batch)
        return readings

    def _write_as_one(self, parts: Sequence[Part], readings: Sequence[SortedReadings]) -> bool:
        """False, and nothing is written, where the table has readings in the stretches of these."""
        filled = [at for at in self._by_precedence(parts) if len(readings[at])]
        if len(filled) < 2:
            return False
        joined, origin = joined_readings([readings[at] for at in filled])
        file_ids = np.array([parts[at].entry.file_id for at in filled], dtype=np.int32)
        loaded = dict.fromkeys(range(len(parts)), 0)
        loaded |= zip(filled, np.bincount(origin, minlength=len(filled)).tolist(), strict=True)
        entries = [
            BatchEntry(part.entry.file_id, part.batch, Written(loaded[at], 0, {}), len(part.batch.time) - loaded[at])
            for at, part in enumerate(parts)
        ]
        try:
            with self._loader.batch(joined):
                if not self._loader.write_new(joined, file_ids[origin]):
                    return False
                self._ledger.record(entries)
        except LostRaceError:
            return False
        return True

    def _by_precedence(self, parts: Sequence[Part]) -> list[int]:
        """Those first whose readings stay where another has the same (sensor, time)."""
        if self._on_duplicate is OnDuplicate.REPLACE:
            age = [(part.entry.file.modified, part.entry.file_id, at) for at, part in enumerate(parts)]
            return sorted(range(len(parts)), key=age.__getitem__, reverse=True)
        return sorted(range(len(parts)), key=lambda at: parts[at].entry.file_id)

    def _write(self, part: Part, readings: SortedReadings) -> None:
        repeated = len(part.batch.time) - len(readings)
        for _ in range(_MOST_RACES):
            try:
                with self._loader.batch(readings):
                    written = self._loader.write(readings, part.entry.file_id, self._on_duplicate)
                    self._ledger.record([BatchEntry(part.entry.file_id, part.batch, written, repeated)])
                    return
            except LostRaceError:
                continue
        raise IotctlError(
            f"Another load was faster {_MOST_RACES} times in a row at the same readings; the batch was given up.",
            hint="Run again; if it stays so, use --workers 1 and report it.",
        )

    def _sensor_ids(self, batch: FileBatch) -> NDArray[np.int32]:
        uuids = batch.uuids.tobytes()
        keys = [uuids[at : at + _UUID_BYTES] for at in range(0, len(uuids), _UUID_BYTES)]
        unknown = [at for at, key in enumerate(keys) if key not in self._ids]
        if unknown:
            texts = canonical_uuids(batch.uuids[unknown])
            ids = self._sensors.ids(texts)
            self._ids |= {keys[at]: ids[text] for at, text in zip(unknown, texts, strict=True)}
        known = np.array([self._ids[key] for key in keys], dtype=np.int32)
        return known[batch.sensor] if len(keys) else np.empty(0, dtype=np.int32)


def _repeated(count: int, batch: FileBatch) -> DuplicateError:
    return DuplicateError(
        f"{count} readings are in the file twice (--on-duplicate fail).",
        where=f"between line {batch.start.line} and line {batch.end.line}",
        hint="Use --on-duplicate skip or replace to go on.",
    )

"""What one ingest worker does: load a few files, batch by batch, each batch with its ledger entry in a transaction."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

import numpy as np

from iotctl.errors import (
    DuplicateError,
    FileError,
    ForbiddenError,
    IotctlError,
    NotFoundError,
    RejectLimitError,
    UnreachableError,
)
from iotctl.formats import ReadOptions, read_batches
from iotctl.model import FileBatch, OnDuplicate, StoredFile
from iotctl.repositories import (
    Balance,
    Connection,
    Database,
    FileState,
    Layout,
    Ledger,
    LedgerFile,
    LostRaceError,
    ReadingLoader,
    SensorRepository,
    canonical_uuids,
    sort_readings,
)
from iotctl.services.patience import patiently
from iotctl.services.progress import IngestListener, Silent
from iotctl.sources import StoreSettings, source_for

T = TypeVar("T")

# A race is lost only to a commit of someone else; so many in a row are no accident.
_MOST_RACES = 30


@dataclass(frozen=True, slots=True)
class RejectLimit:
    """More bad rows than this in one file stop it: a number of rows, or a part (0..1) of the rows read so far."""

    rows: int | None = None
    part: float | None = None

    def allows(self, rejected: int, rows_read: int) -> bool:
        """Whether so many bad ones among so many rows are within the limit."""
        if self.rows is not None and rejected > self.rows:
            return False
        return self.part is None or rejected <= self.part * rows_read


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How files are read and what becomes of readings that are there already. chunk_interval: of new chunks."""

    read: ReadOptions = field(default_factory=ReadOptions)
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    max_rejects: RejectLimit = field(default_factory=RejectLimit)
    chunk_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class LoadTask:
    """Work for one worker; small and picklable, it travels instead of the files.

    run_id: whose batches they are. since: what this run has committed from then on is part of this task: a worker that
    died may have done some of it already.
    """

    files: tuple[LedgerFile, ...]
    database: Database
    layout: Layout
    store: StoreSettings
    options: LoadOptions
    run_id: str | None = None
    since: datetime | None = None


class Ending(StrEnum):
    """How a worker left a file."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"  # another ingest has loaded it meanwhile
    BUSY = "busy"  # another ingest is loading it now
    PUT_OFF = "put off"  # not taken up, as the store gave trouble with the one before
    FAILED = "failed"  # something is wrong with the file, or the store does not give it
    STOPPED = "stopped"  # the run ends: it was told to, or database or store cannot be used


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. before: its rows in the ledger when this run took it up, None where it did not."""

    file: LedgerFile
    ending: Ending
    before: Balance | None = None
    error: IotctlError | None = None


def load_files(
    task: LoadTask, listener: IngestListener | None = None, stop: threading.Event | None = None
) -> list[Outcome]:
    """Load the files of a task, one after the other; stop, when set, ends after the batch in hand.

    Returns an outcome per file that was taken up, the last one STOPPED, with its error, where database or store could
    not be used any more; what was committed stays.
    """
    listener, stop = listener or Silent(), stop or threading.Event()
    worker = _Worker(task, listener, stop)
    try:
        patiently(task.database, worker.work, listener, stop, lambda: worker.batches)
    except IotctlError as error:
        worker.give_up(error)
    return worker.outcomes


class _Worker:
    """The files of a task and how far they are, across reconnections."""

    def __init__(self, task: LoadTask, listener: IngestListener, stop: threading.Event) -> None:
        self.outcomes: list[Outcome] = []
        self.batches = 0
        self._task = task
        self._listener = listener
        self._stop = stop
        self._before: dict[int, Balance] = {}

    def work(self, conn: Connection) -> None:
        """Load what is left of the task over a connection."""
        ledger = Ledger(conn, self._task.run_id)
        writer = _Writer(conn, ledger, self._task)
        for entry in self._task.files[len(self.outcomes) :]:
            if self._stop.is_set():
                return
            if not ledger.try_lock(entry.file_id):
                self.outcomes.append(Outcome(entry, Ending.BUSY))
                continue
            outcome = self._load(entry, ledger, writer)
            self.outcomes.append(outcome)
            ledger.unlock(entry.file_id)
            if isinstance(outcome.error, UnreachableError):
                # Whether it is this file's trouble or all the store's shows over the whole run.
                self.outcomes += [Outcome(left, Ending.PUT_OFF) for left in self._task.files[len(self.outcomes) :]]
                return

    def give_up(self, error: IotctlError) -> None:
        """End with the file in hand."""
        entry = self._task.files[len(self.outcomes)]
        self.outcomes.append(Outcome(entry, Ending.STOPPED, self._before.get(entry.file_id), error))

    def _load(self, entry: LedgerFile, ledger: Ledger, writer: _Writer) -> Outcome:
        before = self._before.get(entry.file_id) or ledger.balance([entry.file_id], self._task.since)
        if ledger.state(entry.file_id) is FileState.LOADED:
            if before.rows_read == ledger.balance([entry.file_id]).rows_read:
                return Outcome(entry, Ending.UNCHANGED)
            # By this task, over a connection or on a worker that was lost since.
            return Outcome(entry, Ending.LOADED, before)
        self._before[entry.file_id] = before
        self._listener.started(entry.file)
        try:
            if not self._load_batches(entry, ledger, writer):
                return Outcome(entry, Ending.STOPPED, before)
        except (FileError, ForbiddenError, NotFoundError, UnreachableError) as error:
            ledger.fail(entry.file_id, error.message)
            return Outcome(entry, Ending.FAILED, before, error)
        finally:
            self._listener.finished(entry.file)
        ledger.finish(entry.file_id)
        return Outcome(entry, Ending.LOADED, before)

    def _load_batches(self, entry: LedgerFile, ledger: Ledger, writer: _Writer) -> bool:
        """Load the rest of a file; False where stop came first."""
        file, options = entry.file, self._task.options
        so_far = ledger.balance([entry.file_id])
        source = source_for(file.uri, self._task.store)
        batches = read_batches(file, partial(source.open, file), options.read, ledger.position(entry.file_id))
        with closing(_ahead(batches)) as upcoming:
            for batch in upcoming:
                rejected = so_far.rejected + len(batch.rejects)
                if not options.max_rejects.allows(rejected, so_far.rows_read + batch.rows_read):
                    raise _too_many_rejects(file, batch, rejected)
                so_far += writer.write(entry.file_id, batch)
                self.batches += 1
                self._listener.advanced(file, min(1.0, batch.end.offset / max(file.size, 1)), batch.rows_read)
                if self._stop.is_set():
                    return False
        return True


class _Writer:
    """Writes batches over one connection."""

    def __init__(self, conn: Connection, ledger: Ledger, task: LoadTask) -> None:
        self._ledger = ledger
        self._loader = ReadingLoader(conn, task.layout)
        self._sensors = SensorRepository(conn)
        self._on_duplicate = task.options.on_duplicate
        self._ids: dict[str, int] = {}

    def write(self, file_id: int, batch: FileBatch) -> Balance:
        """Commit a batch and its entry in the ledger; returns its balance."""
        readings = sort_readings(
            self._sensor_ids(batch), batch.time, batch.value, keep_last=self._on_duplicate is OnDuplicate.REPLACE
        )
        repeated = len(batch.time) - len(readings)
        if repeated and self._on_duplicate is OnDuplicate.FAIL:
            raise _repeated(repeated, batch)
        for _ in range(_MOST_RACES):
            try:
                with self._loader.batch(readings):
                    written = self._loader.write(readings, file_id, self._on_duplicate)
                    return self._ledger.record(file_id, batch, written, repeated)
            except LostRaceError:
                continue
        raise IotctlError(
            f"Another load was faster {_MOST_RACES} times in a row at the same readings; the batch was given up.",
            hint="Run again; if it stays so, use --workers 1 and report it.",
        )

    def _sensor_ids(self, batch: FileBatch) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        uuids = canonical_uuids(batch.uuids)
        if unknown := [uuid for uuid in uuids if uuid not in self._ids]:
            self._ids |= self._sensors.ids(unknown)
        ids: np.ndarray[tuple[int], np.dtype[np.int32]] = np.array([self._ids[uuid] for uuid in uuids], dtype=np.int32)
        return ids[batch.sensor] if len(uuids) else np.empty(0, dtype=np.int32)


def _ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The same items, the next being made in a thread while one is used: parsing overlaps COPY."""
    with ThreadPoolExecutor(1) as thread:
        upcoming = thread.submit(next, items, None)
        while (item := upcoming.result()) is not None:
            upcoming = thread.submit(next, items, None)
            yield item


def _repeated(count: int, batch: FileBatch) -> DuplicateError:
    return DuplicateError(
        f"{count} readings are in the file twice (--on-duplicate fail).",
        where=f"between line {batch.start.line} and line {batch.end.line}",
        hint="Use --on-duplicate skip or replace to go on.",
    )


def _too_many_rejects(file: StoredFile, batch: FileBatch, rejected: int) -> RejectLimitError:
    # A run that goes on under a lower limit may find none here.
    first = (
        f"; the first of this batch: line {batch.rejects[0].line} ({batch.rejects[0].reason})" if batch.rejects else ""
    )
    return RejectLimitError(
        f"{rejected} bad rows, more than --max-rejects allows{first}.",
        where=file.uri,
        hint="Rows committed before stay. Mend the file, or allow more and run again.",
    )

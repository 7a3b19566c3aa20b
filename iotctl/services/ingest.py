"""Ingest: everything under a URI into the database, through concurrent workers, each file version once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from iotctl.errors import IotctlError, UnreachableError
from iotctl.formats import is_data_file, read_batches
from iotctl.model import StoredFile
from iotctl.repositories import (
    Balance,
    Database,
    FileState,
    Layout,
    Ledger,
    LedgerFile,
    ensure_schema,
    free_connections,
    set_chunk_interval,
)
from iotctl.services.load_files import Ending, LoadOptions, LoadTask, Outcome, load_files
from iotctl.services.patience import patiently
from iotctl.services.progress import IngestListener
from iotctl.sources import Source, StoreSettings, source_for

# Files looked up in the ledger at once.
_FILES_AT_ONCE = 1000

# Small files travel together, so that a connection serves many of them: about one batch's worth.
_TASK_BYTES = 32 * 1024 * 1024
_TASK_FILES = 200

# A file that another ingest holds is looked at again after this.
_BUSY_SECONDS = 0.5

# So many files in a row that the store does not give are the store's trouble; fewer may be the files' own.
_MOST_UNREACHABLE = 3


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that was not loaded, and why."""

    uri: str
    error: IotctlError


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What a run did. files: loaded by this run. balance: the rows this run read, over all its files.

    unchanged: files that were loaded before. other: objects that are no data files. interrupted: told to stop.
    error: what ended the run early, where it was not one file's trouble.
    """

    files: int
    unchanged: int
    other: int
    failed: tuple[FailedFile, ...]
    balance: Balance
    seconds: float
    interrupted: bool = False
    error: IotctlError | None = None

    @property
    def files_skipped(self) -> int:
        """Objects that this run left out, for whatever reason."""
        return self.unchanged + self.other + len(self.failed)

    @property
    def rows_per_second(self) -> float:
        """Rows read per second, listing and waiting included."""
        return self.balance.rows_read / self.seconds if self.seconds > 0 else 0.0


@dataclass
class _Run:
    """What is known so far of a run.

    touched: ids of the files whose rows it counts; before: their rows before it. unreachable: files in a row that the
    store did not give. busy: another ingest held some of the files.
    """

    files: int = 0
    unchanged: int = 0
    other: int = 0
    failed: list[FailedFile] = field(default_factory=list)
    touched: list[int] = field(default_factory=list)
    before: Balance = field(default_factory=Balance)
    unreachable: int = 0
    busy: bool = False
    error: IotctlError | None = None

    def enter(self, outcomes: list[Outcome]) -> tuple[LedgerFile, ...]:
        """Count outcomes; returns the files that are to be tried again."""
        again = []
        for outcome in outcomes:
            match outcome.ending:
                case Ending.BUSY:
                    again.append(outcome.file)
                    self.busy = True
                case Ending.PUT_OFF:
                    again.append(outcome.file)
                case Ending.UNCHANGED:
                    self.unchanged += 1
                case Ending.LOADED:
                    self.files += 1
                    self.unreachable = 0
                case Ending.FAILED:
                    assert outcome.error is not None
                    self.failed.append(FailedFile(outcome.file.file.uri, outcome.error))
                    self.unreachable += isinstance(outcome.error, UnreachableError)
                    if self.unreachable >= _MOST_UNREACHABLE:
                        self.error = self.error or outcome.error
                case Ending.STOPPED:
                    self.error = self.error or outcome.error
            if outcome.before is not None:
                self.touched.append(outcome.file.file_id)
                self.before += outcome.before
        return tuple(again)

    def summary(self, balance: Balance, seconds: float, *, interrupted: bool = False) -> IngestSummary:
        return IngestSummary(
            self.files, self.unchanged, self.other, tuple(self.failed), balance, seconds, interrupted, self.error
        )


def worker_count(database: Database, wanted: int | None, cores: int) -> int:
    """How many workers to run: as many as wanted, or one per core and at least two, if the server has room for them."""
    with database.connect() as conn:
        # One stays free for this process's own listing, one for whoever looks at the database meanwhile.
        room = max(1, free_connections(conn) - 2)
    return min(wanted or max(2, cores), room)


def ingest(
    uri: str,
    database: Database,
    store: StoreSettings,
    executor: Executor,
    *,
    workers: int,
    options: LoadOptions,
    listener: IngestListener,
    stop: threading.Event,
) -> IngestSummary:
    """Load every data file under uri that the ledger does not have in its present version.

    stop, when set by someone else, ends the run after the batches in hand; so does an error that concerns more than
    one file, which the summary then carries: what is committed is counted in any case.
    Raises NotFoundError, UnreachableError, ForbiddenError where the listing or the database cannot be used at all.
    """
    began = time.monotonic()
    run = _Run()
    with database.connect() as conn:
        layout = ensure_schema(conn)
        if options.chunk_interval is not None and layout is Layout.COLUMNSTORE:
            set_chunk_interval(conn, options.chunk_interval)
    pending: set[Future[list[Outcome]]] = set()

    def submit(files: tuple[LedgerFile, ...]) -> None:
        task = LoadTask(files, database, layout, store, options)
        pending.add(executor.submit(load_files, task, listener, stop))

    def collect(at_most: int) -> None:
        """Wait until at most so many tasks are in flight; files to be tried again go back to the queue."""
        while len(pending) > at_most:
            done = wait(pending, return_when=FIRST_COMPLETED).done
            pending.difference_update(done)
            for future in done:
                waited = run.busy
                again = run.enter(future.result())
                if run.busy and not waited:
                    listener.noted("another ingest is loading some of these files; waiting for it")
                if run.error is not None:
                    stop.set()
                elif again and not stop.wait(_BUSY_SECONDS):
                    submit(again)

    def register(files: list[StoredFile]) -> list[LedgerFile]:
        return patiently(database, lambda conn: Ledger(conn).register(files), listener, stop)

    try:
        for files in _tasks(_unloaded(source_for(uri, store), uri, register, run, listener)):
            submit(files)
            collect(at_most=2 * workers)
            if stop.is_set():
                break
    except IotctlError as error:  # the listing broke off, or the ledger
        run.error = run.error or error
        stop.set()
    collect(at_most=0)
    if run.error is not None and not run.touched:
        raise run.error
    balance = patiently(database, lambda conn: Ledger(conn).balance(run.touched), listener, stop)
    return run.summary(balance - run.before, time.monotonic() - began, interrupted=stop.is_set() and run.error is None)


def dry_run(
    uri: str, database: Database, store: StoreSettings, *, options: LoadOptions, listener: IngestListener
) -> IngestSummary:
    """Read what ingest would load, and write nothing: rows read and rejected as they would be, none loaded."""
    began = time.monotonic()
    run = _Run()
    balance = Balance()
    source = source_for(uri, store)
    with database.connect() as conn:
        ensure_schema(conn)
        ledger = Ledger(conn)
        for page in _pages(_data_files(source, uri, run, listener)):
            for file, loaded in zip(page, ledger.loaded(page), strict=True):
                if loaded:
                    run.unchanged += 1
                    continue
                listener.found(1, file.size)
                listener.started(file)
                try:
                    for batch in read_batches(file, partial(source.open, file), options.read):
                        rejected = len(batch.rejects)
                        balance += Balance(batch.rows_read, 0, 0, rejected, batch.ambiguous, batch.nonexistent)
                        listener.advanced(file, batch.end.offset / max(file.size, 1), batch.rows_read)
                    run.files += 1
                except IotctlError as error:
                    run.failed.append(FailedFile(file.uri, error))
                listener.finished(file)
    return IngestSummary(run.files, run.unchanged, run.other, tuple(run.failed), balance, time.monotonic() - began)


def _data_files(source: Source, uri: str, run: _Run, listener: IngestListener) -> Iterator[StoredFile]:
    for file in source.list(uri):
        if is_data_file(file.uri):
            yield file
        else:
            run.other += 1
            listener.noted(f"not a data file, left out: {file.uri}")


def _unloaded(
    source: Source,
    uri: str,
    register: Callable[[list[StoredFile]], list[LedgerFile]],
    run: _Run,
    listener: IngestListener,
) -> Iterator[LedgerFile]:
    for page in _pages(_data_files(source, uri, run, listener)):
        entries = register(page)
        wanted = [entry for entry in entries if entry.state is not FileState.LOADED]
        run.unchanged += len(entries) - len(wanted)
        listener.found(len(wanted), sum(entry.file.size for entry in wanted))
        yield from wanted


def _pages(files: Iterator[StoredFile]) -> Iterator[list[StoredFile]]:
    while page := list(islice(files, _FILES_AT_ONCE)):
        yield page


def _tasks(files: Iterator[LedgerFile]) -> Iterator[tuple[LedgerFile, ...]]:
    """Files in the order of their listing, small ones together."""
    together: list[LedgerFile] = []
    size = 0
    for entry in files:
        if together and (size + entry.file.size > _TASK_BYTES or len(together) == _TASK_FILES):
            yield tuple(together)
            together, size = [], 0
        together.append(entry)
        size += entry.file.size
    if together:
        yield tuple(together)

"""Ingest: the files under a URI into the database, through concurrent workers, each file version once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from datetime import datetime
from functools import partial

from iotctl.errors import FileError, IotctlError
from iotctl.formats import ReadOptions, is_data_file, suffixes_read
from iotctl.formats.layouts.layout import AUTO, STANDARD
from iotctl.model import StorageLayout, StoredFile
from iotctl.repositories import (
    Connection,
    Database,
    FileState,
    LayoutRepository,
    Ledger,
    LedgerFile,
    open_storage,
    storage_of,
)
from iotctl.services.file_layouts import RecordedLayouts, RunLayouts, digest_of
from iotctl.services.load_task import LoadOptions, LoadTask, LoadWorkers, Outcome
from iotctl.services.patience import Session, patiently
from iotctl.services.policy import keep_up
from iotctl.services.progress import IngestListener
from iotctl.services.selection import Selection, pages, select
from iotctl.services.tally import IngestSummary, Seen, Tally
from iotctl.sources import StoreSettings, lies_below, source_for

# Files looked up in the ledger at once.
FILES_AT_ONCE = 1000

# Small files travel together and share a batch: about one batch's worth, or so many. The first tasks of a run are
# smaller, so that each worker has some.
_TASK_BYTES = 40 * 1024 * 1024
_FIRST_TASK_BYTES = 16 * 1024 * 1024
_TASK_FILES = 200

# A file that another ingest holds is looked at again after this.
_BUSY_SECONDS = 0.5

# Whoever waits notices a stop from outside within this.
_HALT_SECONDS = 0.1


def ingest(
    uri: str,
    database: Database,
    store: StoreSettings,
    workers: LoadWorkers,
    *,
    options: LoadOptions,
    listener: IngestListener,
    stop: threading.Event,
    selection: Selection | None = None,
    again: bool = False,
    run_id: str | None = None,
    seen: Seen | None = None,
) -> IngestSummary:
    """Load every selected data file under uri that the ledger does not have in its present version.

    again: load those, too, that it has; what they gave before is replaced.

    stop, when set, ends the run after the batches in hand; so does an error that concerns more than one file, which
    the summary then carries: what is committed is counted in any case. run_id: the run's in the history, if it has
    one. seen: carried from round to round by who ingests again and again.
    Raises NotFoundError, UnreachableError, ForbiddenError where the listing or the database cannot be used at all.
    """
    began = time.monotonic()
    run = Tally(seen or Seen())
    selection = selection or Selection()
    halt = _Halt(stop)
    with Session(database) as session:
        layouts = RunLayouts(options.read.layouts)
        layout, since = session.do(lambda conn: _prepared(conn, options, layouts))
        pending: dict[Future[list[Outcome]], LoadTask] = {}

        def submit(files: tuple[LedgerFile, ...], options: LoadOptions = options) -> None:
            task = LoadTask(files, database, layout, store, options, run_id, since)
            pending[workers.load(task, listener, halt)] = task

        def collect(at_most: int) -> None:
            """Wait until at most so many tasks are in flight; files to be tried again go back to the queue."""
            while len(pending) > at_most:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    task = pending.pop(future)
                    waited = run.busy
                    try:
                        again = run.enter(future.result())
                    except IotctlError as error:  # the worker is lost, or cannot work
                        again = ()
                        run.error = run.error or error
                        count_lost(task.files)
                    if run.busy and not waited:
                        listener.noted("another ingest is loading some of these files; waiting for it")
                    if run.error is not None:
                        halt.set()
                    elif again and not halt.wait(_BUSY_SECONDS):
                        submit(again, task.options)

        def count_lost(files: tuple[LedgerFile, ...]) -> None:
            def touch(conn: Connection) -> None:
                before = Ledger(conn, run_id).balances([entry.file_id for entry in files], since)
                for file_id, balance in before.items():
                    run.touch(file_id, balance)

            patiently(session, touch, listener, halt)

        def register(files: list[StoredFile]) -> list[LedgerFile]:
            before = since if again and not run.seen.loaded_again else None
            texts = [layouts.text(file.uri) for file in files]

            def enter(conn: Connection) -> list[LedgerFile]:
                return Ledger(conn).register(files, options.recorded, before, texts)

            return patiently(session, enter, listener, halt)

        def reopened() -> list[LedgerFile]:
            """Files below uri that are to be read again; others are for their own ingest, which can read them."""
            found = patiently(session, lambda conn: Ledger(conn).reopened(), listener, halt)
            return [entry for entry in found if lies_below(uri, entry.file.uri) and not run.seen.given_up(entry.file)]

        try:
            files = data_files(uri, selection, store, options.read, run, listener)
            for task in _tasks(_unloaded(files, register, run, listener, selection.limit, options), workers.count):
                submit(task)
                collect(at_most=2 * workers.count)
                if halt.is_set():
                    break
            collect(at_most=0)
            # A file that changed may have given way to others, which had lost readings to it.
            while not halt.is_set() and (entries := run.read_again(reopened())):
                for reread, some in patiently(session, partial(_by_layout, entries, options), listener, halt):
                    for task in _tasks(iter(some), workers.count):
                        submit(task, reread)
                collect(at_most=0)
        except IotctlError as error:  # the listing broke off, or the ledger
            run.error = run.error or error
            halt.set()
        collect(at_most=0)
        run.seen.loaded_again = True
        run.note_options(listener)
        if AUTO in options.read.layouts:
            run.note_layouts(listener)
        if run.error is None:
            _keep_up(session, layout, listener, halt)
        elif not run.touched:
            raise run.error
        balance = patiently(session, lambda conn: Ledger(conn).balance(list(run.touched)), listener, stop)
        return run.summary(
            balance - run.before, time.monotonic() - began, interrupted=stop.is_set() and run.error is None
        )


def _prepared(conn: Connection, options: LoadOptions, layouts: RunLayouts) -> tuple[StorageLayout, datetime]:
    """Make ready what the load needs; returns the layout of the readings, and the server's time before the load."""
    storage = open_storage(conn)
    if options.chunk_interval is not None:
        storage.set_part_interval(options.chunk_interval)
    ledger = Ledger(conn)
    ledger.layouts.keep(layouts.kept())
    return storage.layout, ledger.now()


def _by_layout(
    entries: Sequence[LedgerFile], options: LoadOptions, conn: Connection
) -> list[tuple[LoadOptions, list[LedgerFile]]]:
    """Files that are read again, each with the layout that it was loaded with, and else with the options of now."""
    now, recorded = RunLayouts(options.read.layouts), RecordedLayouts(LayoutRepository(conn))
    groups: dict[str, tuple[LoadOptions, list[LedgerFile]]] = {}
    for entry in entries:
        text = entry.options.get("layout", STANDARD.name)
        with_own = options
        if digest_of(text) != digest_of(now.text(entry.file.uri)):
            with suppress(FileError):  # else it is read as any other file of now
                with_own = options.with_layout(recorded.of(entry.options))
        groups.setdefault("" if with_own is options else text, (with_own, []))[1].append(entry)
    return list(groups.values())


def _keep_up(session: Session, layout: StorageLayout, listener: IngestListener, halt: threading.Event) -> None:
    """Do what policies ask for, where the server does not; readings are loaded whether it succeeds or not."""
    try:
        gone = patiently(session, lambda conn: keep_up(conn, storage_of(conn, layout), halt.is_set), listener, halt)
    except IotctlError as error:
        listener.noted(f"policies were not applied; the next ingest tries again: {error.message}")
        return
    if gone.parts:
        listener.noted(f"older than the retention: {gone.readings} readings of {gone.parts} months dropped")
    if gone.busy:
        listener.noted("another load is under way; what is older than the retention goes the next time")


def data_files(
    uri: str, selection: Selection, store: StoreSettings, read: ReadOptions, run: Tally, listener: IngestListener
) -> Iterator[StoredFile]:
    """The selected files that ingest reads and has not given up; the others are counted.

    What is found under a prefix or folder is read where its name says that it holds readings; what a person names, as
    uri or in a manifest, is read whatever its name.
    """
    source = source_for(uri, store)
    for file in select(uri, selection, store, run.missing):
        is_named = selection.manifest is not None or source.names(uri, file)
        if not is_named and not is_data_file(file.uri, read.layouts):
            run.other += 1
            if file.uri not in run.seen.left_out:
                listener.noted(_left_out(file.uri, read, is_first=not run.seen.left_out), file.uri)
                run.seen.left_out.add(file.uri)
        elif not run.seen.given_up(file):
            yield file


def _left_out(uri: str, read: ReadOptions, *, is_first: bool) -> str:
    known = f" (read are {suffixes_read(read.layouts)}; others where they are named themselves, or in a --manifest)"
    return f"not a data file, left out: {uri}{known if is_first else ''}"


def _unloaded(
    files: Iterator[StoredFile],
    register: Callable[[list[StoredFile]], list[LedgerFile]],
    run: Tally,
    listener: IngestListener,
    limit: int | None,
    options: LoadOptions,
) -> Iterator[LedgerFile]:
    taken = 0
    for page in pages(files, FILES_AT_ONCE):
        entries = register(page)
        wanted = [entry for entry in entries if entry.state is not FileState.LOADED]
        run.unchanged += len(entries) - len(wanted)
        run.compare_options(entries, options)
        if limit is not None:
            wanted = wanted[: limit - taken]
        taken += len(wanted)
        listener.found(len(wanted), sum(entry.file.size for entry in wanted))
        yield from wanted
        if taken == limit:
            return


def _tasks(files: Iterator[LedgerFile], workers: int) -> Iterator[tuple[LedgerFile, ...]]:
    """Files in the order of their listing, small ones together."""
    together: list[LedgerFile] = []
    size = made = 0
    for entry in files:
        most = _TASK_BYTES if made >= 2 * workers else _FIRST_TASK_BYTES
        if together and (size + entry.file.size > most or len(together) == _TASK_FILES):
            yield tuple(together)
            together, size, made = [], 0, made + 1
        together.append(entry)
        size += entry.file.size
    if together:
        yield tuple(together)


class _Halt(threading.Event):
    """Set where the run ends by itself, or where it is stopped from outside.

    The event from outside stays as it is: the next round of the same process must not find it set.
    """

    def __init__(self, stop: threading.Event) -> None:
        super().__init__()
        self._stop = stop

    def is_set(self) -> bool:
        return super().is_set() or self._stop.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (deadline is None or time.monotonic() < deadline):
            super().wait(_HALT_SECONDS if deadline is None else min(_HALT_SECONDS, max(0, deadline - time.monotonic())))
        return self.is_set()

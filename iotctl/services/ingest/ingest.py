"""Ingest: load the files under a URI into the database with concurrent workers, each file version once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from iotctl.errors import IotctlError
from iotctl.formats import ReadOptions, is_data_file, suffixes_read
from iotctl.formats.layouts.layout import AUTO
from iotctl.model import StoredFile
from iotctl.repositories import Database, FileState, LedgerFile
from iotctl.services.ingest.ingest_sink import DatabaseSink, Sink
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions, LoadTask, LoadWorkers, Outcome
from iotctl.services.ingest.patience import Session
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.selection import pages, select
from iotctl.services.ingest.tally import IngestSummary, Seen, Tally
from iotctl.sources import lies_below, source_for

# Files that one query looks up in the ledger.
_FILES_AT_ONCE = 1000

# Small files share a task and a batch: about as many as fill a batch, or so many. The first tasks of a run are smaller,
# so that each worker gets one.
_TASK_BYTES = 40 * 1024 * 1024
_FIRST_TASK_BYTES = 16 * 1024 * 1024
_TASK_FILES = 200

# Time until a file that another ingest is loading is checked again.
_BUSY_SECONDS = 0.5

# A wait notices a stop from outside within this time.
_HALT_SECONDS = 0.1


class IngestRun:
    """One run over the selected data files with a version that is not loaded yet; use it once.

    When stop is set, the run ends after the current batches. So does an error that concerns more than one file; the
    summary then has the error. Committed rows are counted in any case. seen: kept from round to round of a watch.
    """

    def __init__(
        self,
        request: IngestRequest,
        database: Database,
        workers: LoadWorkers,
        listener: IngestListener,
        stop: threading.Event,
        seen: Seen | None = None,
    ) -> None:
        self._request = request
        self._workers = workers
        self._listener = listener
        self._stop = stop
        self._halt = _Halt(stop)
        self._tally = Tally(seen or Seen())
        self._session = Session(database)
        self._sink = self._open_sink(database)
        self._pending: dict[Future[list[Outcome]], LoadTask] = {}

    def run(self) -> IngestSummary:
        """Load, and return a summary.

        Raises NotFoundError, UnreachableError, ForbiddenError where the source or the database cannot be used at all.
        """
        began = time.monotonic()
        run, listener = self._tally, self._listener
        with self._session:
            self._sink.begin()
            try:
                self._load_selected()
                self._load_reopened()
            except IotctlError as error:  # the listing or the ledger failed
                run.error = run.error or error
                self._halt.set()
            self._collect(at_most=0)
            run.seen.loaded_again = True
            run.note_options(listener)
            if AUTO in self._request.options.read.layouts:
                run.note_layouts(listener)
            if run.error is None:
                self._sink.end()
            elif not run.touched:
                raise run.error
            balance = self._sink.balance(run)
        interrupted = self._stop.is_set() and run.error is None
        return run.summary(balance, time.monotonic() - began, interrupted=interrupted)

    def _open_sink(self, database: Database) -> Sink:
        if self._request.dry_run:
            from iotctl.services.ingest.dry_run import DrySink

            return DrySink(self._request, database, self._session, self._listener, self._halt)
        return DatabaseSink(self._request, database, self._session, self._listener, self._halt, self._stop)

    def _load_selected(self) -> None:
        count = self._workers.count
        for files in _tasks(self._unloaded(), count):
            self._submit(files, self._request.options)
            self._collect(at_most=2 * count)
            if self._halt.is_set():
                break
        self._collect(at_most=0)

    def _load_reopened(self) -> None:
        """Load files again that had lost readings to a file that has changed since and no longer has these readings."""
        while not self._halt.is_set() and (groups := self._sink.reopened(self._read_again)):
            for options, entries in groups:
                for files in _tasks(iter(entries), self._workers.count):
                    self._submit(files, options)
            self._collect(at_most=0)

    def _read_again(self, entries: list[LedgerFile]) -> list[LedgerFile]:
        """The files to read again below the run's URI; other files wait for an ingest that can read them."""
        run = self._tally
        return run.read_again(
            [
                entry
                for entry in entries
                if lies_below(self._request.uri, entry.file.uri) and not run.seen.given_up(entry.file)
            ]
        )

    def _submit(self, files: Sequence[LedgerFile], options: LoadOptions) -> None:
        task = self._sink.task(files, options)
        self._pending[self._workers.load(task, self._listener, self._halt)] = task

    def _collect(self, at_most: int) -> None:
        """Wait until at most so many tasks are running; files to try again go back to the queue."""
        while len(self._pending) > at_most:
            for future in wait(self._pending, return_when=FIRST_COMPLETED).done:
                self._enter(future, self._pending.pop(future))

    def _enter(self, future: Future[list[Outcome]], task: LoadTask) -> None:
        run = self._tally
        waited = run.busy
        again: Sequence[LedgerFile] = ()
        try:
            again = run.enter(future.result())
        except IotctlError as error:  # the worker is lost, or cannot run the task
            run.error = run.error or error
            for file_id, rows in self._sink.balances(task.files).items():
                run.touch(file_id, rows)
        if run.busy and not waited:
            self._listener.noted("another ingest is loading some of these files; waiting for it")
        if run.error is not None:
            self._halt.set()
        elif again and not self._halt.wait(_BUSY_SECONDS):
            self._submit(again, task.options)

    def _unloaded(self) -> Iterator[LedgerFile]:
        """The selected files to load; the others are counted."""
        run, limit = self._tally, self._request.selection.limit
        again = self._request.again and not run.seen.loaded_again
        taken = 0
        for page in pages(self._data_files(), _FILES_AT_ONCE):
            entries = self._sink.enter(page, again=again)
            wanted = [entry for entry in entries if entry.state is not FileState.LOADED]
            run.unchanged += len(entries) - len(wanted)
            run.compare_options(entries, self._request.options)
            if limit is not None:
                wanted = wanted[: limit - taken]
            taken += len(wanted)
            self._listener.found(len(wanted), sum(entry.file.size for entry in wanted))
            yield from wanted
            if taken == limit:
                return

    def _data_files(self) -> Iterator[StoredFile]:
        """The selected files that can be read and have not failed for good; the others are counted.

        A file found under a prefix or folder is read if its name is that of a data file. A file that a person names, as
        uri or in a manifest, is read whatever its name is.
        """
        run, read, selection = self._tally, self._request.options.read, self._request.selection
        source = source_for(self._request.uri, self._request.store)
        for file in select(self._request.uri, selection, self._request.store, run.missing):
            is_named = selection.manifest is not None or source.names(self._request.uri, file)
            if not is_named and not is_data_file(file.uri, read.layouts):
                run.other += 1
                if file.uri not in run.seen.left_out:
                    self._listener.noted(_left_out(file.uri, read, is_first=not run.seen.left_out), file.uri)
                    run.seen.left_out.add(file.uri)
            elif not run.seen.given_up(file):
                yield file


def _left_out(uri: str, read: ReadOptions, *, is_first: bool) -> str:
    known = f" (read: {suffixes_read(read.layouts)}; others only where they are named themselves, or in a --manifest)"
    return f"not a data file, left out: {uri}{known if is_first else ''}"


def _tasks(files: Iterator[LedgerFile], workers: int) -> Iterator[tuple[LedgerFile, ...]]:
    """The tasks: files in the order of their listing, small ones together."""
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
    """Is set where the run ends by itself, or where it is stopped from outside.

    It does not set the event from outside, because the next round of the same process must not find that set.
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

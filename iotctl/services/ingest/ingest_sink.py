"""The target of an ingest: the database, with its ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from iotctl.errors import FileError, IotctlError
from iotctl.formats.layouts.layout import STANDARD
from iotctl.model import ColumnstoreWriter, StorageLayout, StoredFile
from iotctl.repositories import (
    Balance,
    Connection,
    Database,
    LayoutRepository,
    Ledger,
    LedgerFile,
    open_storage,
    storage_of,
)
from iotctl.services.ingest.file_layouts import RecordedLayouts, RunLayouts, digest_of
from iotctl.services.ingest.load_task import IngestRequest, LoadOptions, LoadTask
from iotctl.services.ingest.patience import Session, patiently
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.tally import Tally
from iotctl.services.policy import keep_up
from iotctl.words import counted

# Of some files, those to read again.
Choose = Callable[[list[LedgerFile]], list[LedgerFile]]


class Sink(Protocol):
    """The target of files; used by one thread. Each method raises IotctlError where the database is lost for good."""

    def begin(self) -> None:
        """Prepare the run."""

    def enter(self, files: list[StoredFile], *, again: bool) -> list[LedgerFile]:
        """The ledger entries of files, in the given order. again: also read files that were loaded before."""

    def task(self, files: Sequence[LedgerFile], options: LoadOptions) -> LoadTask:
        """The work to be done on files."""

    def balances(self, files: Sequence[LedgerFile]) -> dict[int, Balance]:
        """The rows of each file before the run: file_id -> rows. It is asked for files with a lost worker."""

    def reopened(self, choose: Choose) -> list[tuple[LoadOptions, list[LedgerFile]]]:
        """The chosen files to read again because another file changed, with the options for reading them."""

    def end(self) -> None:
        """Finish a successful load."""

    def balance(self, run: Tally) -> Balance:
        """The rows that a run read."""


class DatabaseSink:
    """Enters files in the ledger and loads them. halt ends every wait, except in the last count, which stop ends."""

    def __init__(
        self,
        request: IngestRequest,
        database: Database,
        session: Session,
        listener: IngestListener,
        halt: threading.Event,
        stop: threading.Event,
    ) -> None:
        self._request = request
        self._database = database
        self._session = session
        self._listener = listener
        self._halt = halt
        self._stop = stop
        self._layouts = RunLayouts(request.options.read.layouts)
        self._layout: StorageLayout | None = None
        self._since: datetime | None = None

    def begin(self) -> None:
        """See Sink."""

        def prepare(conn: Connection) -> tuple[StorageLayout, datetime]:
            storage, options = open_storage(conn), self._request.options
            if options.chunk_interval is not None:
                storage.set_part_interval(options.chunk_interval)
            reason = storage.set_writer(options.columnstore_writer)
            if reason is not None and options.columnstore_writer is ColumnstoreWriter.AUTO:
                self._listener.noted(f"TimescaleDB compresses the readings, which is slower: {reason}")
            ledger = Ledger(conn)
            ledger.layouts.keep(self._layouts.kept())
            return storage.layout, ledger.now()

        self._layout, self._since = self._session.do(prepare)

    def enter(self, files: list[StoredFile], *, again: bool) -> list[LedgerFile]:
        """See Sink."""
        before = self._since if again else None
        texts = [self._layouts.text(file.uri) for file in files]
        options = self._request.options.recorded
        return patiently(
            self._session,
            lambda conn: Ledger(conn).register(files, options, before, texts),
            self._listener,
            self._halt,
        )

    def task(self, files: Sequence[LedgerFile], options: LoadOptions) -> LoadTask:
        """See Sink."""
        run_id = self._request.run_id
        return LoadTask(tuple(files), self._database, self._layout, self._request.store, options, run_id, self._since)

    def balances(self, files: Sequence[LedgerFile]) -> dict[int, Balance]:
        """See Sink."""
        ids = [entry.file_id for entry in files]
        return patiently(
            self._session,
            lambda conn: Ledger(conn, self._request.run_id).balances(ids, self._since),
            self._listener,
            self._halt,
        )

    def reopened(self, choose: Choose) -> list[tuple[LoadOptions, list[LedgerFile]]]:
        """See Sink. Each file keeps the layout with which it was loaded; the other options are those of this run."""
        entries = choose(patiently(self._session, lambda conn: Ledger(conn).reopened(), self._listener, self._halt))
        if not entries:
            return []
        return patiently(self._session, lambda conn: self._by_layout(entries, conn), self._listener, self._halt)

    def _by_layout(self, entries: Sequence[LedgerFile], conn: Connection) -> list[tuple[LoadOptions, list[LedgerFile]]]:
        options, recorded = self._request.options, RecordedLayouts(LayoutRepository(conn))
        groups: dict[str, tuple[LoadOptions, list[LedgerFile]]] = {}
        for entry in entries:
            text = entry.options.get("layout", STANDARD.name)
            with_own = options
            if digest_of(text) != digest_of(self._layouts.text(entry.file.uri)):
                with suppress(FileError):  # otherwise it is read like any other file of this run
                    with_own = options.with_layout(recorded.of(entry.options))
            groups.setdefault("" if with_own is options else text, (with_own, []))[1].append(entry)
        return list(groups.values())

    def end(self) -> None:
        """Apply the policies, where the server does not; the load is complete even if this fails."""
        try:
            gone = patiently(
                self._session,
                lambda conn: keep_up(conn, storage_of(conn, self._layout), self._halt.is_set),
                self._listener,
                self._halt,
            )
        except IotctlError as error:
            self._listener.noted(f"policies were not applied; the next ingest tries again: {error.message}")
            return
        if gone.parts:
            parts = counted(gone.parts, "month")
            self._listener.noted(f"older than the retention: {counted(gone.readings, 'reading')} of {parts} dropped")
        if gone.busy:
            self._listener.noted("another load is running; the next ingest drops readings older than the retention")

    def balance(self, run: Tally) -> Balance:
        """See Sink."""
        now = patiently(self._session, lambda conn: Ledger(conn).balance(list(run.touched)), self._listener, self._stop)
        return now - run.before

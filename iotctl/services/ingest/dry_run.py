"""A dry run of an ingest: files are read in the same way, and nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from iotctl.errors import IotctlError, UnfinishedFileError, UnreachableError
from iotctl.formats import read_batches
from iotctl.model import StoredFile
from iotctl.repositories import Balance, Connection, Database, FileState, Ledger, LedgerFile, ensure_schema
from iotctl.services.ingest.file_layouts import RunLayouts
from iotctl.services.ingest.ingest_sink import Choose
from iotctl.services.ingest.load_task import Ending, IngestRequest, LoadOptions, LoadTask, Outcome
from iotctl.services.ingest.patience import Session, patiently
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.tally import Tally
from iotctl.sources import source_for


class DrySink:
    """A Sink that reads the ledger and writes nothing."""

    def __init__(
        self,
        request: IngestRequest,
        database: Database,
        session: Session,
        listener: IngestListener,
        halt: threading.Event,
    ) -> None:
        self._request = request
        self._database = database
        self._session = session
        self._listener = listener
        self._halt = halt
        self._layouts = RunLayouts(request.options.read.layouts)
        self._entered: set[str] = set()

    def begin(self) -> None:
        """See Sink."""
        self._session.do(ensure_schema)

    def enter(self, files: list[StoredFile], *, again: bool) -> list[LedgerFile]:
        """See Sink. File numbers are valid only in this run; a file that a manifest names twice counts as loaded."""

        def known(conn: Connection) -> dict[tuple[str, str], LedgerFile]:
            found = Ledger(conn).named([file.uri for file in files])
            return {(one.file.uri, one.file.version): one for one in found if one.state is FileState.LOADED}

        loaded = {} if again else patiently(self._session, known, self._listener, self._halt)
        return [self._entry(file, loaded.get((file.uri, file.version))) for file in files]

    def _entry(self, file: StoredFile, loaded: LedgerFile | None) -> LedgerFile:
        if loaded is not None:
            return loaded
        state = FileState.LOADED if file.uri in self._entered else FileState.PENDING
        self._entered.add(file.uri)
        options = {**self._request.options.recorded, "layout": self._layouts.text(file.uri)}
        return LedgerFile(-len(self._entered), file, state, 0, options)

    def task(self, files: Sequence[LedgerFile], options: LoadOptions) -> LoadTask:
        """See Sink."""
        return LoadTask(tuple(files), self._database, None, self._request.store, options)

    def balances(self, files: Sequence[LedgerFile]) -> dict[int, Balance]:
        """See Sink."""
        return {entry.file_id: Balance() for entry in files}

    def reopened(self, choose: Choose) -> list[tuple[LoadOptions, list[LedgerFile]]]:
        """See Sink. None: nothing changes."""
        return []

    def end(self) -> None:
        """See Sink."""

    def balance(self, run: Tally) -> Balance:
        """See Sink."""
        return run.rows


def read_files(task: LoadTask, listener: IngestListener, stop: threading.Event) -> list[Outcome]:
    """Read the files of a task as load_files does, but write nothing; stop ends it after the current batch."""
    outcomes: list[Outcome] = []
    for entry in task.files:
        if stop.is_set():
            break
        if outcomes and isinstance(outcomes[-1].error, UnreachableError):
            # Only the whole run shows whether one file or the store has a problem.
            outcomes.append(Outcome(entry, Ending.PUT_OFF))
            continue
        listener.started(entry.file)
        outcomes.append(_read(entry, task, listener, stop))
        listener.finished(entry.file)
    return outcomes


def _read(entry: LedgerFile, task: LoadTask, listener: IngestListener, stop: threading.Event) -> Outcome:
    file = entry.file
    ending, error, layout, rows = Ending.LOADED, None, "", Balance()
    try:
        source = source_for(file.uri, task.store)
        for batch in read_batches(file, partial(source.open, file), task.options.read):
            for note in batch.notes:
                listener.noted(f"{file.uri}: {note}", file.uri)
            rows += Balance(
                rows_read=batch.rows_read,
                rejected=batch.rows_rejected,
                missing=batch.missing,
                bad_quality=batch.bad_quality,
                ambiguous=batch.ambiguous,
                nonexistent=batch.nonexistent,
            )
            layout = batch.end.forms.get("layout", "")
            listener.advanced(file, min(1.0, batch.end.offset / max(file.size, 1)), batch.rows_read)
            if stop.is_set():
                ending = Ending.STOPPED
                break
    except UnfinishedFileError:
        ending = Ending.UNFINISHED
    except IotctlError as trouble:
        ending, error = Ending.FAILED, trouble
    return Outcome(entry, ending, Balance(), error, layout=layout, rows=rows)

"""The work of one ingest worker: load a few files, batch by batch; small files share a batch."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from iotctl.errors import FileError, IotctlError
from iotctl.formats.layouts.layout import AUTO
from iotctl.model import FileBatch, OnDuplicate, Position
from iotctl.repositories import Balance, Connection, FileState, Ledger, LedgerFile, Renewed, storage_of
from iotctl.services.ingest.file_layouts import RunLayouts, found_text, kept_layout, read_layout
from iotctl.services.ingest.file_pieces import Piece, ahead, read_pieces
from iotctl.services.ingest.load_task import Ending, LoadTask, Outcome
from iotctl.services.ingest.patience import Session, patiently
from iotctl.services.ingest.progress import IngestListener, Silent
from iotctl.services.ingest.refusals import refuse_total_loss, too_many_rejects
from iotctl.services.ingest.write_batches import BatchWriter, ReadBatch
from iotctl.words import counted

# Batches of small files are committed together when they have this part of a batch's rows.
_COMPLETE = 0.5


def load_files(
    task: LoadTask, listener: IngestListener | None = None, stop: threading.Event | None = None
) -> list[Outcome]:
    """Load the files of a task, one after the other; stop, when set, ends after the current batches.

    Returns an outcome for each file that was started. If the database failed, the current files are STOPPED, with the
    error. Committed batches stay. A task without a layout writes nothing.
    """
    listener, stop = listener or Silent(), stop or threading.Event()
    if task.layout is None:
        from iotctl.services.ingest.dry_run import read_files

        return read_files(task, listener, stop)
    worker = _Worker(task, listener, stop)
    try:
        with Session(task.database) as session:
            patiently(session, worker.work, listener, stop, lambda: worker.batches)
    except IotctlError as error:
        worker.give_up(error)
    return worker.outcomes


@dataclass
class _Group:
    """Batches to commit together, and the files that end with them. unfinished: files that end only for now."""

    parts: list[ReadBatch] = field(default_factory=list)
    ended: list[LedgerFile] = field(default_factory=list)
    unfinished: list[LedgerFile] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(part.batch.rows_read for part in self.parts)


class _Worker:
    """The files of a task and their progress, across reconnections.

    batches: how many are committed. The remaining files have no outcome yet.
    """

    def __init__(self, task: LoadTask, listener: IngestListener, stop: threading.Event) -> None:
        self.outcomes: list[Outcome] = []
        self.batches = 0
        self._task = task
        self._listener = listener
        self._stop = stop
        self._left = list(task.files)
        self._before: dict[int, Balance] = {}
        self._so_far: dict[int, Balance] = {}  # as read, whether committed or not
        self._started: set[int] = set()
        self._failed: set[int] = set()
        self._run_layouts = RunLayouts(task.options.read.layouts)
        self._layouts: dict[int, str] = {}  # that were found by looking at the files, as TOML
        # Batches of new versions of files: they replace the older version as a whole, when all is read.
        self._staged: dict[int, list[FileBatch]] = {}

    def work(self, conn: Connection) -> None:
        """Load the rest of the task over a connection."""
        ledger = Ledger(conn, self._task.run_id)
        options = self._task.options
        writer = BatchWriter(conn, ledger, storage_of(conn, self._task.layout), options.on_duplicate, self._listener)
        group = _Group()
        try:
            with closing(ahead(self._pieces(self._take_up(ledger)))) as pieces:
                for piece in pieces:
                    group = self._add(piece, group, ledger, writer)
                    if self._stop.is_set():
                        break
            self._write(group, ledger, writer)
        finally:
            for entry in self._left:
                self._tell_finished(entry)
        # Only the whole run shows whether one file or the store has a problem.
        for entry in list(self._left):
            self._end(entry, Ending.STOPPED if self._stop.is_set() else Ending.PUT_OFF)

    def give_up(self, error: IotctlError) -> None:
        """End with the current files."""
        in_hand = [entry for entry in self._left if entry.file_id in self._before] or self._left[:1]
        for entry in in_hand:
            self._end(entry, Ending.STOPPED, error)

    def _take_up(self, ledger: Ledger) -> list[tuple[LedgerFile, Position]]:
        """The files to load, and their positions; the others get their outcome."""
        ids = list(dict.fromkeys(entry.file_id for entry in self._left))
        mine = ledger.try_lock(ids)
        states, positions = ledger.states(ids), ledger.positions(ids)
        self._staged = {file_id: [] for file_id in ledger.renewing(ids)}
        balances, before = ledger.balances(ids), ledger.balances(ids, self._task.since)
        taken: dict[int, tuple[LedgerFile, Position]] = {}
        gone = (FileState.PENDING, 0)
        for entry in list(self._left):
            file_id = entry.file_id
            if file_id not in mine:
                self._end(entry, Ending.BUSY)
            elif states.get(file_id, gone)[1] != entry.generation:  # another ingest has a newer version, or forgot it
                self._end(entry, Ending.UNCHANGED)
            elif states[file_id][0] is FileState.LOADED:
                # By this task, over an earlier connection or on a lost worker; or by others.
                self._before.setdefault(file_id, before[file_id])
                ours = self._before[file_id].rows_read != balances[file_id].rows_read
                self._end(entry, Ending.LOADED if ours else Ending.UNCHANGED)
            elif file_id in taken:  # a manifest may name a file twice
                self._end(entry, Ending.PUT_OFF)
            else:
                self._before.setdefault(file_id, before[file_id])
                self._so_far[file_id] = balances[file_id]
                position = Position() if file_id in self._staged else positions[file_id]
                self._layouts[file_id] = position.forms.get("layout", "")
                taken[file_id] = entry, position
        return list(taken.values())

    def _pieces(self, files: Sequence[tuple[LedgerFile, Position]]) -> Iterator[Piece]:
        def kept_rejects(file_id: int) -> int:
            return self._so_far[file_id].rejected + self._so_far[file_id].bad_quality

        return read_pieces(files, self._task, self._stop, kept_rejects, self._failed)

    def _add(self, piece: Piece, group: _Group, ledger: Ledger, writer: BatchWriter) -> _Group:
        """Add a piece to a group, which is written when it is complete; returns the current group."""
        entry, options = piece.entry, self._task.options
        if entry.file_id in self._failed:
            return group
        if entry.file_id not in self._started:
            self._started.add(entry.file_id)
            self._listener.started(entry.file)
        error = piece.error
        if piece.batch is not None:
            so_far = self._so_far[entry.file_id]
            so_far += Balance(rows_read=piece.batch.rows_read, rejected=piece.batch.rows_rejected)
            self._so_far[entry.file_id] = so_far
            self._layouts[entry.file_id] = piece.batch.end.forms.get("layout", "")
            for note in piece.batch.notes:
                self._listener.noted(f"{entry.file.uri}: {note}", entry.file.uri)
            if not options.max_rejects.allows(so_far.rejected, so_far.rows_read):
                error = too_many_rejects(entry.file, piece.batch, so_far.rejected)
        if error is not None:
            self._write(group, ledger, writer)
            self._fail(entry, error, ledger)
            return _Group()
        if entry.file_id in self._staged:
            return group if self._stage(piece) else self._renew(piece, group, ledger, writer)
        if piece.unfinished:
            group.unfinished.append(entry)
        elif piece.batch is None:
            group.ended.append(entry)
        else:
            group.parts.append(ReadBatch(entry, piece.batch))
        complete = group.rows >= _COMPLETE * options.read.batch_rows
        if complete or not group.parts or options.on_duplicate is OnDuplicate.FAIL:
            return self._write(group, ledger, writer)
        return group

    def _stage(self, piece: Piece) -> bool:
        """Keep a batch of a new version. Returns False at the file's end, except for a file without rows."""
        if piece.batch is None:
            return False
        self._staged[piece.entry.file_id].append(piece.batch)
        self._tell_advanced(piece.entry, piece.batch)
        return True

    def _renew(self, piece: Piece, group: _Group, ledger: Ledger, writer: BatchWriter) -> _Group:
        """Commit the group, then a file's new version as a whole; returns an empty group."""
        self._write(group, ledger, writer)
        entry = piece.entry
        options = None
        if not piece.unfinished:
            options = {**self._task.options.recorded, "layout": self._layout_text(entry, ledger)}
        try:
            if ledger.extents(entry.file_id) is not None:
                refuse_total_loss(entry.file, self._staged[entry.file_id])
            renewed, reopened = writer.renew(entry, self._staged[entry.file_id], options)
        except FileError as error:
            self._fail(entry, error, ledger)
            return _Group()
        finally:
            self._staged[entry.file_id] = []
        self.batches += 1
        if reopened:
            self._listener.noted(
                f"to be read again, as one that overlaps changed: {counted(reopened, 'file')}", entry.file.uri
            )
        ledger.unlock([entry.file_id])
        self._end(entry, Ending.UNFINISHED if piece.unfinished else Ending.LOADED, renewed=renewed)
        return _Group()

    def _tell_advanced(self, entry: LedgerFile, batch: FileBatch) -> None:
        done = min(1.0, batch.end.offset / max(entry.file.size, 1))
        self._listener.advanced(entry.file, done, batch.rows_read)

    def _write(self, group: _Group, ledger: Ledger, writer: BatchWriter) -> _Group:
        """Commit a group; returns an empty one."""
        try:
            writer.write(group.parts)
        except FileError as error:  # --on-duplicate fail, where each batch is its own group
            self._fail(group.parts[0].entry, error, ledger)
            return _Group()
        self.batches += len(group.parts)
        for part in group.parts:
            self._tell_advanced(part.entry, part.batch)
        if group.ended:
            layouts = [self._layout_text(entry, ledger) for entry in group.ended]
            ledger.finish(group.ended, self._task.options.recorded, layouts)
            ledger.unlock([entry.file_id for entry in group.ended])
            for entry in group.ended:
                self._end(entry, Ending.LOADED)
        if group.unfinished:
            # They stay pending: the next run goes on from the last committed batch.
            ledger.unlock([entry.file_id for entry in group.unfinished])
            for entry in group.unfinished:
                self._end(entry, Ending.UNFINISHED)
        return _Group()

    def _layout_text(self, entry: LedgerFile, ledger: Ledger) -> str:
        """The ledger's text for the layout of a file; a found layout is stored first."""
        text = self._run_layouts.text(entry.file.uri)
        if text != AUTO.name:
            return text
        layout = read_layout(self._layouts.get(entry.file_id, ""))
        ledger.layouts.keep(kept_layout(layout))
        return found_text(layout)

    def _fail(self, entry: LedgerFile, error: IotctlError, ledger: Ledger) -> None:
        self._failed.add(entry.file_id)
        ledger.fail(entry, error.message)
        ledger.unlock([entry.file_id])
        self._end(entry, Ending.FAILED, error)

    def _end(
        self, entry: LedgerFile, ending: Ending, error: IotctlError | None = None, renewed: Renewed | None = None
    ) -> None:
        self._left.remove(entry)
        counts = ending in (Ending.LOADED, Ending.UNFINISHED, Ending.FAILED, Ending.STOPPED)
        before = self._before.get(entry.file_id) if counts else None
        corrected, removed = (renewed.corrected, renewed.removed) if renewed else (0, 0)
        layout = self._layouts.get(entry.file_id, "")
        self.outcomes.append(Outcome(entry, ending, before, error, corrected, removed, layout))
        self._tell_finished(entry)

    def _tell_finished(self, entry: LedgerFile) -> None:
        if entry.file_id in self._started:
            self._started.remove(entry.file_id)
            self._listener.finished(entry.file)

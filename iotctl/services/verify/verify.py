"""Verify: read the source again, and report where the table differs from it. It changes nothing."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from iotctl.errors import (
    FileError,
    ForbiddenError,
    IotctlError,
    NotFoundError,
    NothingThereError,
    UnfinishedFileError,
)
from iotctl.formats import is_data_file, read_batches
from iotctl.model import OnDuplicate, StoredFile
from iotctl.repositories import (
    Connection,
    Database,
    FileState,
    LayoutRepository,
    Ledger,
    SensorRepository,
    present_storage,
)
from iotctl.repositories.readings.audit import Audit, AuditedFile
from iotctl.services.ingest.file_layouts import RecordedLayouts
from iotctl.services.ingest.load_task import LoadOptions
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.selection import Selection, select
from iotctl.services.verify.compare import Fault
from iotctl.services.verify.file_readings import FileReadings
from iotctl.services.verify.sensor_names import KnownSensors
from iotctl.services.verify.verify_file import verify_file
from iotctl.sources import StoreSettings, lies_below, source_for

# If a load of the file finishes while it is read here, the file is read again, at most so many times.
_MOST_READS = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the source and the table or ledger.

    file: its URI, None where no file is concerned. sensor: name or UUID, None where it is the whole file. count: of
    readings (of batches for disorder). first: the first time, microseconds since 1970-01-01 UTC. note: the difference
    in words.
    """

    file: str | None
    fault: Fault
    sensor: str | None = None
    count: int | None = None
    first: int | None = None
    note: str = ""


@dataclass
class Verification:
    """The counts of a verification; complete when all differences were read.

    files: compared with the table. files_unfinished: loaded except for an incomplete last line; this is not a
    difference, because ingest loads the line later. files_left_out: not in the sample. files_other: not data files.
    readings: of the compared files, each (sensor, time) once. expired: readings that the retention has dropped.
    vanished: loaded files that the source no longer has; this is not a difference. by_fault: how many readings (or
    files, or batches) differ, by kind.
    """

    files: int = 0
    files_unfinished: int = 0
    files_left_out: int = 0
    files_other: int = 0
    readings: int = 0
    expired: int = 0
    vanished: list[str] = field(default_factory=list)
    by_fault: dict[Fault, int] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        """Whether nothing differs."""
        return not self.by_fault


def verify(
    uri: str,
    database: Database,
    store: StoreSettings,
    verdict: Verification,
    *,
    listener: IngestListener,
    selection: Selection | None = None,
    sample: float = 1.0,
) -> Iterator[Difference]:
    """The differences between the data files under uri and the table, file by file; fills verdict at the same time.

    sample: the part of the files to compare, chosen by a hash of their URIs; at least one. Only without a sample it
    also finds readings in the table on days on which their file has none. Raises NotFoundError, UnreachableError,
    ForbiddenError where the source or the database cannot be used at all, and NothingThereError where there is no data
    file.
    """
    with database.connect(application="iotctl verify") as conn:
        storage = present_storage(conn)
        if storage is None:
            raise IotctlError("There are no readings: the database has no schema yet.", hint="Run iotctl ingest first.")
        verification = _Verification(conn, Audit(conn, storage), store, listener, verdict, whole=sample >= 1)
        for difference in verification.differences(uri, selection or Selection(), sample):
            verdict.by_fault[difference.fault] = verdict.by_fault.get(difference.fault, 0) + (difference.count or 1)
            yield difference
        if verdict.right and not verdict.files:
            raise NothingThereError(
                "Nothing was compared: there is no data file.", where=uri, hint="Check the URI and the options."
            )


def is_drawn(uri: str, sample: float) -> bool:
    """Whether a file is in a sample: the same files every time. A larger sample contains the smaller ones."""
    return _lot(uri) < sample


def _lot(uri: str) -> float:
    return int.from_bytes(hashlib.sha256(uri.encode("utf-8", "surrogateescape")).digest()[:6]) / 2**48


class _Verification:
    """The steps of one verification, over one connection."""

    def __init__(
        self,
        conn: Connection,
        audit: Audit,
        store: StoreSettings,
        listener: IngestListener,
        verdict: Verification,
        *,
        whole: bool,
    ) -> None:
        self._audit = audit
        self._ledger = Ledger(conn)
        self._names = KnownSensors(SensorRepository(conn))
        self._layouts = RecordedLayouts(LayoutRepository(conn))
        self._store = store
        self._listener = listener
        self._verdict = verdict
        self._whole = whole
        self._in_table: dict[int, int] = {}

    def differences(self, uri: str, selection: Selection, sample: float) -> Iterator[Difference]:
        """All differences: first of the whole table, then file by file."""
        yield from self._of_the_table()
        listed: set[str] = set()
        spare: StoredFile | None = None
        for file in self._listed(uri, selection):
            listed.add(file.uri)
            if is_drawn(file.uri, sample):
                yield from self._file(file)
                continue
            self._verdict.files_left_out += 1
            yield from self._state(file)
            if spare is None or _lot(file.uri) < _lot(spare.uri):
                spare = file
        if spare is not None and self._verdict.files == 0:
            self._verdict.files_left_out -= 1
            yield from self._file(spare)
        if selection == Selection():
            loaded = [name for name in self._audit.loaded_uris() if lies_below(uri, name)]
            self._verdict.vanished = sorted(set(loaded) - listed)

    def _of_the_table(self) -> Iterator[Difference]:
        with self._audit.snapshot():
            disorder = self._audit.disorder()
            strangers: list[tuple[int, int, int, int]] = []
            if self._whole:
                self._in_table = self._audit.rows_by_file()
                for file_id in self._audit.unknown_files(self._in_table):
                    days = self._audit.days_of_file(file_id)
                    strangers += [(file_id, sensor_id, count, first) for sensor_id, _, count, first in days]
        for broken in disorder:
            name = self._names.of(broken.sensor_id)
            note = f"batches of chunk {broken.chunk} overlap; iotctl compact repairs them"
            yield Difference(None, Fault.DISORDER, name, broken.count, broken.first, note)
        for file_id, sensor_id, count, first in strangers:
            note = f"of file_id {file_id}, which is not known"
            yield Difference(None, Fault.SURPLUS, self._names.of(sensor_id), count, first, note)

    def _listed(self, uri: str, selection: Selection) -> Iterator[StoredFile]:
        """The data files, and other files that were loaded because a person named them."""

        def missing(name: str, error: IotctlError) -> None:
            self._listener.noted(f"not found: {name}: {error.message}", name)

        source = source_for(uri, self._store)
        for file in select(uri, selection, self._store, missing):
            if is_data_file(file.uri) or source.names(uri, file) or self._audit.file(file.uri):
                yield file
            else:
                self._verdict.files_other += 1

    def _state(self, file: StoredFile) -> Iterator[Difference]:
        """Why a file cannot be compared; None where it can."""
        known = self._audit.file(file.uri)
        if known is None:
            yield Difference(file.uri, Fault.NEW, note="not loaded yet")
        elif known.version != file.version:
            yield Difference(file.uri, Fault.CHANGED, note="the source has another version than the loaded one")
        elif known.state is FileState.PENDING and not self._ends_in_open_line(file, known):
            yield Difference(file.uri, Fault.UNFINISHED, note="not loaded to its end; iotctl ingest goes on")
        elif known.state is FileState.FAILED:
            yield Difference(file.uri, Fault.FAILED, note=known.problem or "")

    def _ends_in_open_line(self, file: StoredFile, known: AuditedFile) -> bool:
        """Whether a file is loaded except for a last line that may not be complete yet."""
        how = replace(self._options(known).read, settle_seconds=math.inf)
        start = self._ledger.positions([known.file_id])[known.file_id]
        try:
            for batch in read_batches(file, partial(source_for(file.uri, self._store).open, file), how, start):
                if batch.rows_read:
                    return False
        except UnfinishedFileError:
            return True
        except (FileError, ForbiddenError, NotFoundError):
            pass  # the load of the file reports the reason
        return False

    def _options(self, known: AuditedFile) -> LoadOptions:
        return LoadOptions.of_record(known.options).with_layout(self._layouts.of(known.options))

    def _file(self, file: StoredFile) -> Iterator[Difference]:
        self._listener.found(1, file.size)
        self._listener.started(file)
        try:
            # After the transaction: the reader of the differences may be slow, and must not keep it open.
            found = self._compared(file)
        except (FileError, ForbiddenError, NotFoundError) as error:
            found = [Difference(file.uri, Fault.UNREADABLE, note=error.message)]
        finally:
            self._listener.finished(file)
        yield from found

    def _compared(self, file: StoredFile) -> list[Difference]:
        for _ in range(_MOST_READS):
            if state := list(self._state(file)):
                return state
            known = self._audit.file(file.uri)
            assert known is not None
            is_whole = known.state is FileState.LOADED
            with self._read(file, self._options(known), is_whole=is_whole) as readings, self._audit.snapshot():
                if self._audit.file(file.uri) != known:  # loaded again while it was read here
                    continue
                rows_in_table = self._in_table.get(known.file_id, 0) if self._whole else None
                result = verify_file(self._audit, known, readings, rows_in_table)
            self._verdict.files += 1
            self._verdict.files_unfinished += not is_whole
            self._verdict.readings += result.rows
            self._verdict.expired += result.expired
            return [
                Difference(file.uri, m.fault, self._names.of(m.sensor_id), m.count, m.first, m.note)
                for m in result.mismatches
            ]
        return [Difference(file.uri, Fault.UNFINISHED, note="it is being loaded again and again")]

    def _read(self, file: StoredFile, options: LoadOptions, *, is_whole: bool) -> FileReadings:
        source = source_for(file.uri, self._store)
        # A file that was loaded to its end was complete then.
        how = replace(options.read, settle_seconds=0.0 if is_whole else math.inf, keep_rejects=0)
        readings = FileReadings(keep_last=options.on_duplicate is OnDuplicate.REPLACE)
        try:
            for batch in read_batches(file, partial(source.open, file), how):
                readings.add(self._names.ids(batch.uuids)[batch.sensor], batch.time, batch.value)
                self._listener.advanced(file, batch.end.offset / max(file.size, 1), batch.rows_read)
        except UnfinishedFileError:
            pass  # ingest did not load that line either
        except BaseException:
            readings.close()
            raise
        return readings

"""What an ingest asks of a worker, and what it hears of the files: small and picklable, whatever the files hold."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from iotctl.errors import IotctlError
from iotctl.formats import ReadOptions
from iotctl.formats.layouts.layout import Layout
from iotctl.model import ColumnstoreWriter, OnDuplicate, StorageLayout
from iotctl.repositories import Balance, Database, LedgerFile
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.selection import Selection
from iotctl.sources import StoreSettings

# Options of reading that change no reading.
_NOT_RECORDED = ("batch_rows", "block_bytes", "settle_seconds", "keep_rejects", "layouts")


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
    """How files are read, and what becomes of readings that are there already.

    chunk_interval: of new chunks. columnstore_writer: who compresses, on TimescaleDB.
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    max_rejects: RejectLimit = field(default_factory=RejectLimit)
    chunk_interval: timedelta | None = None
    columnstore_writer: ColumnstoreWriter = ColumnstoreWriter.AUTO

    @property
    def recorded(self) -> dict[str, str]:
        """What the ledger keeps with a file: all that decides which readings it gives, but for its layout."""
        how = {name: str(value) for name, value in asdict(self.read).items() if name not in _NOT_RECORDED}
        return how | {"on_duplicate": self.on_duplicate.value}

    def with_layout(self, layout: Layout) -> LoadOptions:
        """The same, with one layout for all files."""
        return replace(self, read=replace(self.read, layouts=(layout,)))

    @classmethod
    def of_record(cls, recorded: Mapping[str, str]) -> LoadOptions:
        """The options that the ledger has kept with a finished file, but for its layout; others are as by default."""
        default = ReadOptions(settle_seconds=0)
        read: dict[str, Any] = {}
        for name in (option.name for option in fields(default)):
            if (text := recorded.get(name)) is not None:
                # Texts as recorded writes them: of bool, int, float, str and enums of str.
                kind = type(getattr(default, name))
                read[name] = text == "True" if kind is bool else kind(text)
        return cls(replace(default, **read), OnDuplicate(recorded.get("on_duplicate", OnDuplicate.SKIP)))


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What an ingest is asked for: to load the selected files under uri that are not loaded in their present version.

    again: also those that are; what they gave before is replaced. run_id: the run's in the history, if it has one.
    dry_run: read them, and write nothing.
    """

    uri: str
    store: StoreSettings
    options: LoadOptions = field(default_factory=LoadOptions)
    selection: Selection = field(default_factory=Selection)
    again: bool = False
    run_id: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class LoadTask:
    """Work for one worker; small and picklable, it travels instead of the files.

    layout: of the readings in the database; None where nothing is written, but all is read. run_id: whose batches they
    are. since: what this run has committed from then on is part of this task: a worker that died may have done some of
    it already.
    """

    files: tuple[LedgerFile, ...]
    database: Database
    layout: StorageLayout | None
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
    UNFINISHED = "unfinished"  # loaded up to its last line, which may still be being written
    FAILED = "failed"  # something is wrong with the file, or the store does not give it
    STOPPED = "stopped"  # the run ends: it was told to, or database or store cannot be used


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. before: its rows in the ledger when this run took it up, None where it did not.

    corrected, removed: readings of an older version that its new one changed, or has no more. layout: the one that was
    found by looking at the file, as TOML; empty where it was named, or is the standard one. rows: what a dry run read;
    of a load they are in the ledger.
    """

    file: LedgerFile
    ending: Ending
    before: Balance | None = None
    error: IotctlError | None = None
    corrected: int = 0
    removed: int = 0
    layout: str = ""
    rows: Balance = field(default_factory=Balance)


class LoadWorkers(Protocol):
    """Where files are loaded. count: tasks that run at once."""

    @property
    def count(self) -> int: ...  # noqa: D102

    def load(self, task: LoadTask, listener: IngestListener, halt: threading.Event) -> Future[list[Outcome]]:
        """What load_files makes of a task; the listener hears of it here; halt, set here, ends it there."""

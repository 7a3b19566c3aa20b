"""What an ingest sends to a worker, and what it gets back: small and picklable, for files of any size."""

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

# Options of reading that do not change any reading.
_NOT_RECORDED = ("batch_rows", "block_bytes", "settle_seconds", "keep_rejects", "layouts")


@dataclass(frozen=True, slots=True)
class RejectLimit:
    """The most bad rows of one file before its load stops: a number, or a part (0..1) of the rows read so far."""

    rows: int | None = None
    part: float | None = None

    def allows(self, rejected: int, rows_read: int) -> bool:
        """Whether so many bad rows among so many rows are within the limit."""
        if self.rows is not None and rejected > self.rows:
            return False
        return self.part is None or rejected <= self.part * rows_read


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How files are read, and what happens to readings that the table already has.

    chunk_interval: of new chunks. columnstore_writer: who compresses, on TimescaleDB.
    """

    read: ReadOptions = field(default_factory=ReadOptions)
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    max_rejects: RejectLimit = field(default_factory=RejectLimit)
    chunk_interval: timedelta | None = None
    columnstore_writer: ColumnstoreWriter = ColumnstoreWriter.AUTO

    @property
    def recorded(self) -> dict[str, str]:
        """What the ledger stores with a file: all options that decide its readings, except its layout."""
        how = {name: str(value) for name, value in asdict(self.read).items() if name not in _NOT_RECORDED}
        return how | {"on_duplicate": self.on_duplicate.value}

    def with_layout(self, layout: Layout) -> LoadOptions:
        """The same options, with one layout for all files."""
        return replace(self, read=replace(self.read, layouts=(layout,)))

    @classmethod
    def of_record(cls, recorded: Mapping[str, str]) -> LoadOptions:
        """The options that the ledger stored with a finished file, except its layout; others have defaults."""
        default = ReadOptions(settle_seconds=0)
        read: dict[str, Any] = {}
        for name in (option.name for option in fields(default)):
            if (text := recorded.get(name)) is not None:
                # The texts that `recorded` writes: of bool, int, float, str and enums of str.
                kind = type(getattr(default, name))
                read[name] = text == "True" if kind is bool else kind(text)
        return cls(replace(default, **read), OnDuplicate(recorded.get("on_duplicate", OnDuplicate.SKIP)))


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """An ingest: load the selected files under uri whose present version is not loaded.

    again: also load the others; their earlier readings are replaced. run_id: the run in the history, if it has one.
    dry_run: read the files, and write nothing.
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
    """Work for one worker; small and picklable, because it is sent in place of the files.

    layout: how the database stores readings; None where files are read and nothing is written. run_id: the run of the
    batches. since: batches that this run committed later than this belong to this task; a lost worker may have
    committed some of them.
    """

    files: tuple[LedgerFile, ...]
    database: Database
    layout: StorageLayout | None
    store: StoreSettings
    options: LoadOptions
    run_id: str | None = None
    since: datetime | None = None


class Ending(StrEnum):
    """How the work on a file ended."""

    LOADED = "loaded"
    UNCHANGED = "unchanged"  # another ingest has loaded it in the meantime
    BUSY = "busy"  # another ingest is loading it now
    PUT_OFF = "put off"  # not started, because the store failed at the file before
    UNFINISHED = "unfinished"  # loaded except for its last line, which may not be complete yet
    FAILED = "failed"  # something is wrong with the file, or the store could not read it
    STOPPED = "stopped"  # the run ends: it was stopped, or the database or store failed


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a file. before: its rows in the ledger when this run started with it, None where it did not.

    corrected, removed: readings of an older version that the new version changed or no longer has. layout: the layout
    that was found by looking at the file, as TOML; empty where it was given, or is the standard one. rows: what a dry
    run read; the rows of a load are in the ledger.
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
    """The place where files are loaded. count: tasks that run at the same time."""

    @property
    def count(self) -> int: ...  # noqa: D102

    def load(self, task: LoadTask, listener: IngestListener, halt: threading.Event) -> Future[list[Outcome]]:
        """The result of load_files for a task.

        The listener is called on this side; halt, set on this side, stops the task.
        """

"""What an ingest did: files by result, rows, and what a later round need not repeat."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from iotctl.errors import ChangedFileError, FileError, IotctlError, UnreachableError
from iotctl.formats.layouts.layout import STANDARD
from iotctl.model import StoredFile
from iotctl.repositories import Balance, FileState, LedgerFile, RunEnding
from iotctl.services.ingest.file_layouts import RunLayouts, is_same, read_layout
from iotctl.services.ingest.load_task import Ending, LoadOptions, Outcome
from iotctl.services.ingest.progress import IngestListener
from iotctl.words import counted

# If the store fails for so many files in a row, the store has a problem; fewer may be problems of the files.
_MOST_UNREACHABLE = 3


@dataclass(frozen=True, slots=True)
class FailedFile:
    """A file that was not loaded, and why. version: None where even that could not be read."""

    uri: str
    version: str | None
    error: IotctlError

    @property
    def is_final(self) -> bool:
        """Whether another try at the same version would fail, too."""
        return isinstance(self.error, FileError) and not isinstance(self.error, ChangedFileError)


@dataclass
class Seen:
    """What a later round of the same process need not repeat.

    left_out: objects that are not data files; they are reported once. failed: URI -> the file that is not loaded so
    far; a version that cannot be loaded is not tried again. loaded_again: whether --again has been done.
    """

    left_out: set[str] = field(default_factory=set)
    failed: dict[str, FailedFile] = field(default_factory=dict)
    loaded_again: bool = False

    def given_up(self, file: StoredFile) -> bool:
        """Whether this version of the file cannot be loaded."""
        failed = self.failed.get(file.uri)
        return failed is not None and failed.is_final and failed.version == file.version


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What a run did. files: loaded by this run. balance: the rows that this run read, over all its files.

    unchanged: files that were loaded before. other: objects that are not data files. interrupted: whether it was
    stopped. error: what ended the run early, if it was not the problem of one file. unfinished: files that are loaded
    except for their last line, which may not be complete yet. corrected, removed: readings that new versions of files
    changed or no longer have.
    """

    files: int
    unchanged: int
    other: int
    failed: tuple[FailedFile, ...]
    balance: Balance
    seconds: float
    interrupted: bool = False
    error: IotctlError | None = None
    unfinished: int = 0
    corrected: int = 0
    removed: int = 0

    @property
    def files_skipped(self) -> int:
        """Objects that this run left out, for any reason."""
        return self.unchanged + self.other + len(self.failed)

    @property
    def ending(self) -> RunEnding:
        """How the run ended. It has failed also if there was something to load and nothing of it could be used.

        Files that were loaded before do not count: they say nothing about the new files.
        """
        if self.interrupted:
            return RunEnding.INTERRUPTED
        nothing_read = self.files == 0 and bool(self.failed)
        if self.error is not None or nothing_read or self.loss or self.only_other:
            return RunEnding.FAILED
        return RunEnding.PARTLY if self.failed or self.other or self.balance.rejected else RunEnding.DONE

    @property
    def loss(self) -> str | None:
        """The reasons why no row gave a reading; empty where some did."""
        rows = self.balance
        if not 0 < rows.rows_read == rows.no_readings:
            return None
        if rows.rejected == rows.rows_read:
            return f"all {rows.rejected} rows were rejected" if rows.rejected > 1 else "the only row was rejected"
        return (
            f"none of {counted(rows.rows_read, 'row')} gave a reading: {rows.rejected} rejected,"
            f" {rows.missing} without a value, {rows.bad_quality} of bad quality"
        )

    @property
    def only_other(self) -> bool:
        """Whether there were objects, but no data file."""
        return self.other > 0 and self.files + self.unchanged + len(self.failed) == 0

    @property
    def problem(self) -> str | None:
        """What went wrong, if anything, in one line; the first file stands for all."""
        if self.error is not None:
            return self.error.message
        if self.failed:
            return f"{self.failed[0].error.message} ({self.failed[0].uri})"
        if self.loss is not None:
            return self.loss
        return f"none of {counted(self.other, 'object')} is a data file" if self.only_other else None

    @property
    def was_idle(self) -> bool:
        """Whether the run found nothing to do, so that it does not show whether loading works."""
        return not (self.files or self.failed or self.balance.rows_read or self.only_other or self.error)

    @property
    def rows_per_second(self) -> float:
        """Rows read a second, including the time of listing and waiting."""
        return self.balance.rows_read / self.seconds if self.seconds > 0 else 0.0


@dataclass
class Tally:
    """The counts of a run so far.

    loaded: ids of the loaded files. unfinished: URIs of files with a last line that may not be complete. touched: ids
    of the files with counted rows. before: their rows before the run. rows: what a dry run read. unreachable: files in
    a row that the store could not give. busy: whether another ingest is loading some of the files. reread: files read
    again because an overlapping file changed. corrected, removed: readings that new versions of files changed or no
    longer have. other_options: option -> its values for loaded files, where they differ from this run. layouts: layout
    as TOML -> the number of files, for layouts that were found by looking at files.
    """

    seen: Seen = field(default_factory=Seen)
    files: int = 0
    unchanged: int = 0
    other: int = 0
    failed: list[FailedFile] = field(default_factory=list)
    loaded: set[int] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)
    touched: set[int] = field(default_factory=set)
    before: Balance = field(default_factory=Balance)
    rows: Balance = field(default_factory=Balance)
    unreachable: int = 0
    busy: bool = False
    reread: set[int] = field(default_factory=set)
    corrected: int = 0
    removed: int = 0
    other_options: dict[str, set[str]] = field(default_factory=dict)
    other_options_files: int = 0
    layouts: Counter[str] = field(default_factory=Counter)
    error: IotctlError | None = None

    def enter(self, outcomes: list[Outcome]) -> tuple[LedgerFile, ...]:
        """Count outcomes; returns the files to try again."""
        again = []
        for outcome in outcomes:
            match outcome.ending:
                case Ending.BUSY:
                    again.append(outcome.file)
                    self.busy = True
                case Ending.PUT_OFF:
                    again.append(outcome.file)
                case Ending.UNCHANGED | Ending.LOADED if outcome.file.file_id in self.reread:
                    pass
                case Ending.UNCHANGED:
                    self.unchanged += 1
                case Ending.LOADED if outcome.file.file_id in self.loaded:
                    self.unchanged += 1
                case Ending.LOADED:
                    self.loaded.add(outcome.file.file_id)
                    self.files += 1
                    self.layouts[outcome.layout] += 1
                    self.unreachable = 0
                    self.seen.failed.pop(outcome.file.file.uri, None)
                case Ending.UNFINISHED:
                    self.unfinished.add(outcome.file.file.uri)
                    self.unreachable = 0
                    self.seen.failed.pop(outcome.file.file.uri, None)
                case Ending.FAILED:
                    assert outcome.error is not None
                    self.fail(outcome.file.file.uri, outcome.file.file.version, outcome.error)
                case Ending.STOPPED:
                    self.error = self.error or outcome.error
            self.corrected += outcome.corrected
            self.removed += outcome.removed
            self.rows += outcome.rows
            if outcome.before is not None:
                self.touch(outcome.file.file_id, outcome.before)
        return tuple(again)

    def compare_options(self, files: list[LedgerFile], options: LoadOptions) -> None:
        """Note the files that were loaded with other options."""
        now = options.recorded
        layouts = RunLayouts(options.read.layouts)
        for file in files:
            if file.state is not FileState.LOADED:
                continue
            layout = file.options.get("layout", STANDARD.name)
            if not is_same(layout, layouts.text(file.file.uri)):
                self.other_options.setdefault("layout", set()).add(layout)
                self.other_options_files += 1
                continue
            differ = {name for name in now if name != "on_duplicate" and file.options.get(name, now[name]) != now[name]}
            self.other_options_files += bool(differ)
            for name in differ:
                self.other_options.setdefault(name, set()).add(file.options[name])

    def note_options(self, listener: IngestListener) -> None:
        """Report how files were loaded, if this run would load them in another way."""
        if self.other_options_files:
            how = ", ".join(f"{name} {' or '.join(sorted(values))}" for name, values in self.other_options.items())
            listener.noted(
                f"{counted(self.other_options_files, 'file')} as loaded before, with {how};"
                " ingest --again loads them again, with the options of now"
            )

    def note_layouts(self, listener: IngestListener) -> None:
        """Report which layouts were found by looking at files, and for how many files."""
        named = Counter[str]()
        for toml, count in self.layouts.items():
            named[read_layout(toml).described if toml else "the standard layout"] += count
        for layout, count in named.most_common():
            listener.noted(f"--layout auto: {counted(count, 'file')} read as {layout}")

    def read_again(self, files: list[LedgerFile]) -> list[LedgerFile]:
        """The files that this run has not read again so far; their counts stay."""
        new = [file for file in files if file.file_id not in self.reread]
        self.reread |= {file.file_id for file in new}
        return new

    def touch(self, file_id: int, before: Balance) -> None:
        """Count the rows of a file from now on; a manifest may name a file twice."""
        if file_id not in self.touched:
            self.touched.add(file_id)
            self.before += before

    def fail(self, uri: str, version: str | None, error: IotctlError) -> None:
        """Count a file that was not loaded; many unreachable files in a row end the run."""
        self.failed.append(FailedFile(uri, version, error))
        self.seen.failed[uri] = self.failed[-1]
        self.unreachable += isinstance(error, UnreachableError)
        if self.unreachable >= _MOST_UNREACHABLE:
            self.error = self.error or error

    def missing(self, uri: str, error: IotctlError) -> None:
        """Count a file of a manifest that cannot be found or read. Raises an error that ends the run."""
        self.fail(uri, None, error)
        if self.error is not None:
            raise self.error

    def summary(self, balance: Balance, seconds: float, *, interrupted: bool = False) -> IngestSummary:
        """The summary at the end."""
        return IngestSummary(
            files=self.files,
            unchanged=self.unchanged,
            other=self.other,
            failed=tuple(self.failed),
            balance=balance,
            seconds=seconds,
            interrupted=interrupted,
            error=self.error,
            unfinished=len(self.unfinished),
            corrected=self.corrected,
            removed=self.removed,
        )

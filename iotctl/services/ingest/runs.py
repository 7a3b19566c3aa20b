"""The history of runs: a run writes that it is running, what it has done so far, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from iotctl.errors import IotctlError
from iotctl.repositories import Database, PastRun, RunCounts, RunEnding, RunRepository, ensure_schema
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.tally import IngestSummary


@dataclass(frozen=True, slots=True)
class Run:
    """A run at its beginning. command: as it was typed, without secrets."""

    run_id: str
    who: str
    command: str


@contextmanager
def recorded_run(database: Database, run: Run, listener: IngestListener) -> Iterator[RunRecord]:
    """The record of a run, which counts as running inside the context; an error that leaves the context ends it."""
    with ExitStack() as session:
        record = RunRecord(database, run, listener, session)
        try:
            yield record
        except BaseException as error:
            problem = error.message if isinstance(error, IotctlError) else type(error).__name__
            record.end(RunEnding.INTERRUPTED if isinstance(error, KeyboardInterrupt) else RunEnding.FAILED, problem)
            raise


def past_runs(database: Database, limit: int) -> list[PastRun]:
    """The last runs, the newest first."""
    with database.connect() as conn:
        ensure_schema(conn)
        return RunRepository(conn).latest(limit)


class RunRecord:
    """A run's row, with its own session, which shows others that the run is alive.

    If the row cannot be written, this is only noted: the readings are more important.
    """

    def __init__(self, database: Database, run: Run, listener: IngestListener, session: ExitStack) -> None:
        self._database = database
        self._run = run
        self._listener = listener
        self._session = session
        conn = session.enter_context(database.connect(application="iotctl run"))
        with database.errors():
            ensure_schema(conn)
            self._runs = RunRepository(conn)
            self._runs.begin(run.run_id, run.who, run.command)

    def count(self, summary: IngestSummary) -> None:
        """Write what the run has done so far."""
        counts = RunCounts(summary.files, summary.unchanged, summary.other, len(summary.failed), summary.balance)
        self._write(lambda runs: runs.count(self._run.run_id, counts))

    def finish(self, summary: IngestSummary) -> None:
        """Write what the run has done, and that it ended."""
        self.count(summary)
        self.end(summary.ending, summary.problem)

    def end(self, ending: RunEnding, problem: str | None) -> None:
        """Write how the run ended."""
        self._write(lambda runs: runs.end(self._run.run_id, ending, problem))

    def _write(self, write: Callable[[RunRepository], None]) -> None:
        try:
            with self._database.errors():
                write(self._runs)
        except IotctlError:
            # The server may have been restarted since the last time.
            try:
                self._reconnect()
                with self._database.errors():
                    write(self._runs)
            except IotctlError as error:
                self._listener.noted(f"The history of runs could not be written: {error.message}")

    def _reconnect(self) -> None:
        self._session.close()
        conn = self._session.enter_context(self._database.connect(application="iotctl run"))
        with self._database.errors():
            self._runs = RunRepository(conn)
            self._runs.mark_running(self._run.run_id)

"""The history of ingest runs: who ran which command and when, how it ended, and the balance of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from psycopg.rows import TupleRow

from iotctl.repositories.ledger.balance import Balance
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import RUN_CLASS
from iotctl.repositories.postgres.timestamps import as_microseconds, optional_microseconds


class RunEnding(StrEnum):
    """How a run ended, or that it is running."""

    DONE = "done"
    PARTLY = "partly"  # rows were rejected or objects skipped
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    RUNNING = "running"
    KILLED = "killed"  # it has no end, and no process runs it


@dataclass(frozen=True, slots=True)
class RunCounts:
    """Files by result, and the balance of the rows."""

    files: int = 0
    unchanged: int = 0
    other: int = 0
    failed: int = 0
    balance: Balance = field(default_factory=Balance)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run in the history. started, ended: microseconds since 1970-01-01 UTC; ended: None without an end."""

    run_id: str
    started: int
    ended: int | None
    ending: RunEnding
    who: str
    command: str
    problem: str | None
    counts: RunCounts


class RunRepository:
    """The table ingest_run, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def begin(self, run_id: str, who: str, command: str) -> None:
        """Enter a new run, and mark it as running as long as this connection lives."""
        with self._conn.transaction():
            self._conn.execute(
                "INSERT INTO ingest_run (run_id, who, command) VALUES (%s, %s, %s)", (run_id, who, command)
            )
            self.mark_running(run_id)

    def mark_running(self, run_id: str) -> None:
        """Mark a run as running again after its connection was lost."""
        self._conn.execute(
            "SELECT pg_advisory_lock_shared(%s, lock_id) FROM ingest_run WHERE run_id = %s", (RUN_CLASS, run_id)
        )

    def count(self, run_id: str, counts: RunCounts) -> None:
        """Enter what a run has done so far."""
        self._conn.execute(
            """
            UPDATE ingest_run
            SET files = %s, files_unchanged = %s, files_other = %s, files_failed = %s,
                rows_read = %s, rows_loaded = %s, duplicates = %s, conflicts = %s, rejected = %s,
                missing = %s, bad_quality = %s
            WHERE run_id = %s
            """,
            (
                *(counts.files, counts.unchanged, counts.other, counts.failed),
                *(counts.balance.rows_read, counts.balance.loaded, counts.balance.duplicates),
                *(counts.balance.conflicts, counts.balance.rejected),
                *(counts.balance.missing, counts.balance.bad_quality),
                run_id,
            ),
        )

    def end(self, run_id: str, ending: RunEnding, problem: str | None) -> None:
        """Enter how a run ended; problem is for people."""
        self._conn.execute(
            "UPDATE ingest_run SET ended_at = now(), ending = %s, problem = %s WHERE run_id = %s",
            (ending, problem, run_id),
        )

    def latest(self, limit: int) -> list[PastRun]:
        """The last runs, the newest first. A run without an end has the counts of its committed batches."""
        rows = self._conn.execute(
            """
            SELECT r.run_id, r.started_at, r.ended_at, r.who, r.command, r.problem,
                   coalesce(r.ending, CASE WHEN l.alive THEN 'running' ELSE 'killed' END),
                   coalesce(b.files, r.files), r.files_unchanged, r.files_other, r.files_failed,
                   coalesce(b.rows_read, r.rows_read), coalesce(b.rows_loaded, r.rows_loaded),
                   coalesce(b.duplicates, r.duplicates), coalesce(b.conflicts, r.conflicts),
                   coalesce(b.rejected, r.rejected), coalesce(b.missing, r.missing),
                   coalesce(b.bad_quality, r.bad_quality)
            FROM ingest_run r
            LEFT JOIN LATERAL (
                SELECT true AS alive FROM pg_locks l
                WHERE l.locktype = 'advisory' AND l.classid::bigint = %(class)s AND l.objid::bigint = r.lock_id
                  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                LIMIT 1
            ) l ON true
            LEFT JOIN LATERAL (
                SELECT count(DISTINCT file_id) AS files, sum(rows_read)::bigint AS rows_read,
                       sum(rows_loaded)::bigint AS rows_loaded, sum(duplicates)::bigint AS duplicates,
                       sum(conflicts)::bigint AS conflicts, sum(rejected)::bigint AS rejected,
                       sum(missing)::bigint AS missing, sum(bad_quality)::bigint AS bad_quality
                FROM ingest_batch b WHERE b.run_id = r.run_id HAVING count(*) > 0
            ) b ON r.ended_at IS NULL
            ORDER BY r.started_at DESC, r.lock_id DESC LIMIT %(limit)s
            """,
            {"class": RUN_CLASS, "limit": limit},
        ).fetchall()
        return [_past_run(row) for row in rows]


def _past_run(row: TupleRow) -> PastRun:
    run_id, started, ended, who, command, problem, ending, *counts = row
    files, unchanged, other, failed, *rows = counts
    return PastRun(
        run_id=run_id,
        started=as_microseconds(started),
        ended=optional_microseconds(ended),
        ending=RunEnding(ending),
        who=who,
        command=command,
        problem=problem,
        counts=RunCounts(files, unchanged, other, failed, Balance(*rows)),
    )

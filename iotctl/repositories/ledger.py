"""The ledger: which files are loaded, how far, what was rejected; written in the transactions that write readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.types.json import Jsonb

from iotctl.model import FileBatch, Position, Reject, RejectReason, StoredFile
from iotctl.repositories.connection import Connection
from iotctl.repositories.loading import Written
from iotctl.repositories.schema import FILE_CLASS

_REJECTS_AT_ONCE = 10_000


class FileState(StrEnum):
    """How far a version of a file is."""

    PENDING = "pending"
    LOADED = "loaded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A version of a file as the ledger knows it."""

    file_id: int
    file: StoredFile
    state: FileState


@dataclass(frozen=True, slots=True)
class Balance:
    """Rows of a file or run: rows_read == loaded + duplicates + rejected."""

    rows_read: int = 0
    loaded: int = 0
    duplicates: int = 0
    rejected: int = 0
    ambiguous: int = 0
    nonexistent: int = 0

    def __add__(self, other: Balance) -> Balance:
        return Balance(
            self.rows_read + other.rows_read,
            self.loaded + other.loaded,
            self.duplicates + other.duplicates,
            self.rejected + other.rejected,
            self.ambiguous + other.ambiguous,
            self.nonexistent + other.nonexistent,
        )

    def __sub__(self, other: Balance) -> Balance:
        return Balance(
            self.rows_read - other.rows_read,
            self.loaded - other.loaded,
            self.duplicates - other.duplicates,
            self.rejected - other.rejected,
            self.ambiguous - other.ambiguous,
            self.nonexistent - other.nonexistent,
        )

    @property
    def holds(self) -> bool:
        """Whether every row read is accounted for."""
        return self.rows_read == self.loaded + self.duplicates + self.rejected


@dataclass(frozen=True, slots=True)
class KeptReject:
    """A rejected row as the ledger keeps it."""

    uri: str
    reject: Reject


class Ledger:
    """Files, batches and rejects, on one connection. run_id: the run that batches are entered for, if it has a row."""

    def __init__(self, conn: Connection, run_id: str | None = None) -> None:
        self._conn = conn
        self._run_id = run_id

    def register(self, files: Sequence[StoredFile]) -> list[LedgerFile]:
        """Files as the ledger knows them, in the given order; versions not seen before are added as pending.

        An unfinished older version of the same file is closed: its bytes are gone.
        """
        given = {
            "uris": [file.uri for file in files],
            "versions": [file.version for file in files],
            "sizes": [file.size for file in files],
            "modified": [file.modified for file in files],
        }
        with self._conn.transaction():
            self._conn.execute(
                """
                INSERT INTO ingest_file (uri, version, size_bytes, modified)
                SELECT f.uri, f.version, f.size, f.modified
                FROM unnest(%(uris)s::text[], %(versions)s::text[], %(sizes)s::bigint[], %(modified)s::timestamptz[])
                     WITH ORDINALITY AS f (uri, version, size, modified, position)
                WHERE NOT EXISTS (SELECT FROM ingest_file i WHERE i.uri = f.uri AND i.version = f.version)
                ORDER BY f.position
                ON CONFLICT (uri, version) DO NOTHING
                """,
                given,
            )
            self._conn.execute(
                """
                UPDATE ingest_file i SET state = 'failed', problem = 'replaced by a newer version', finished_at = now()
                FROM unnest(%(uris)s::text[], %(versions)s::text[]) AS f (uri, version)
                WHERE i.uri = f.uri AND i.version <> f.version AND i.state = 'pending'
                """,
                given,
            )
        rows = self._conn.execute(
            """
            SELECT i.file_id, i.state
            FROM unnest(%(uris)s::text[], %(versions)s::text[]) WITH ORDINALITY AS f (uri, version, position)
            JOIN ingest_file i USING (uri, version) ORDER BY f.position
            """,
            given,
        ).fetchall()
        return [
            LedgerFile(int(str(file_id)), file, FileState(str(state)))
            for (file_id, state), file in zip(rows, files, strict=True)
        ]

    def loaded(self, files: Sequence[StoredFile]) -> list[bool]:
        """Whether each file is loaded in just this version; adds nothing to the ledger."""
        rows = self._conn.execute(
            """
            SELECT EXISTS (SELECT FROM ingest_file i WHERE (i.uri, i.version, i.state) = (f.uri, f.version, 'loaded'))
            FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS f (uri, version, position) ORDER BY f.position
            """,
            ([file.uri for file in files], [file.version for file in files]),
        ).fetchall()
        return [loaded is True for (loaded,) in rows]

    def try_lock(self, file_id: int) -> bool:
        """Take a file for this session; False where another session has it."""
        row = self._conn.execute("SELECT pg_try_advisory_lock(%s, %s)", (FILE_CLASS, file_id)).fetchone()
        return row == (True,)

    def unlock(self, file_id: int) -> None:
        """Let others have the file."""
        self._conn.execute("SELECT pg_advisory_unlock(%s, %s)", (FILE_CLASS, file_id))

    def state(self, file_id: int) -> FileState:
        """How far the file is now."""
        row = self._conn.execute("SELECT state FROM ingest_file WHERE file_id = %s", (file_id,)).fetchone()
        assert row is not None
        return FileState(str(row[0]))

    def position(self, file_id: int) -> Position:
        """Where the next batch of a file starts: the end of its last committed one."""
        row = self._conn.execute(
            "SELECT end_offset, end_line, clock FROM ingest_batch WHERE file_id = %s ORDER BY end_offset DESC LIMIT 1",
            (file_id,),
        ).fetchone()
        if row is None:
            return Position()
        offset, line, clock = row
        assert isinstance(clock, dict)
        return Position(
            int(str(offset)), int(str(line)), {uuid: (time, second) for uuid, (time, second) in clock.items()}
        )

    def now(self) -> datetime:
        """The server's time, by which batches are dated; aware."""
        row = self._conn.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        assert isinstance(row[0], datetime)
        return row[0]

    def balance(self, file_ids: Sequence[int], without_run_since: datetime | None = None) -> Balance:
        """The rows of files over all runs; a reading whose place another file took since counts as a duplicate.

        without_run_since: leave out what this ledger's own run has committed since then.
        """
        row = self._conn.execute(
            """
            SELECT coalesce(sum(b.rows_read), 0)::bigint, coalesce(sum(b.rows_loaded), 0)::bigint,
                   coalesce(sum(b.duplicates), 0)::bigint, coalesce(sum(b.rejected), 0)::bigint,
                   coalesce(sum(b.ambiguous), 0)::bigint, coalesce(sum(b.nonexistent), 0)::bigint,
                   (SELECT coalesce(sum(displaced), 0)::bigint FROM ingest_file WHERE file_id = ANY(%(files)s))
            FROM ingest_batch b
            WHERE b.file_id = ANY(%(files)s)
              AND (%(since)s::timestamptz IS NULL OR b.run_id IS DISTINCT FROM %(run)s::text OR b.loaded_at < %(since)s)
            """,
            {
                "files": list(file_ids),
                "since": None if self._run_id is None else without_run_since,
                "run": self._run_id,
            },
        ).fetchone()
        assert row is not None
        read, loaded, duplicates, rejected, ambiguous, nonexistent, displaced = (int(str(count)) for count in row)
        return Balance(read, loaded - displaced, duplicates + displaced, rejected, ambiguous, nonexistent)

    def record(self, file_id: int, batch: FileBatch, written: Written, repeated: int) -> Balance:
        """Enter a batch and its rejects, in the transaction that wrote its readings; returns the batch's balance.

        repeated: readings that the batch itself had twice.
        """
        balance = Balance(
            batch.rows_read,
            written.loaded,
            written.duplicates + repeated,
            len(batch.rejects),
            batch.ambiguous,
            batch.nonexistent,
        )
        self._conn.execute(
            """
            INSERT INTO ingest_batch (file_id, start_offset, end_offset, end_line, clock,
                                      rows_read, rows_loaded, duplicates, rejected, ambiguous, nonexistent, run_id)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            (
                *(file_id, batch.start.offset, batch.end.offset, batch.end.line, Jsonb(dict(batch.end.clock))),
                *(balance.rows_read, balance.loaded, balance.duplicates, balance.rejected),
                *(balance.ambiguous, balance.nonexistent, self._run_id),
            ),
        )
        self._keep_rejects(file_id, batch.rejects)
        self._displace(written.displaced)
        return balance

    def finish(self, file_id: int) -> None:
        """Every batch of the file is committed."""
        self._conn.execute(
            "UPDATE ingest_file SET state = 'loaded', problem = NULL, finished_at = now() WHERE file_id = %s",
            (file_id,),
        )

    def fail(self, file_id: int, problem: str) -> None:
        """The file cannot be loaded further; problem is for people. The next run tries again."""
        self._conn.execute(
            "UPDATE ingest_file SET state = 'failed', problem = %s, finished_at = now() WHERE file_id = %s",
            (problem, file_id),
        )

    def rejects(
        self, uri_part: str | None = None, reason: RejectReason | None = None, limit: int | None = None
    ) -> Iterator[KeptReject]:
        """Kept rejects, by file and line, in constant memory; uri_part: only of files whose URI contains it."""
        with self._conn.transaction(), self._conn.cursor(name="rejects") as cursor:
            cursor.itersize = _REJECTS_AT_ONCE
            cursor.execute(
                """
                SELECT f.uri, r.line, r.reason, r.raw FROM reject r JOIN ingest_file f USING (file_id)
                WHERE (%(part)s::text IS NULL OR strpos(f.uri, %(part)s) > 0)
                  AND (%(reason)s::text IS NULL OR r.reason = %(reason)s)
                ORDER BY f.uri, f.file_id, r.line LIMIT %(limit)s
                """,
                {"part": uri_part, "reason": reason, "limit": limit},
            )
            for uri, line, why, raw in cursor:
                yield KeptReject(str(uri), Reject(int(str(line)), RejectReason(str(why)), str(raw)))

    def _keep_rejects(self, file_id: int, rejects: Sequence[Reject]) -> None:
        if not rejects:
            return
        with self._conn.cursor() as cursor, cursor.copy("COPY reject (file_id, line, reason, raw) FROM STDIN") as copy:
            for reject in rejects:
                copy.write_row((file_id, reject.line, reject.reason.value, reject.text))

    def _displace(self, displaced: Mapping[int, int]) -> None:
        # In order of file_id, so that two loads that displace each other's readings cannot deadlock here.
        for file_id in sorted(displaced):
            self._conn.execute(
                "UPDATE ingest_file SET displaced = displaced + %s WHERE file_id = %s", (displaced[file_id], file_id)
            )

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


@dataclass(frozen=True, slots=True)
class RejectCount:
    """Rows that a file has lost for a reason; kept: so many of them have their line and text in the ledger."""

    uri: str
    reason: RejectReason
    rows: int
    kept: int


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A batch of a file and what became of it. repeated: readings that it had twice itself."""

    file_id: int
    batch: FileBatch
    written: Written
    repeated: int


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

    def try_lock(self, file_ids: Sequence[int]) -> set[int]:
        """Take files for this session; returns those that no other session has."""
        rows = self._conn.execute(
            "SELECT file_id FROM unnest(%s::int[]) AS file_id WHERE pg_try_advisory_lock(%s, file_id)",
            (list(file_ids), FILE_CLASS),
        )
        return {int(str(row[0])) for row in rows}

    def unlock(self, file_ids: Sequence[int]) -> None:
        """Let others have the files."""
        self._conn.execute(
            "SELECT pg_advisory_unlock(%s, file_id) FROM unnest(%s::int[]) AS file_id", (FILE_CLASS, list(file_ids))
        )

    def states(self, file_ids: Sequence[int]) -> dict[int, FileState]:
        """How far each file is now."""
        rows = self._conn.execute("SELECT file_id, state FROM ingest_file WHERE file_id = ANY(%s)", (list(file_ids),))
        return {int(str(file_id)): FileState(str(state)) for file_id, state in rows}

    def positions(self, file_ids: Sequence[int]) -> dict[int, Position]:
        """Where the next batch of each file starts: the end of its last committed one."""
        rows = self._conn.execute(
            """
            SELECT DISTINCT ON (file_id) file_id, end_offset, end_line, clock FROM ingest_batch
            WHERE file_id = ANY(%s) ORDER BY file_id, end_offset DESC
            """,
            (list(file_ids),),
        )
        found = dict.fromkeys(file_ids, Position())
        for file_id, offset, line, clock in rows:
            assert isinstance(clock, dict)
            found[int(str(file_id))] = Position(
                int(str(offset)), int(str(line)), {uuid: (time, second) for uuid, (time, second) in clock.items()}
            )
        return found

    def now(self) -> datetime:
        """The server's time, by which batches are dated; aware."""
        row = self._conn.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        assert isinstance(row[0], datetime)
        return row[0]

    def balances(self, file_ids: Sequence[int], without_run_since: datetime | None = None) -> dict[int, Balance]:
        """The rows of each file over all runs; a reading whose place another file took since counts as a duplicate.

        without_run_since: leave out what this ledger's own run has committed since then.
        """
        rows = self._conn.execute(
            """
            SELECT f.file_id, coalesce(sum(b.rows_read), 0)::bigint, coalesce(sum(b.rows_loaded), 0)::bigint,
                   coalesce(sum(b.duplicates), 0)::bigint, coalesce(sum(b.rejected), 0)::bigint,
                   coalesce(sum(b.ambiguous), 0)::bigint, coalesce(sum(b.nonexistent), 0)::bigint, f.displaced
            FROM ingest_file f LEFT JOIN ingest_batch b
              ON b.file_id = f.file_id AND (%(since)s::timestamptz IS NULL OR b.run_id IS DISTINCT FROM %(run)s::text
                                            OR b.loaded_at < %(since)s)
            WHERE f.file_id = ANY(%(files)s)
            GROUP BY f.file_id
            """,
            {
                "files": list(file_ids),
                "since": None if self._run_id is None else without_run_since,
                "run": self._run_id,
            },
        )
        found = {}
        for row in rows:
            file_id, read, loaded, duplicates, rejected, ambiguous, nonexistent, displaced = (int(str(n)) for n in row)
            found[file_id] = Balance(read, loaded - displaced, duplicates + displaced, rejected, ambiguous, nonexistent)
        return found

    def balance(self, file_ids: Sequence[int]) -> Balance:
        """The rows of files together, as balances() has them."""
        return sum(self.balances(file_ids).values(), Balance())

    def record(self, entries: Sequence[BatchEntry]) -> list[Balance]:
        """Enter batches and their rejects, in the transaction that wrote their readings; returns their balances."""
        balances = [
            Balance(
                entry.batch.rows_read,
                entry.written.loaded,
                entry.written.duplicates + entry.repeated,
                entry.batch.rows_rejected,
                entry.batch.ambiguous,
                entry.batch.nonexistent,
            )
            for entry in entries
        ]
        with self._conn.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO ingest_batch (file_id, start_offset, end_offset, end_line, clock,
                                          rows_read, rows_loaded, duplicates, rejected, ambiguous, nonexistent, run_id,
                                          reasons)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                [
                    (
                        *(entry.file_id, entry.batch.start.offset, entry.batch.end.offset, entry.batch.end.line),
                        *(Jsonb(dict(entry.batch.end.clock)), balance.rows_read, balance.loaded, balance.duplicates),
                        *(balance.rejected, balance.ambiguous, balance.nonexistent, self._run_id),
                        Jsonb(dict(entry.batch.rejected)),
                    )
                    for entry, balance in zip(entries, balances, strict=True)
                ],
            )
        self._keep_rejects(entries)
        for entry in entries:
            self._displace(entry.written.displaced)
        return balances

    def finish(self, file_ids: Sequence[int]) -> None:
        """Every batch of the files is committed."""
        # In order of file_id, see _displace().
        self._conn.execute(
            """
            UPDATE ingest_file SET state = 'loaded', problem = NULL, finished_at = now()
            WHERE file_id IN (SELECT file_id FROM ingest_file WHERE file_id = ANY(%s) ORDER BY file_id FOR UPDATE)
            """,
            (list(file_ids),),
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

    def reject_counts(
        self, uri_part: str | None = None, reason: RejectReason | None = None, limit: int | None = None
    ) -> list[RejectCount]:
        """How many rows each file has lost for each reason, and how many of them are kept; as rejects() chooses."""
        rows = self._conn.execute(
            """
            SELECT f.uri, r.reason, sum(r.rows)::bigint,
                   (SELECT count(*) FROM reject k WHERE k.file_id = f.file_id AND k.reason = r.reason)
            FROM ingest_file f
            JOIN ingest_batch b USING (file_id)
            CROSS JOIN LATERAL (SELECT key AS reason, value::bigint AS rows FROM jsonb_each_text(b.reasons)) r
            WHERE (%(part)s::text IS NULL OR strpos(f.uri, %(part)s) > 0)
              AND (%(reason)s::text IS NULL OR r.reason = %(reason)s)
            GROUP BY f.file_id, f.uri, r.reason
            ORDER BY f.uri, f.file_id, r.reason LIMIT %(limit)s
            """,
            {"part": uri_part, "reason": reason, "limit": limit},
        ).fetchall()
        return [
            RejectCount(str(uri), RejectReason(str(why)), int(str(count)), int(str(kept)))
            for uri, why, count, kept in rows
        ]

    def _keep_rejects(self, entries: Sequence[BatchEntry]) -> None:
        if not any(entry.batch.rejects for entry in entries):
            return
        with self._conn.cursor() as cursor, cursor.copy("COPY reject (file_id, line, reason, raw) FROM STDIN") as copy:
            for entry in entries:
                for reject in entry.batch.rejects:
                    copy.write_row((entry.file_id, reject.line, reject.reason.value, reject.text))

    def _displace(self, displaced: Mapping[int, int]) -> None:
        # In order of file_id, so that two loads that displace each other's readings cannot deadlock here.
        for file_id in sorted(displaced):
            self._conn.execute(
                "UPDATE ingest_file SET displaced = displaced + %s WHERE file_id = %s", (displaced[file_id], file_id)
            )

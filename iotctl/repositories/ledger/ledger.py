"""The ledger: which files are loaded, how far, and what was rejected; written together with the readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from psycopg.types.json import Jsonb

from iotctl.model import FileBatch, Position, RejectReason, StoredFile
from iotctl.repositories.ledger.balance import Balance
from iotctl.repositories.ledger.conflicts import conflicts_by_file, forget_lost, keep_lost, reopen_overlapping
from iotctl.repositories.ledger.files import FileState, LedgerFile, ledger_row, options_of_each, register_files
from iotctl.repositories.ledger.layouts import LayoutRepository
from iotctl.repositories.ledger.rejects import keep_rejects
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.locks import FILE_CLASS
from iotctl.repositories.postgres.one_row import one_row, one_value
from iotctl.repositories.postgres.texts import as_sent
from iotctl.repositories.postgres.timestamps import as_datetime, as_microseconds
from iotctl.repositories.storage.answers import Renewed, Written
from iotctl.repositories.storage.extents import Extents


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A batch of a file and its result. extents: of its readings; None where it has none."""

    file: LedgerFile
    batch: FileBatch
    written: Written
    extents: Extents | None


class Ledger:
    """Files, batches and rejects, on one connection. run_id: the run of new batches, if it has a row.

    layouts: the layouts of its files.
    """

    def __init__(self, conn: Connection, run_id: str | None = None) -> None:
        self.layouts = LayoutRepository(conn)
        self._conn = conn
        self._run_id = run_id

    def register(
        self,
        files: Sequence[StoredFile],
        options: Mapping[str, str],
        again_before: datetime | None = None,
        layouts: Sequence[str] | None = None,
    ) -> list[LedgerFile]:
        """See register_files."""
        return register_files(self._conn, files, options, again_before, layouts)

    def reopened(self) -> list[LedgerFile]:
        """The files to read again, because the readings to which theirs had given way are gone; in order of file_id."""
        rows = self._conn.execute(
            """
            SELECT file_id, uri, size_bytes, version, modified, state, generation, options FROM ingest_file
            WHERE reopened AND state = 'pending' ORDER BY file_id
            """
        ).fetchall()
        return [ledger_row(self._conn, row) for row in rows]

    def named(self, uris: Sequence[str]) -> list[LedgerFile]:
        """The files with these URIs in the ledger, in order of file_id."""
        rows = self._conn.execute(
            """
            SELECT file_id, uri, size_bytes, version, modified, state, generation, options FROM ingest_file
            WHERE uri = ANY(%s::text[]) ORDER BY file_id
            """,
            (list(uris),),
        ).fetchall()
        return [ledger_row(self._conn, row) for row in rows]

    def uris(self) -> list[str]:
        """The URIs of all files in the ledger."""
        rows = self._conn.execute("SELECT uri FROM ingest_file ORDER BY file_id")
        return [as_sent(self._conn, uri) for (uri,) in rows]

    def try_lock(self, file_ids: Sequence[int]) -> set[int]:
        """Lock files for this session; returns those that no other session has locked."""
        rows = self._conn.execute(
            "SELECT file_id FROM unnest(%s::int[]) AS file_id WHERE pg_try_advisory_lock(%s, file_id)",
            (list(file_ids), FILE_CLASS),
        )
        return {row[0] for row in rows}

    def unlock(self, file_ids: Sequence[int]) -> None:
        """Release the files."""
        self._conn.execute(
            "SELECT pg_advisory_unlock(%s, file_id) FROM unnest(%s::int[]) AS file_id", (FILE_CLASS, list(file_ids))
        )

    def states(self, file_ids: Sequence[int]) -> dict[int, tuple[FileState, int]]:
        """How far each file is now, and its generation."""
        rows = self._conn.execute(
            "SELECT file_id, state, generation FROM ingest_file WHERE file_id = ANY(%s)", (list(file_ids),)
        )
        return {file_id: (FileState(state), generation) for file_id, state, generation in rows}

    def positions(self, file_ids: Sequence[int]) -> dict[int, Position]:
        """Where the next batch of each file starts: the end of its last committed one."""
        rows = self._conn.execute(
            """
            SELECT DISTINCT ON (b.file_id) b.file_id, b.end_offset, b.end_line, b.forms
            FROM ingest_batch b JOIN ingest_file f USING (file_id, generation)
            WHERE b.file_id = ANY(%s) ORDER BY b.file_id, b.end_offset DESC
            """,
            (list(file_ids),),
        )
        found = dict.fromkeys(file_ids, Position())
        for file_id, offset, line, forms in rows:
            found[file_id] = Position(offset, line, forms)
        return found

    def renewing(self, file_ids: Sequence[int]) -> set[int]:
        """The files with entries of an older generation: their new version replaces it as a whole."""
        rows = self._conn.execute(
            """
            SELECT f.file_id FROM ingest_file f WHERE f.file_id = ANY(%s)
              AND EXISTS (SELECT FROM ingest_batch b WHERE b.file_id = f.file_id AND b.generation < f.generation)
            """,
            (list(file_ids),),
        )
        return {row[0] for row in rows}

    def extents(self, file_id: int) -> Extents | None:
        """The extents of the readings in a file's entries; None where there are none."""
        query = "SELECT min(first_time), max(last_time) FROM ingest_batch WHERE file_id = %s"
        first, last = one_row(self._conn, query, (file_id,))
        if first is None:
            return None
        ids = self._conn.execute(
            """
            SELECT DISTINCT generate_series(lower(r), upper(r) - 1) FROM ingest_batch, unnest(sensors) AS r
            WHERE file_id = %s ORDER BY 1
            """,
            (file_id,),
        ).fetchall()
        sensor_id = np.array(ids, dtype=np.int32).reshape(-1)
        ends = np.ones(len(sensor_id), dtype=np.int64)
        return Extents(sensor_id, ends * as_microseconds(first), ends * as_microseconds(last))

    def now(self) -> datetime:
        """The server's time, which dates the batches; aware."""
        return one_value(self._conn, datetime, "SELECT clock_timestamp()")

    def balances(self, file_ids: Sequence[int], without_run_since: datetime | None = None) -> dict[int, Balance]:
        """The rows of each file's newest generation. A reading that another file replaced later counts as a duplicate
        or conflict.

        without_run_since: leave out what this ledger's own run has committed since then.
        """
        rows = self._conn.execute(
            """
            SELECT f.file_id, coalesce(sum(b.rows_read), 0)::bigint, coalesce(sum(b.rows_loaded), 0)::bigint,
                   coalesce(sum(b.duplicates), 0)::bigint, coalesce(sum(b.conflicts), 0)::bigint,
                   coalesce(sum(b.rejected), 0)::bigint, coalesce(sum(b.missing), 0)::bigint,
                   coalesce(sum(b.bad_quality), 0)::bigint,
                   coalesce(sum(b.ambiguous), 0)::bigint, coalesce(sum(b.nonexistent), 0)::bigint,
                   f.displaced, f.displaced_conflicts
            FROM ingest_file f LEFT JOIN ingest_batch b
              ON b.file_id = f.file_id AND b.generation = f.generation
                 AND (%(since)s::timestamptz IS NULL OR b.run_id IS DISTINCT FROM %(run)s::text
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
            file_id, read, loaded, same, other, *rest, displaced, displaced_conflicts = row
            loaded -= displaced + displaced_conflicts
            found[file_id] = Balance(read, loaded, same + displaced, other + displaced_conflicts, *rest)
        return found

    def balance(self, file_ids: Sequence[int]) -> Balance:
        """The sum of balances() over files."""
        return sum(self.balances(file_ids).values(), Balance())

    def record(self, entries: Sequence[BatchEntry]) -> None:
        """Enter batches and their rejects, in the transaction that wrote the readings."""
        with self._conn.cursor() as cursor:
            cursor.executemany(
                """
                INSERT INTO ingest_batch (file_id, generation, start_offset, end_offset, end_line, forms, rows_read,
                                          rows_loaded, duplicates, conflicts, rejected, missing, bad_quality, reasons,
                                          ambiguous, nonexistent, sensors, first_time, last_time, run_id)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                [self._row(entry) for entry in entries],
            )
        keep_rejects(self._conn, [(entry.file.file_id, entry.batch.rejects) for entry in entries])
        for entry in entries:
            keep_lost(self._conn, entry.written.lost)
            self._displace(entry)

    def renew(self, entry: BatchEntry, renewed: Renewed, options: Mapping[str, str] | None) -> int:
        """Enter a file's new version in place of its older ones, in the transaction that wrote it.

        options: how it was read; None where it goes on later. Returns how many other files must be read again, because
        readings of this file changed or were removed.
        """
        file_id = entry.file.file_id
        self._drop_entries(file_id)
        self.record([entry])
        if options is not None:
            self.finish([entry.file], options)
        return reopen_overlapping(self._conn, file_id) if renewed.removed or renewed.corrected else 0

    def forget(self, file_id: int) -> int:
        """Delete a file; the same transaction removes its readings. Returns how many others must be read again."""
        reopened = reopen_overlapping(self._conn, file_id)
        self._drop_entries(file_id)
        self._conn.execute("DELETE FROM conflict WHERE kept_file_id = %s", (file_id,))
        self._conn.execute("DELETE FROM ingest_file WHERE file_id = %s", (file_id,))
        return reopened

    def finish(
        self, files: Sequence[LedgerFile], options: Mapping[str, str], layouts: Sequence[str] | None = None
    ) -> None:
        """Note that every batch of the files is committed. options, and the text of each layout: how they were read."""
        # In order of file_id, see _displace().
        self._conn.execute(
            """
            WITH done AS (
                SELECT i.file_id, f.options FROM ingest_file i
                JOIN unnest(%(files)s::int[], %(generations)s::int[], %(options)s::jsonb[])
                     AS f (file_id, generation, options) USING (file_id, generation)
                ORDER BY i.file_id FOR UPDATE OF i
            )
            UPDATE ingest_file i SET state = 'loaded', problem = NULL, finished_at = now(), options = done.options,
                                     reopened = false
            FROM done WHERE i.file_id = done.file_id
            """,
            {
                "options": [Jsonb(one) for one in options_of_each(options, layouts, len(files))],
                "files": [file.file_id for file in files],
                "generations": [file.generation for file in files],
            },
        )

    def fail(self, file: LedgerFile, problem: str) -> None:
        """Note that the load of a file failed. problem: the error, for people. The next run tries again."""
        self._conn.execute(
            """
            UPDATE ingest_file SET state = 'failed', problem = %s, finished_at = now(), reopened = false
            WHERE (file_id, generation) = (%s, %s)
            """,
            (problem, file.file_id, file.generation),
        )

    def _row(self, entry: BatchEntry) -> tuple[object, ...]:
        batch, extents, file = entry.batch, entry.extents, entry.file
        duplicates, conflicts = conflicts_by_file(entry.written.lost, [file.file_id])[file.file_id]
        return (
            *(file.file_id, file.generation, batch.start.offset, batch.end.offset, batch.end.line),
            *(Jsonb(dict(batch.end.forms)), batch.rows_read, entry.written.loaded, duplicates, conflicts),
            *(batch.rows_rejected, batch.missing, batch.bad_quality, Jsonb(_reasons(batch))),
            *(batch.ambiguous, batch.nonexistent),
            "{}" if extents is None else extents.sensors,
            None if extents is None else as_datetime(int(extents.first.min())),
            None if extents is None else as_datetime(int(extents.last.max())),
            self._run_id,
        )

    def _displace(self, entry: BatchEntry) -> None:
        lost = entry.written.lost
        others = np.unique(lost.file_id[(lost.file_id != entry.file.file_id) & (lost.file_id != 0)]).tolist()
        # In order of file_id, so that two loads that displace each other's readings cannot deadlock here.
        for file_id, (same, other) in sorted(conflicts_by_file(lost, others).items()):
            self._conn.execute(
                """
                UPDATE ingest_file SET displaced = displaced + %s, displaced_conflicts = displaced_conflicts + %s
                WHERE file_id = %s
                """,
                (same, other, file_id),
            )

    def _drop_entries(self, file_id: int) -> None:
        forget_lost(self._conn, file_id)
        self._conn.execute("DELETE FROM reject WHERE file_id = %s", (file_id,))
        self._conn.execute("DELETE FROM ingest_batch WHERE file_id = %s", (file_id,))
        self._conn.execute(
            "UPDATE ingest_file SET displaced = 0, displaced_conflicts = 0 WHERE file_id = %s", (file_id,)
        )


def _reasons(batch: FileBatch) -> dict[str, int]:
    """The number of listed rows for each reason."""
    bad = {RejectReason.QUALITY: batch.bad_quality} if batch.bad_quality else {}
    return {reason.value: rows for reason, rows in (*batch.rejected.items(), *bad.items())}

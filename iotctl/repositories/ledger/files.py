"""The files of the ledger: the state of each newest version, and which files to load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from iotctl.model import StoredFile
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.texts import as_sent


class FileState(StrEnum):
    """The state of the newest version of a file."""

    PENDING = "pending"
    LOADED = "loaded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LedgerFile:
    """A file in the ledger. generation: counts its versions, and the loads of a version.

    options: how it will be read; for a loaded file, how it was read.
    """

    file_id: int
    file: StoredFile
    state: FileState
    generation: int
    options: Mapping[str, str]


def register_files(
    conn: Connection,
    files: Sequence[StoredFile],
    options: Mapping[str, str],
    again_before: datetime | None = None,
    layouts: Sequence[str] | None = None,
) -> list[LedgerFile]:
    """The ledger's entries of files, in the given order; new files, and files with a new version, are pending.

    A file is also pending if no row of it gave a reading under other options; with again_before, so is every file that
    was loaded before that moment. A load that began with other options starts again. The readings of a pending file
    stay until its new version replaces them. layouts: the text of each file's layout, which is one of its options.
    """
    given = {
        "uris": [file.uri for file in files],
        "versions": [file.version for file in files],
        "sizes": [file.size for file in files],
        "modified": [file.modified for file in files],
        "options": [Jsonb(one) for one in options_of_each(options, layouts, len(files))],
        "again_before": again_before,
    }
    with conn.transaction():
        conn.execute(
            """
            INSERT INTO ingest_file (uri, version, size_bytes, modified, options)
            SELECT f.uri, f.version, f.size, f.modified, f.options
            FROM unnest(%(uris)s::text[], %(versions)s::text[], %(sizes)s::bigint[], %(modified)s::timestamptz[],
                        %(options)s::jsonb[])
                 WITH ORDINALITY AS f (uri, version, size, modified, options, position)
            WHERE NOT EXISTS (SELECT FROM ingest_file i WHERE i.uri = f.uri)
            ORDER BY f.position
            ON CONFLICT (uri) DO NOTHING
            """,
            given,
        )
        # In order of file_id, so that two listings cannot wait for each other.
        conn.execute("SELECT FROM ingest_file WHERE uri = ANY(%(uris)s::text[]) ORDER BY file_id FOR UPDATE", given)
        conn.execute(
            """
            UPDATE ingest_file i
            SET version = f.version, size_bytes = f.size, modified = f.modified, generation = i.generation + 1,
                state = 'pending', problem = NULL, displaced = 0, displaced_conflicts = 0
            FROM unnest(%(uris)s::text[], %(versions)s::text[], %(sizes)s::bigint[], %(modified)s::timestamptz[],
                        %(options)s::jsonb[])
                 AS f (uri, version, size, modified, options)
            WHERE i.uri = f.uri AND (
                i.version <> f.version
                OR (i.state = 'loaded' AND i.finished_at < %(again_before)s::timestamptz)
                OR (i.state = 'loaded' AND i.options <> f.options
                    -- A layout that was found by looking at the file would be found again.
                    AND NOT (f.options ->> 'layout' = 'auto' AND starts_with(i.options ->> 'layout', 'auto ')
                             AND i.options - 'layout' = f.options - 'layout')
                    AND EXISTS (SELECT FROM ingest_batch b WHERE b.file_id = i.file_id AND b.rows_read > 0)
                    AND NOT EXISTS (SELECT FROM ingest_batch b
                                    WHERE b.file_id = i.file_id
                                      AND b.rows_read > b.rejected + b.missing + b.bad_quality))
                OR (i.state <> 'loaded' AND i.options <> f.options
                    AND EXISTS (SELECT FROM ingest_batch b
                                WHERE (b.file_id, b.generation) = (i.file_id, i.generation))))
            """,
            given,
        )
        conn.execute(
            """
            UPDATE ingest_file i SET options = f.options
            FROM unnest(%(uris)s::text[], %(options)s::jsonb[]) AS f (uri, options)
            WHERE i.uri = f.uri AND i.state <> 'loaded' AND i.options <> f.options
            """,
            given,
        )
    rows = conn.execute(
        """
        SELECT i.file_id, i.state, i.generation, i.options
        FROM unnest(%(uris)s::text[]) WITH ORDINALITY AS f (uri, position)
        JOIN ingest_file i USING (uri) ORDER BY f.position
        """,
        given,
    ).fetchall()
    return [
        LedgerFile(file_id, file, FileState(state), generation, read_with)
        for (file_id, state, generation, read_with), file in zip(rows, files, strict=True)
    ]


def ledger_row(conn: Connection, row: TupleRow) -> LedgerFile:
    """A file from its row: file_id, uri, size_bytes, version, modified, state, generation, options."""
    file_id, uri, size, version, modified, state, generation, options = row
    file = StoredFile(as_sent(conn, uri), size, version, modified)
    return LedgerFile(file_id, file, FileState(state), generation, options)


def options_of_each(options: Mapping[str, str], layouts: Sequence[str] | None, files: int) -> list[dict[str, str]]:
    """The options of each file, including its layout."""
    return [dict(options)] * files if layouts is None else [{**options, "layout": layout} for layout in layouts]

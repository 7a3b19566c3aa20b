"""Rows that were not loaded or are of bad quality: the first of a file with line and text, all counted by reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iotctl.model import Reject, RejectReason
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.texts import accent_forms

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class KeptReject:
    """A stored rejected row."""

    uri: str
    reject: Reject


@dataclass(frozen=True, slots=True)
class RejectCount:
    """The number of a file's rows lost for a reason. kept: how many of them are stored with line and text."""

    uri: str
    reason: RejectReason
    rows: int
    kept: int


def keep_rejects(conn: Connection, rejects: Sequence[tuple[int, Sequence[Reject]]]) -> None:
    """Store the rejects of files, by file_id, in the transaction that enters their batches."""
    if not any(some for _, some in rejects):
        return
    with conn.cursor() as cursor, cursor.copy("COPY reject (file_id, line, reason, field, raw) FROM STDIN") as copy:
        for file_id, some in rejects:
            for reject in some:
                copy.write_row((file_id, reject.line, reject.reason.value, reject.field, reject.text))


def list_rejects(
    conn: Connection, uri_part: str | None = None, reason: RejectReason | None = None, limit: int | None = None
) -> Iterator[KeptReject]:
    """Stored rejects, by file and line, in constant memory. uri_part: only of files with this text in the URI."""
    with conn.transaction(), conn.cursor(name="rejects") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(
            """
            SELECT f.uri, r.line, r.reason, r.raw, r.field FROM reject r JOIN ingest_file f USING (file_id)
            WHERE (%(parts)s::text[] IS NULL
                   OR EXISTS (SELECT FROM unnest(%(parts)s::text[]) part WHERE strpos(f.uri, part) > 0))
              AND (%(reason)s::text IS NULL OR r.reason = %(reason)s)
            ORDER BY f.uri, f.file_id, r.line, r.number LIMIT %(limit)s
            """,
            {"parts": accent_forms(uri_part), "reason": reason, "limit": limit},
        )
        for uri, line, why, raw, field in cursor:
            yield KeptReject(uri, Reject(line, RejectReason(why), raw, field))


def rejects_name_fields(conn: Connection, uri_part: str | None = None, reason: RejectReason | None = None) -> bool:
    """Whether any reject has a known field; arguments as for list_rejects."""
    row = conn.execute(
        """
        SELECT EXISTS (
            SELECT FROM reject r JOIN ingest_file f USING (file_id)
            WHERE r.field <> ''
              AND (%(parts)s::text[] IS NULL
                   OR EXISTS (SELECT FROM unnest(%(parts)s::text[]) part WHERE strpos(f.uri, part) > 0))
              AND (%(reason)s::text IS NULL OR r.reason = %(reason)s)
        )
        """,
        {"parts": accent_forms(uri_part), "reason": reason},
    ).fetchone()
    return row == (True,)


def reject_counts(
    conn: Connection, uri_part: str | None = None, reason: RejectReason | None = None, limit: int | None = None
) -> list[RejectCount]:
    """How many rows each file has lost for each reason, and how many are stored; arguments as for list_rejects."""
    rows = conn.execute(
        """
        SELECT f.uri, r.reason, sum(r.rows)::bigint,
               (SELECT count(*) FROM reject k WHERE k.file_id = f.file_id AND k.reason = r.reason)
        FROM ingest_file f
        JOIN ingest_batch b USING (file_id)
        CROSS JOIN LATERAL (SELECT key AS reason, value::bigint AS rows FROM jsonb_each_text(b.reasons)) r
        WHERE (%(parts)s::text[] IS NULL
               OR EXISTS (SELECT FROM unnest(%(parts)s::text[]) part WHERE strpos(f.uri, part) > 0))
          AND (%(reason)s::text IS NULL OR r.reason = %(reason)s)
        GROUP BY f.file_id, f.uri, r.reason
        ORDER BY f.uri, f.file_id, r.reason LIMIT %(limit)s
        """,
        {"parts": accent_forms(uri_part), "reason": reason, "limit": limit},
    ).fetchall()
    return [RejectCount(uri, RejectReason(why), count, kept) for uri, why, count, kept in rows]

"""Compact: bring what late or overlapping readings left behind into the form that is small and quick to read."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.repositories import Database, compact_part, disordered_parts, ensure_schema, loose_parts
from iotctl.repositories.status import status


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many chunks or partitions were worked on, and the bytes of readings before and after."""

    parts: int
    bytes_before: int
    bytes_after: int


def compact(database: Database, *, full: bool = False) -> Compacted:
    """Move all readings into the columnstore, in order, and repair chunks that are out of order.

    On plain PostgreSQL vacuum what was written since.

    full: work on every part, whether it needs it or not, and compress anew. Each part is a transaction of its own:
    what is done stays done. Without full, a second run has nothing to do.
    Raises ForbiddenError where this user does not own the table.
    """
    with database.connect(application="iotctl compact") as conn:
        layout = ensure_schema(conn)
        before = status(conn, layout).table_bytes["reading"]
        parts = loose_parts(conn, layout, all_parts=full)
        parts += [part for part in disordered_parts(conn, layout) if part not in parts]
        for part in parts:
            compact_part(conn, layout, part, rewrite=full)
        return Compacted(len(parts), before, status(conn, layout).table_bytes["reading"])

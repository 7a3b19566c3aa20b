"""Compact: bring what late or overlapping readings left behind into the form that is small and quick to read."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.repositories import Database, open_storage


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many chunks or segments were worked on, and the bytes of readings before and after."""

    parts: int
    bytes_before: int
    bytes_after: int


def compact(database: Database, *, full: bool = False) -> Compacted:
    """Move all readings into the columnstore, in order, and repair chunks that are out of order; or merge segments.

    full: work on every part, whether it needs it or not, and compress anew. Each part is a transaction of its own:
    what is done stays done. Without full, a second run has nothing to do.
    Raises ForbiddenError where this user does not own the table.
    """
    with database.connect(application="iotctl compact") as conn:
        storage = open_storage(conn)
        before = storage.size()
        parts = storage.compact(full=full)
        return Compacted(parts, before, storage.size())


def waiting(database: Database, *, full: bool = False) -> int:
    """How many chunks or segments compact would work on; changes nothing."""
    with database.connect(application="iotctl compact") as conn:
        parts = open_storage(conn).parts()
        return parts.count if full else parts.loose

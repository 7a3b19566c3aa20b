"""Compact: store late and overlapping readings in the form that is small and quick to read."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.repositories import Database, open_storage


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many chunks or segments were rewritten, and the bytes of readings before and after."""

    parts: int
    bytes_before: int
    bytes_after: int


def compact(database: Database, *, full: bool = False) -> Compacted:
    """Move all readings into the columnstore, in order, and repair chunks that are out of order; or merge segments.

    full: compress every part again, whether it needs it or not. Each part has its own transaction, so finished parts
    stay finished. Without full, a second run has nothing to do. Raises ForbiddenError where this user does not own the
    table.
    """
    with database.connect(application="iotctl compact") as conn:
        storage = open_storage(conn)
        before = storage.size()
        parts = storage.compact(full=full)
        return Compacted(parts, before, storage.size())


def waiting(database: Database, *, full: bool = False) -> int:
    """How many chunks or segments compact would rewrite; changes nothing."""
    with database.connect(application="iotctl compact") as conn:
        parts = open_storage(conn).parts()
        return parts.count if full else parts.loose

"""Policy: for how long readings are kept, when they are compressed, whether hourly and daily aggregates are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from iotctl.errors import UsageError
from iotctl.repositories import (
    Connection,
    Database,
    Expired,
    Policies,
    ReadingStorage,
    again_after_conflicts,
    has_aggregates,
    open_storage,
    policies,
)

OFF = timedelta(0)


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What shall be otherwise; None leaves a policy as it is, OFF takes it away."""

    retain: timedelta | None = None
    compress_after: timedelta | None = None
    aggregates: bool | None = None


def read_policies(database: Database) -> Policies:
    """The policies as they are."""
    with database.connect(application="iotctl policy") as conn:
        return policies(conn, open_storage(conn))


def set_policies(
    database: Database, change: PolicyChange, agreed: Callable[[Expired], bool] = lambda _: True
) -> tuple[Policies, Expired]:
    """Set policies and apply them at once: drop what is too old, compute aggregates. What is so already stays.

    agreed: asked before readings are kept for a shorter time, with what goes now; nothing is changed where it says no.
    Returns the policies as they are then, and what was dropped. Raises UsageError where the server has no such policy,
    ForbiddenError where this user does not own the tables.
    """
    with database.connect(application="iotctl policy") as conn:
        storage = open_storage(conn)
        now = policies(conn, storage)
        if change.compress_after is not None and not storage.compresses_late_readings:
            raise UsageError(
                "--compress-after needs TimescaleDB's columnstore, which this database does not have.",
                hint="Leave it out; iotctl status shows the layout of the readings.",
            )
        wanted = change.retain
        if wanted and (now.retain is None or wanted < now.retain) and not agreed(storage.expired(wanted)):
            return now, Expired(0, 0, None)
        if wanted is not None and (wanted or None) != now.retain:
            storage.set_retention(wanted or None)
        after = change.compress_after
        if after is not None and (after or None) != now.compress_after:
            storage.set_compression(after or None)
        if change.aggregates is not None and change.aggregates is not has_aggregates(conn):
            (storage.make_aggregates if change.aggregates else storage.drop_aggregates)()
        return _applied(conn, storage)


def expired_by(database: Database, change: PolicyChange) -> tuple[Policies, Expired]:
    """The policies as they are, and which readings would be dropped at once after a change; changes nothing."""
    with database.connect(application="iotctl policy") as conn:
        storage = open_storage(conn)
        now = policies(conn, storage)
        retain = now.retain if change.retain is None else change.retain
        return now, storage.expired(retain) if retain else Expired(0, 0, None)


def apply_policies(database: Database) -> tuple[Policies, Expired]:
    """Drop what is too old and refresh aggregates now; returns the policies and what was dropped."""
    with database.connect(application="iotctl policy") as conn:
        return _applied(conn, open_storage(conn))


def keep_up(conn: Connection, storage: ReadingStorage, halted: Callable[[], bool]) -> Expired:
    """The same at the end of an ingest, where the server has no jobs that do it; returns what was dropped."""
    return _apply(conn, storage, halted) if storage.needs_upkeep else Expired(0, 0, None)


def _applied(conn: Connection, storage: ReadingStorage) -> tuple[Policies, Expired]:
    gone = _apply(conn, storage, lambda: False)
    return policies(conn, storage), gone


def _apply(conn: Connection, storage: ReadingStorage, halted: Callable[[], bool]) -> Expired:
    gone = again_after_conflicts(conn, storage.drop_expired)
    if has_aggregates(conn):
        again_after_conflicts(conn, lambda: storage.refresh_aggregates(halted))
    return gone

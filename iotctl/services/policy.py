"""Policy: how long readings are kept, when they are compressed, and whether there are hourly and daily aggregates."""

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
    """The changes of policies; None keeps a policy, OFF removes it."""

    retain: timedelta | None = None
    compress_after: timedelta | None = None
    aggregates: bool | None = None


def read_policies(database: Database) -> Policies:
    """The present policies."""
    with database.connect(application="iotctl policy") as conn:
        return policies(conn, open_storage(conn))


def set_policies(
    database: Database, change: PolicyChange, agreed: Callable[[Expired], bool] = lambda _: True
) -> tuple[Policies, Expired]:
    """Set policies and apply them now: drop old readings, compute aggregates.

    agreed: is asked before the retention gets shorter, with the readings that this drops now; if it says no, nothing
    changes. Returns the new policies, and what was dropped. Raises UsageError where the server does not have such a
    policy, ForbiddenError where this user does not own the tables.
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
    """The present policies, and the readings that a change would drop now; changes nothing."""
    with database.connect(application="iotctl policy") as conn:
        storage = open_storage(conn)
        now = policies(conn, storage)
        retain = now.retain if change.retain is None else change.retain
        return now, storage.expired(retain) if retain else Expired(0, 0, None)


def apply_policies(database: Database) -> tuple[Policies, Expired]:
    """Drop old readings and refresh aggregates now; returns the policies and what was dropped."""
    with database.connect(application="iotctl policy") as conn:
        return _applied(conn, open_storage(conn))


def keep_up(conn: Connection, storage: ReadingStorage, halted: Callable[[], bool]) -> Expired:
    """The same at the end of an ingest, if the server has no jobs for it; returns what was dropped."""
    return _apply(conn, storage, halted) if storage.needs_upkeep else Expired(0, 0, None)


def _applied(conn: Connection, storage: ReadingStorage) -> tuple[Policies, Expired]:
    gone = _apply(conn, storage, lambda: False)
    return policies(conn, storage), gone


def _apply(conn: Connection, storage: ReadingStorage, halted: Callable[[], bool]) -> Expired:
    gone = again_after_conflicts(conn, storage.drop_expired)
    if has_aggregates(conn):
        again_after_conflicts(conn, lambda: storage.refresh_aggregates(halted))
    return gone

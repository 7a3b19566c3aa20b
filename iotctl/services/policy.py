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
    StorageLayout,
    again_after_conflicts,
    check_policies_exist,
    drop_aggregates,
    drop_expired,
    ensure_schema,
    expired,
    has_aggregates,
    make_aggregates,
    policies,
    refresh_aggregates,
    set_compression,
    set_retention,
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
        return policies(conn, ensure_schema(conn))


def set_policies(
    database: Database, change: PolicyChange, agreed: Callable[[Expired], bool] = lambda _: True
) -> tuple[Policies, Expired]:
    """Set policies and apply them at once: drop what is too old, compute aggregates. What is so already stays.

    agreed: asked before readings are kept for a shorter time, with what goes now; nothing is changed where it says no.
    Returns the policies as they are then, and what was dropped. Raises UsageError where the server has no such policy,
    ConfigurationError where it has none at all, ForbiddenError where this user does not own the tables.
    """
    with database.connect(application="iotctl policy") as conn:
        layout = ensure_schema(conn)
        check_policies_exist(conn, layout)
        now = policies(conn, layout)
        if change.compress_after is not None and layout is not StorageLayout.COLUMNSTORE:
            raise UsageError(
                "--compress-after needs TimescaleDB's columnstore, which this database does not have.",
                hint="Leave it out; iotctl status shows the layout of the readings.",
            )
        wanted = change.retain
        if wanted and (now.retain is None or wanted < now.retain) and not agreed(expired(conn, layout, wanted)):
            return now, Expired(0, 0, None)
        if wanted is not None and (wanted or None) != now.retain:
            set_retention(conn, layout, wanted or None)
        after = change.compress_after
        if after is not None and (after or None) != now.compress_after:
            set_compression(conn, after or None)
        if change.aggregates is not None and change.aggregates is not has_aggregates(conn):
            (make_aggregates if change.aggregates else drop_aggregates)(conn, layout)
        return _applied(conn, layout)


def apply_policies(database: Database) -> tuple[Policies, Expired]:
    """Drop what is too old and refresh aggregates now; returns the policies and what was dropped."""
    with database.connect(application="iotctl policy") as conn:
        layout = ensure_schema(conn)
        check_policies_exist(conn, layout)
        return _applied(conn, layout)


def keep_up(conn: Connection, layout: StorageLayout, halted: Callable[[], bool]) -> Expired:
    """The same at the end of an ingest, where the server has no jobs that do it; returns what was dropped."""
    if layout is not StorageLayout.PARTITIONS:
        return Expired(0, 0, None)
    return _apply(conn, layout, halted)


def _applied(conn: Connection, layout: StorageLayout) -> tuple[Policies, Expired]:
    gone = _apply(conn, layout, lambda: False)
    return policies(conn, layout), gone


def _apply(conn: Connection, layout: StorageLayout, halted: Callable[[], bool]) -> Expired:
    gone = again_after_conflicts(conn, lambda: drop_expired(conn, layout))
    if has_aggregates(conn):
        again_after_conflicts(conn, lambda: refresh_aggregates(conn, layout, halted))
    return gone

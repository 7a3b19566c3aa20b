"""Times between the program, microseconds since 1970-01-01 UTC, and the database, timestamptz."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_datetime(microseconds: int) -> datetime:
    """Microseconds since 1970-01-01 UTC as an aware datetime, for a query's parameter."""
    return _UNIX_EPOCH + timedelta(microseconds=microseconds)


def as_microseconds(time: datetime) -> int:
    """An aware datetime as microseconds since 1970-01-01 UTC."""
    return (time - _UNIX_EPOCH) // timedelta(microseconds=1)


def optional_datetime(microseconds: int | None) -> datetime | None:
    """As as_datetime; None for None."""
    return None if microseconds is None else as_datetime(microseconds)


def optional_microseconds(time: datetime | None) -> int | None:
    """As as_microseconds; None for NULL."""
    return None if time is None else as_microseconds(time)


def lower_bound(microseconds: int | None) -> datetime | str:
    """The start of a range, for a query's parameter; None for an open one."""
    return "-infinity" if microseconds is None else as_datetime(microseconds)


def upper_bound(microseconds: int | None) -> datetime | str:
    """The end of a range, for a query's parameter; None for an open one."""
    return "infinity" if microseconds is None else as_datetime(microseconds)

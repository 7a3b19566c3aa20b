"""The starts of buckets of time: on local days, on parts of a local day, or every so many microseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from iotctl.repositories.postgres.binary import TimeArray
from iotctl.repositories.postgres.timestamps import as_datetime
from iotctl.repositories.storage.stretches import Stretch

_DAY = 86_400_000_000
_WEEK = 7 * _DAY
# 1970-01-01 was a Thursday, 1970-01-05 the Monday after.
_MONDAY = 4 * _DAY


@dataclass(frozen=True, slots=True)
class LocalClock:
    """How a zone's clock differs from UTC over a range of time.

    since: int64 (n,), microseconds since 1970-01-01 UTC from which each offset holds, the first where the range starts.
    offset: int64 (n,), microseconds to add to UTC; n is at least 1.
    """

    since: NDArray[np.int64]
    offset: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Width:
    """The length of buckets, in microseconds. calendar: they are days of the local calendar, mostly of 23 to 25 hours.

    Multiples of a week begin on Mondays; other numbers of days are counted from 1970-01-01. If the length divides a
    day, buckets begin at multiples of it on the local clock. Any other length is counted from 1970-01-01 00:00 UTC.
    """

    microseconds: int
    calendar: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """The buckets of a query, as SQL.

    begins: an expression over {time}, with parameters, that is equal for all times of a bucket, and ascends with time.
    label: turns its values into the starts of the buckets, microseconds since 1970-01-01 UTC. odd: width of an
    aggregate -> the stretches where its buckets are not inside these buckets, or None for all of time.
    """

    begins: sql.SQL
    parameters: dict[str, object]
    label: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    odd: Callable[[int], list[Stretch] | None]


def bucket_grid(width: Width, clock: LocalClock) -> Grid:
    """The buckets of a width over the range of a clock; no bucket begins before the range."""
    stride, start = width.microseconds, int(clock.since[0])
    origin = _MONDAY if width.calendar and stride % _WEEK == 0 else 0
    if not width.calendar and _DAY % stride:
        return _even(stride, origin, start)
    phases = {int(phase) for phase in (origin - clock.offset) % stride}
    if len(phases) == 1 and (len(clock.offset) == 1 or not width.calendar):
        # All changes of the clock, if any, are by whole buckets.
        return _even(stride, phases.pop(), start)
    return _days(stride, origin, clock) if width.calendar else _parts_of_days(stride, clock)


def _even(stride: int, origin: int, start: int) -> Grid:
    """Buckets of one length."""
    return Grid(
        begins=sql.SQL("date_bin(%(stride)s::interval, {time}, %(origin)s::timestamptz)"),
        parameters={"stride": timedelta(microseconds=stride), "origin": as_datetime(origin)},
        label=lambda bucket: np.maximum(bucket, start),
        odd=lambda wide: None if stride % wide or origin % wide else [],
    )


def _days(stride: int, origin: int, clock: LocalClock) -> Grid:
    """Days of the local calendar, over changes of the clock: rows are grouped by local time."""

    def label(local: NDArray[np.int64]) -> NDArray[np.int64]:
        # The first moment at which the clock shows this time, or jumps over it.
        ends = clock.since[1:] + clock.offset[:-1]
        stretch = np.searchsorted(ends, local, side="right")
        begins: NDArray[np.int64] = np.maximum(local - clock.offset[stretch], clock.since[stretch])
        return begins

    return Grid(
        begins=sql.SQL(
            "date_bin(%(stride)s::interval, {time} + (%(offset)s::interval[])[width_bucket({time}, %(since)s)],"
            " %(origin)s::timestamptz)"
        ),
        parameters={
            "stride": timedelta(microseconds=stride),
            "origin": as_datetime(origin),
            "since": TimeArray(clock.since),
            "offset": [timedelta(microseconds=offset) for offset in clock.offset.tolist()],
        },
        label=label,
        odd=lambda wide: _odd(stride, wide, clock),
    )


def _parts_of_days(stride: int, clock: LocalClock) -> Grid:
    """Parts of local days over changes of the clock by less than a part, which make one part longer or shorter."""
    # The bucket in which each offset begins.
    opened = [int(clock.since[0])]
    for at in range(1, len(clock.since)):
        since, before, after = (int(x) for x in (clock.since[at], clock.offset[at - 1], clock.offset[at]))
        last = (since - 1 + before) // stride
        # A change by whole buckets does not change them.
        jumps_over = (since + after) // stride > last and (after - before) % stride
        began = last * stride - before
        opened.append(since if jumps_over else began if began >= clock.since[at - 1] else opened[-1])
    return Grid(
        begins=sql.SQL(
            "CASE WHEN {aligned} < (%(since)s)[{stretch}] THEN (%(opened)s)[{stretch}] ELSE {aligned} END".replace(
                "{aligned}", "date_bin(%(stride)s::interval, {time}, (%(origin)s)[{stretch}])"
            ).replace("{stretch}", "width_bucket({time}, %(since)s)")
        ),
        parameters={
            "stride": timedelta(microseconds=stride),
            "since": TimeArray(clock.since),
            "opened": TimeArray(np.array(opened, dtype=np.int64)),
            "origin": TimeArray(-clock.offset),
        },
        label=lambda bucket: bucket,
        odd=lambda wide: _odd(stride, wide, clock),
    )


def _odd(stride: int, wide: int, clock: LocalClock) -> list[Stretch] | None:
    """The stretches where a UTC bucket of this width, in microseconds, may contain the start of a local bucket."""
    ends = np.append(clock.since[1:], 2**62)
    off = clock.offset % wide != 0
    if stride % wide or off.all():
        return None
    stretches = [(int(since), int(end)) for since, end in zip(clock.since[off], ends[off], strict=True)]
    return stretches + [(int(since), int(since) + 1) for since in clock.since[1:] if since % wide]

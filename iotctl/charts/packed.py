"""Series in a page: columns as one text, and the zone's clock. The script chart.js reads both."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.timezones import find_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


def pack(time: NDArray[np.int64], columns: Mapping[str, NDArray[np.float64]]) -> dict[str, object]:
    """Columns beside their times (microseconds since 1970-01-01 UTC), small enough for a page.

    Times are steps, which repeat; values have seven digits, more than any screen shows. All first bytes stand before
    all second ones, and so on, since these are alike: a third less after it is deflated.
    """
    steps = np.diff(time, prepend=np.int64(0)).astype("<f8")
    with np.errstate(over="ignore"):  # what is too large for a screen is infinite, and drawn as no reading
        narrow = [column.astype("<f4") for column in columns.values()]
    plain = [steps, *(np.where(np.isfinite(column), column, np.float32(np.nan)).astype("<f4") for column in narrow)]
    raw = b"".join(_bytes_by_rank(column) for column in plain)
    return {
        "rows": len(time),
        "columns": list(columns),
        "packed": base64.b64encode(zlib.compress(raw, 9)).decode(),
    }


def _bytes_by_rank(column: NDArray[np.generic]) -> bytes:
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()


def clock_changes(first: int, last: int, timezone: str) -> list[tuple[int, int]]:
    """From when on (seconds since 1970-01-01 UTC) the clock of a zone is so many seconds ahead of UTC.

    first, last: microseconds; the first entry holds before them, too.
    """
    start, end = first // 1_000_000, last // 1_000_000
    known = [(start, _ahead(start, timezone))]
    for day in range(start, end + _DAY, _DAY):
        ahead = _ahead(min(day + _DAY, end + _DAY), timezone)
        if ahead != known[-1][1]:
            low, high = day, day + _DAY  # the clock changes in (low, high]
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _ahead(middle, timezone) == known[-1][1] else (low, middle)
            known.append((high, ahead))
    return known


def _ahead(seconds: int, timezone: str) -> int:
    try:
        moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(find_zone(timezone))
    except OverflowError:  # beyond the years 1 and 9999
        return 0
    return round((moment.utcoffset() or timedelta()).total_seconds())

"""Series in a page: columns as one text, and the clock of the zone. The script chart.js reads both."""

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

    columns: value, and others such as expected, scale, severity. Times are stored as steps, which repeat. The others
    have seven digits, more than any screen shows: of the difference to a base (for a pressure of 101,325 that moves by
    0.1), divided by a factor (float32 ends at 1e38). All first bytes come before all second bytes, and so on, because
    they are similar: this saves a third after compression.
    """
    base, factor = _base(columns["value"]), _factor(columns["value"])
    units = {"value": (base, factor), "expected": (base, factor), "scale": (0.0, factor)}
    raw = _bytes_by_rank(np.diff(time, prepend=np.int64(0)).astype("<f8"))
    for name, column in columns.items():
        less, unit = units.get(name, (0.0, 1.0))
        with np.errstate(over="ignore", invalid="ignore"):
            narrow = ((column - less) / unit).astype("<f4")
        raw += _bytes_by_rank(np.where(np.isfinite(narrow), narrow, np.float32(np.nan)).astype("<f4"))
    return {
        "rows": len(time),
        "columns": {name: units.get(name, (0.0, 1.0)) for name in columns},
        "packed": base64.b64encode(zlib.compress(raw, 9)).decode(),
    }


def _base(value: NDArray[np.float64]) -> float:
    """A round number near all values; 0 where the values differ too much."""
    known = value[np.isfinite(value)]
    if not len(known):
        return 0.0
    middle = float(np.median(known))
    spread = float(np.median(np.abs(known - middle)))
    if spread > abs(middle) / 64 or not middle:
        return 0.0
    _, power = np.frexp(max(16 * spread, abs(middle) * 2.0**-40))
    step = 2.0 ** int(power)  # a power of two: the difference of a short fraction is short, too
    return round(middle / step) * step


def _factor(value: NDArray[np.float64]) -> float:
    largest = float(np.abs(value[np.isfinite(value)]).max(initial=0.0))
    _, power = np.frexp(largest)
    return 1.0 if abs(int(power)) < 100 else 2.0 ** int(power)


def _bytes_by_rank(column: NDArray[np.generic]) -> bytes:
    return np.ascontiguousarray(column).view(np.uint8).reshape(len(column), column.itemsize).T.tobytes()


def clock_changes(first: int, last: int, timezone: str) -> list[tuple[int, int]]:
    """The changes of a zone's clock: when (seconds since 1970-01-01 UTC), and the seconds ahead of UTC from then on.

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

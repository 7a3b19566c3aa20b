"""The likelihood that a column is a time of a format that reads all of its texts."""

from __future__ import annotations

from datetime import UTC, datetime
from math import log10

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from iotctl.formats.times.iso import Times

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_OF_YEAR = 365
_SECOND, _DAY = 1_000_000, 86_400_000_000
# Few readings are older than the first date; none written by a computer are older than the second.
_USUAL = (datetime(1990, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds() * _SECOND
_OLDEST = (datetime(1900, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds() * _SECOND
# If this many distinct numbers are all days of the calendar, it is not by chance.
_MANY = 3
# All present offsets of time zones are in this range.
_FARTHEST_HOURS, _MINUTES = 14, {"00", "30", "45"}


def written_likelihood(
    order: str,
    texts: pa.StringArray,
    times: Times,
    latest: datetime,
    *,
    is_date: bool,
    is_packed: bool,
    is_number: bool,
) -> float:
    """The likelihood, 0..1, for texts that a pattern, or ISO 8601, reads.

    order: of the parts of its date, as letters of strptime; is_packed: without signs between them. latest: a later
    time is unlikely.
    """
    if is_number:
        found = _of_digits(order, texts)
    elif not set(order) & {"d", "j"}:
        found = 0.6  # 2021-03 can be a part number
    elif not is_date:
        found = 0.95 if "j" in order else 0.97 if "y" in order else 0.98
    else:
        found = 0.4 if "j" in order else 0.7 if "y" in order else 0.95  # 12.08.19 can be a version
    if "y" in order and "d" in order and order.startswith("y") is not is_packed:
        found *= 0.3  # a two-digit year first occurs with digits alone, and seldom in other dates
    if "y" in order and _by_years(times):
        found *= 0.05
    if _has_odd_offsets(texts, times):
        found *= 0.3
    return round(float(found * _within(times, latest) * _smooth(times)), 4)


def counted_likelihood(format_: str, texts: pa.StringArray, times: Times, latest: datetime) -> float:
    """The likelihood, 0..1, for numbers that count from a moment; 0 if far off. latest: later times are unlikely."""
    distinct, steps = len(np.unique(times.time)), np.diff(times.time)
    rises = bool(len(steps)) and bool((steps >= 0).all())
    if format_ == "elapsed-s":
        begins = rises and 0 <= times.time[0] <= 2 * steps.max()  # else it is more likely a rising value
        return 0.3 if begins and times.time[0] < times.time[-1] else 0.0
    if times.time.min() < _USUAL or times.time.max() > (latest - _EPOCH).total_seconds() * _SECOND:
        return 0.0
    if format_.startswith("epoch"):
        found = 0.95 if format_ == "epoch-s" else 0.97
        return found if rises else found * 0.9 if distinct > 1 else 0.8
    fractions = bool((times.time % _DAY).any())
    if not fractions:
        return 0.3 if rises and distinct >= _MANY else 0.1
    if not rises:
        return 0.15
    return 0.9 if distinct >= _MANY and _near_seconds(texts, times) else 0.5


def _of_digits(order: str, texts: pa.StringArray) -> float:
    """For digits without a sign between them: the more digits, the less likely they are a time by chance."""
    digits = pc.min(pc.utf8_length(texts)).as_py()
    if digits < len("210102"):
        return 0.05  # a year, or less
    if "Y" not in order or "j" in order:
        return 0.5 if digits < len("2101021300") else 0.9
    found = 0.8 if digits == len("20210102") else 0.95
    if order != "Ymd":
        found *= 0.8
    return found if pc.count_distinct(texts).as_py() >= _MANY else found * 0.9


def _within(times: Times, latest: datetime) -> float:
    """Lower if times are in the future, or in years with few readings."""
    if times.time.max() > (latest - _EPOCH).total_seconds() * _SECOND:
        return 0.1
    if times.time.min() < _OLDEST:
        return 0.3
    return 1.0 if times.time.min() >= _USUAL else 0.97


def _smooth(times: Times) -> float:
    """A little lower if times jump back and forth or far ahead, as when day and month are confused."""
    if len(times.time) < 2:
        return 1.0
    steps = np.diff(times.time)
    back = min(np.count_nonzero(steps < 0), np.count_nonzero(steps > 0)) / len(steps)
    days = float(np.median(np.abs(steps))) / _DAY
    return 1 - 0.03 * min(1.0, 4 * back) - 0.005 * min(4.0, log10(1 + days))


def _by_years(times: Times) -> bool:
    """Whether days are at least a year apart, as when a day is read as the year."""
    days = np.unique(times.time // _DAY)
    return len(days) > _MANY and bool((np.diff(days) >= _DAYS_OF_YEAR).all())


def _has_odd_offsets(texts: pa.StringArray, times: Times) -> bool:
    """Whether offsets were read that no time zone has: 10:00-10:15 is an interval."""
    if times.naive.any():
        return False
    ends = pc.extract_regex(texts, r"(?P<hours>[+-][0-9]{2}):?(?P<minutes>[0-9]{2})$").drop_null()
    hours = {int(text) for text in pc.unique(ends.field("hours")).to_pylist()}
    minutes = set(pc.unique(ends.field("minutes")).to_pylist())
    return any(abs(hour) > _FARTHEST_HOURS for hour in hours) or len(hours) > 3 or not minutes <= _MINUTES


def _near_seconds(texts: pa.StringArray, times: Times) -> bool:
    """Whether days with many decimals are whole seconds, within the precision of their decimals."""
    decimals = pc.min(pc.utf8_length(pc.replace_substring_regex(texts, "^[^.,]*[.,]?", ""))).as_py()
    if decimals < len("00001"):
        return False
    reach = max(1_000, 86_400 * _SECOND // 10**decimals)
    off = np.abs((times.time + _SECOND // 2) % _SECOND - _SECOND // 2)
    return bool((off <= reach).all()) and reach < _SECOND // 4

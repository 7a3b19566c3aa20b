"""Texts to times: ISO 8601 with and without an offset, and epoch seconds and milliseconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# 1900-01-01 and 2200-01-01 UTC; times outside are taken for errors of a clock or a column.
EARLIEST = -2_208_988_800_000_000
LATEST = 7_258_118_400_000_000

_UTC_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- a clock on a wall
_MICROSECOND = timedelta(microseconds=1)

# Seconds up to 11 digits (1973 to 5138), milliseconds from 12 on (2001 to 2286 with 13).
_EPOCH_TIME = re.compile(r"(\d{9,11})(?:\.(\d{1,6})\d*)?|(\d{12,14})")
_BLANK_BEFORE_OFFSET = re.compile(r"\s+(?=[+-]\d\d(?::?\d\d)?$|Z$)")
_EPOCH_DIGITS = range(9, 15)
_MILLISECOND_DIGITS = 12

# A text shorter than this has no offset, but may end like one: 2016-01-31.
_SHORTEST_WITH_OFFSET = 14


@dataclass(frozen=True, slots=True)
class Times:
    """time: int64 (n,), microseconds since 1970-01-01 of UTC, or of the local clock where naive, bool (n,), says so."""

    time: NDArray[np.int64]
    naive: NDArray[np.bool_]


def parse_times(texts: pa.StringArray) -> Times:
    """All texts as times, at 20 million a second. Raises ValueError where one is not in the plain forms."""
    aware = _has_offset(texts)
    if not aware.any():
        if (epoch := _epoch_times(texts)) is not None:
            return epoch
        return Times(_cast(texts, pa.timestamp("us")), ~aware)
    if aware.all():
        return Times(_cast(texts, pa.timestamp("us", "UTC")), ~aware)
    time = np.empty(len(texts), dtype=np.int64)
    time[~aware] = _cast(texts.filter(pa.array(~aware)), pa.timestamp("us"))
    time[aware] = _cast(texts.filter(pa.array(aware)), pa.timestamp("us", "UTC"))
    return Times(time, ~aware)


def parse_time(text: str) -> tuple[int, bool]:
    """One text in any of the forms as (microseconds, naive), see Times. Raises ValueError.

    Digits beyond the microsecond are cut off.
    """
    text = text.strip(" \t")
    if match := _EPOCH_TIME.fullmatch(text):
        if match[3]:
            return int(match[3]) * 1000, False
        return int(match[1]) * 1_000_000 + int((match[2] or "").ljust(6, "0")), False
    moment = datetime.fromisoformat(_BLANK_BEFORE_OFFSET.sub("", text.upper()))
    if moment.tzinfo is None:
        return (moment - _LOCAL_EPOCH) // _MICROSECOND, True
    return (moment - _UTC_EPOCH) // _MICROSECOND, False


def _cast(texts: pa.StringArray, kind: pa.DataType) -> NDArray[np.int64]:
    # pa.ArrowInvalid is a ValueError
    cast: NDArray[np.int64] = texts.cast(kind).to_numpy(zero_copy_only=False).view(np.int64)
    return cast


def _epoch_times(texts: pa.StringArray) -> Times | None:
    """Texts that are all digits, all of one length; None for others."""
    digits = len(texts[0].as_py()) if len(texts) else 0
    if digits not in _EPOCH_DIGITS or not texts[0].as_py().isdigit():
        return None
    number = texts.cast(pa.int64()).to_numpy()
    low, high = 10 ** (digits - 1), 10**digits
    if not ((number >= low) & (number < high)).all():
        raise ValueError("epoch times of several lengths")
    factor = 1_000_000 if digits < _MILLISECOND_DIGITS else 1000
    return Times(number * factor, np.zeros(len(number), dtype=np.bool_))


def _has_offset(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Whether each text ends in Z, +hh, +hhmm or +hh:mm; bool (n,)."""
    if not len(texts):
        return np.zeros(0, dtype=np.bool_)
    _, offsets, content = texts.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    length = np.diff(ends)
    aware = np.zeros(len(texts), dtype=np.bool_)
    long = np.flatnonzero(length >= _SHORTEST_WITH_OFFSET)
    if not len(long):
        return aware
    byte = np.frombuffer(content, dtype=np.uint8)
    last = ends[1:][long]
    sign = (ord("+"), ord("-"))
    found = byte[last - 1] == ord("Z")
    for back in (3, 5, 6):
        found |= (byte[last - back] == sign[0]) | (byte[last - back] == sign[1])
    aware[long] = found
    return aware

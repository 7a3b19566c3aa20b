"""Texts to times: ISO 8601 with and without an offset, and numbers (see numeric_times).

parse_time is the grammar for one text. parse_times reads whole columns, and marks texts that it does not read as odd.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.formats.column_forms import OpenFormError
from iotctl.formats.csv.columns import numbers
from iotctl.formats.times.numeric_times import (
    EITHER,
    IS_CALENDAR,
    IS_EPOCH,
    NEITHER,
    NumericTimes,
    are_numbers,
    calendar_text,
    calendar_texts,
    epoch_microseconds,
    epochs,
    number_kind,
    number_kinds,
)
from iotctl.model import LATEST

_UTC_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- a local time
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)

ISO_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d|\d{8})"
    r"(?:[ T](?:(\d\d(?::?\d\d){0,2})|(\d\d:?\d\d:?\d\d)[.,](\d+))"
    r"(?:[ \t]*(?:(Z|UTC|GMT)|(?:UTC|GMT)?([+-]\d\d?(?::?[0-5]\d(?::?[0-5]\d)?)?)))?)?",
    re.ASCII | re.IGNORECASE,
)

# The same for RE2. _PLAIN matches what pyarrow's cast reads, and also days that are not in the calendar.
_PLAIN = (
    r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([ T]([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d{1,6})?)?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?$"
)
_EPOCH_PARTS = r"^(?P<seconds>\d{9,11})\.(?P<fraction>\d+)$"
_TO_PLAIN = (
    (r"[ \t]*(?:UTC|GMT)$", "Z"),
    (r"[ \t]*(?:UTC|GMT)([+-]\d{1,2}(?::?\d\d)?)$", r"\1"),
    (r"[ \t]+(Z|[+-]\d{1,2}(?::?\d\d)?)$", r"\1"),  # 2016-01-01 00:00:00 +0100
    (r"(:\d\d(?:[.,]\d+)?[+-])(\d)$", r"\10\2"),  # +1 is +01
    (r"^(\d{4})(\d\d)(\d\d)T", r"\1-\2-\3T"),  # 20160101T000000Z; without a T it is a number
    (r"T(\d\d)(\d\d)(\d\d)", r"T\1:\2:\3"),
    (r"(:\d\d)[.,](\d{1,6})\d*", r"\1.\2"),  # 00:00:00.123456789
)

# A text shorter than this has no offset, but may end like one: 2016-01-31.
_SHORTEST_WITH_OFFSET = 14


@dataclass(frozen=True, slots=True)
class Times:
    """time: int64 (n,), microseconds since 1970-01-01 in UTC, or by the local clock where naive, bool (n,), is True.

    odd: bool (n,); there time has no meaning, and parse_time decides.
    """

    time: NDArray[np.int64]
    naive: NDArray[np.bool_]
    odd: NDArray[np.bool_]


def parse_time(text: str, form: NumericTimes) -> tuple[int, bool]:
    """One text in any form as (microseconds, naive), see Times. form: of the column, for numbers.

    Digits beyond the microsecond are cut off. 24:00 is the midnight after.
    Raises ValueError, and OpenFormError if the form of its column must be judged first.
    """
    text = text.strip(" \t")
    if (kind := number_kind(text)) is not None:
        if kind != NEITHER and form is NumericTimes.OPEN:
            raise OpenFormError
        if kind == NEITHER or (kind in (EITHER, IS_EPOCH) and form is NumericTimes.EPOCH):
            return epoch_microseconds(text), False
        if kind == IS_EPOCH or form is not NumericTimes.CALENDAR:
            raise ValueError("the column has another form, or none")
        text = calendar_text(text)
    match = ISO_TIME.fullmatch(text)
    if match is None:
        raise ValueError("no time")
    date, whole, precise, fraction, zone, offset = match.groups()
    clock, microseconds = whole or precise or "00", _microseconds(fraction)
    if midnight_after := clock.startswith("24") and not clock[2:].strip(":0") and not microseconds:
        clock = "00"
    moment = datetime.fromisoformat(f"{date}T{clock}{_offset(zone, offset)}")
    day = (_DAY if midnight_after else 0 * _DAY) // _MICROSECOND
    if moment.tzinfo is None:
        return (moment - _LOCAL_EPOCH) // _MICROSECOND + microseconds + day, True
    return (moment - _UTC_EPOCH) // _MICROSECOND + microseconds + day, False


def read_times(column: pa.Array, form: NumericTimes) -> Times:
    """A column of texts, or of timestamps in microseconds with or without a zone, as times. form: see parse_times."""
    if not pa.types.is_timestamp(column.type):
        return parse_times(column, form)
    time: NDArray[np.int64] = numbers(column.view(pa.int64()))
    return Times(time, np.full(len(time), column.type.tz is None), np.zeros(len(time), dtype=np.bool_))


def parse_times(texts: pa.StringArray, form: NumericTimes) -> Times:
    """Texts in usual forms as times, 20 million a second in the plain forms; others are marked as odd.

    form: of the column's numbers. Raises OpenFormError if it must be judged first.
    """
    try:
        return cast_plain(texts)
    except ValueError:
        found = _all_odd(len(texts))
    texts = pc.ascii_trim(texts, " \t")
    for read in (_plain, partial(_numbers, form=form), _respelled):
        left = np.flatnonzero(found.odd)
        if not len(left):
            break
        _put(found, left, read(texts.take(pa.array(left))))
    return found


def _all_odd(count: int) -> Times:
    return Times(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_))


def _put(found: Times, at: NDArray[np.intp], part: Times) -> None:
    found.time[at], found.naive[at], found.odd[at] = part.time, part.naive, part.odd


def cast_plain(texts: pa.StringArray) -> Times:
    """All texts as times, by pyarrow. Raises ValueError if it cannot read one. No text may be null."""
    aware = _has_offset(texts)
    none_odd = np.zeros(len(texts), dtype=np.bool_)
    if not aware.any():
        return Times(_cast(texts, pa.timestamp("us")), ~aware, none_odd)
    if aware.all():
        return Times(_cast(texts, pa.timestamp("us", "UTC")), ~aware, none_odd)
    time = np.empty(len(texts), dtype=np.int64)
    time[~aware] = _cast(texts.filter(pa.array(~aware)), pa.timestamp("us"))
    time[aware] = _cast(texts.filter(pa.array(aware)), pa.timestamp("us", "UTC"))
    return Times(time, ~aware, none_odd)


def _plain(texts: pa.StringArray) -> Times:
    found = _all_odd(len(texts))
    _cast_by_halves(texts, np.flatnonzero(_matches(texts, _PLAIN)), found)
    return found


def _cast_by_halves(texts: pa.StringArray, at: NDArray[np.intp], found: Times) -> None:
    """Cast texts of plain form. Only a few can fail: days such as 30 February."""
    try:
        _put(found, at, cast_plain(texts.take(pa.array(at))))
    except ValueError:
        if len(at) > 1:
            for half in np.array_split(at, 2):
                _cast_by_halves(texts, half, found)


def _numbers(texts: pa.StringArray, form: NumericTimes) -> Times:
    """Texts that are numbers as times, by the form of their column."""
    found = _all_odd(len(texts))
    at = np.flatnonzero(are_numbers(texts))
    if not len(at):
        return found
    some = texts.take(pa.array(at))
    if form is NumericTimes.EPOCH:
        _put(found, at, _epochs(some))
        return found
    kind = number_kinds(some)
    if form is NumericTimes.OPEN and kind.any():
        raise OpenFormError
    if form is NumericTimes.CALENDAR:
        calendar = np.flatnonzero((kind == IS_CALENDAR) | (kind == EITHER))
        _put(found, at[calendar], _plain(calendar_texts(some.take(pa.array(calendar)))))
    return found


def _epochs(texts: pa.StringArray) -> Times:
    time, left = epochs(texts)
    found = Times(time, np.zeros(len(time), dtype=np.bool_), left)
    if left.any():
        _put(found, np.flatnonzero(left), _epoch_with_fraction(texts.filter(pa.array(left))))
    # Numbers that can only be calendar times have another form than their column.
    odd = np.flatnonzero((time == 0) | (time >= LATEST) | left)
    if len(odd):
        found.odd[odd[number_kinds(texts.take(pa.array(odd))) == IS_CALENDAR]] = True
    return found


def _epoch_with_fraction(texts: pa.StringArray) -> Times:
    found = _all_odd(len(texts))
    parts = pc.extract_regex(texts, _EPOCH_PARTS)
    at = np.flatnonzero(parts.is_valid().to_numpy(zero_copy_only=False))
    seconds, fraction = (parts.field(name).take(pa.array(at)) for name in (0, 1))
    microseconds = pc.ascii_rpad(pc.utf8_slice_codeunits(fraction, 0, 6), 6, "0").cast(pa.int64()).to_numpy()
    found.time[at] = seconds.cast(pa.int64()).to_numpy() * 1_000_000 + microseconds
    found.odd[at] = False
    return found


def _respelled(texts: pa.StringArray) -> Times:
    texts = pc.ascii_upper(texts)
    for pattern, replacement in _TO_PLAIN:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return _plain(texts)


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


def _offset(zone: str | None, offset: str | None) -> str:
    """The offset after a time for fromisoformat(): UTC and GMT become Z, +1 becomes +01."""
    if offset is None:
        return "Z" if zone else ""
    return offset if len(offset) != len("+1") else f"{offset[0]}0{offset[1]}"


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "")[:6].ljust(6, "0"))


def _cast(texts: pa.StringArray, kind: pa.DataType) -> NDArray[np.int64]:
    # pa.ArrowInvalid is a ValueError
    cast: NDArray[np.int64] = texts.cast(kind).to_numpy(zero_copy_only=False).view(np.int64)
    return cast


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

"""Reads times by a pattern of strptime; see patterns.

numpy reads whole columns, see shapes. Measured on one core, in blocks of 131072 distinct texts: 20 million a second of
"%d.%m.%Y %H:%M:%S", 14 million of "%m/%d/%Y %I:%M %p", 16 million without leading zeros, 12 million with an offset, or
with month names of any length. Encoding repeated texts first is not faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.times.grammar import parse_each
from iotctl.formats.times.iso import Times
from iotctl.formats.times.month_names import month_number
from iotctl.formats.times.patterns import FRACTION, PartKind, PatternPart, compile_pattern
from iotctl.formats.times.shapes import Shape, Shaped, read_by_shape
from iotctl.formats.times.typed_times import read_typed
from iotctl.formats.times.zone_names import local_to_utc, offset_of, with_zones

_SECOND, _DAY = 1_000_000, 86_400_000_000
_FIRST_DAY = date(1970, 1, 1).toordinal()
# Two-digit years from here on are in the 20th century, as in POSIX.
_FIRST_OF_1900 = 69
_FRACTION_DIGITS = 6
_NO_OFFSET = 2**62


class StrptimeGrammar:
    """See TimeGrammar. Without needs_date the pattern may be a time of day, which is read on 1970-01-01."""

    def __init__(self, pattern: str, *, needs_date: bool = True, timezone: str | None = None) -> None:
        """timezone: for %Z, see with_zones. Raises ValueError, which says what is wrong with the pattern."""
        self._timezone = timezone
        self.pattern = compile_pattern(pattern, needs_date=needs_date)

    def read(self, column: pa.Array) -> Times:
        """See TimeGrammar."""
        return read_typed(column, self._read_texts)

    def _read_texts(self, texts: pa.StringArray) -> Times:
        found, known = read_by_shape(texts, self.shape_of)
        parse_each(texts, np.flatnonzero(~known), found, self.parse)
        return found

    def parse(self, text: str) -> tuple[int, bool]:
        """See TimeGrammar."""
        match = self.pattern.regex.fullmatch(text)
        if match is None:
            raise ValueError(f"is not written as {self.pattern.text}")
        part = {part.name: found for part, found in zip(self.pattern.parts, match.groups(), strict=True) if part.name}
        local = (_day(part).toordinal() - _FIRST_DAY) * _DAY + _clock(part)
        if "z" in part:
            return local - offset_of(part["z"]), False
        if "Z" in part:
            return local_to_utc(local, part["Z"], self._timezone), False
        return local, True

    def shape_of(self, text: str) -> Shape | None:
        """The shape of a text; None if it does not fit the pattern."""
        match = self.pattern.regex.fullmatch(text)
        if match is None:
            return None
        digits, same, parts, begin = [], [], {}, 0
        for part, found in zip(self.pattern.parts, match.groups(), strict=True):
            end = begin + len(found.encode())
            if part.kind is PartKind.FRACTION and found:
                same.append((begin, begin + 1))
                begin += 1
            if part.kind in (PartKind.NUMBER, PartKind.FRACTION):
                digits.append((begin, end))
            elif part.kind is PartKind.REST:
                same.append((begin, end))
            if part.name and begin < end:
                parts[part.name] = (begin, end)
            begin = end
        return Shape(tuple(digits), tuple(same), parts, self._read_shaped)

    def _read_shaped(self, shaped: Shaped) -> tuple[Times, NDArray[np.bool_]]:
        known = np.ones(len(shaped), dtype=np.bool_)
        words = {part.name: _words(shaped, part) for part in self.pattern.parts if part.kind is PartKind.WORD}
        for word in words.values():
            if not word.is_one.all():
                known &= word.is_one[word.index]
        month = words["b"].numbers(month_number) if "b" in words else None
        pm = words["p"].numbers(lambda word: int(word[0] in "Pp")) if "p" in words else None
        days, is_day = _days(shaped, month)
        clock, is_clock = _clocks(shaped, pm)
        times = Times(days.astype(np.int64) * _DAY + clock, np.ones(len(shaped), dtype=np.bool_), ~(is_day & is_clock))
        if zone := words.get("z"):
            offset = np.array([_offset(word) for word in zone.words])[zone.index]
            return Times(times.time - offset, ~times.naive, times.odd | (offset == _NO_OFFSET)), known
        if zone := words.get("Z"):
            times = with_zones(times, pa.DictionaryArray.from_arrays(zone.index, zone.words), self._timezone)
        return times, known


@dataclass(frozen=True, slots=True)
class _Words:
    """One part of texts, as words.

    words: distinct. index: int32 (n,), the word of each text. is_one: bool (words,), whether the word fits the
    directive.
    """

    words: list[str]
    index: NDArray[np.int32]
    is_one: NDArray[np.bool_]

    def numbers(self, number_of: Callable[[str], int | None]) -> NDArray[np.uint8]:
        """The number of each text's word, 0 for none; uint8 (n,)."""
        meant = [number_of(word) if is_one else 0 for word, is_one in zip(self.words, self.is_one, strict=True)]
        return np.array([number or 0 for number in meant], dtype=np.uint8)[self.index]


def _words(shaped: Shaped, part: PatternPart) -> _Words:
    words, index = shaped.words(shaped.shape.parts[part.name])
    return _Words(words, index, np.array([re.fullmatch(part.regex, word) is not None for word in words]))


def _offset(word: str) -> int:
    try:
        return offset_of(word)
    except ValueError:
        return _NO_OFFSET


def _days(shaped: Shaped, month: NDArray[np.uint8] | None) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Days since 1970-01-01, and whether they are in the calendar; int32 and bool (n,)."""
    parts, year = shaped.shape.parts, np.full(len(shaped), 1970, dtype=np.int32)
    if "Y" in parts:
        year = shaped.number(parts["Y"]).astype(np.int32)
    elif "y" in parts:
        year = shaped.number(parts["y"]).astype(np.int32)
        year += np.where(year < _FIRST_OF_1900, 2000, 1900).astype(np.int32)
    starts = _month_starts()
    if "j" in parts:
        first = starts[year * 12]
        of_year = shaped.number(parts["j"]).astype(np.int32)
        return first + of_year - 1, (year > 0) & (of_year > 0) & (of_year <= starts[year * 12 + 12] - first)
    one = np.ones(len(shaped), dtype=np.uint8)
    if month is None:
        month = shaped.number(parts["m"]) if "m" in parts else one
    day = shaped.number(parts["d"]) if "d" in parts else one
    at = year * 12 + np.minimum(month, 12) - 1
    first = starts[at]
    is_day = (year > 0) & (month > 0) & (month <= 12) & (day > 0) & (day <= starts[at + 1] - first)
    return first + day - 1, is_day


@lru_cache(maxsize=1)
def _month_starts() -> NDArray[np.int32]:
    """The first days of all months of the years 0 to 9999, and of the next month, in days since 1970-01-01."""
    months = np.arange("0000-01", "10000-02", dtype="datetime64[M]")
    return months.astype("datetime64[D]").astype(np.int32)


def _clocks(shaped: Shaped, pm: NDArray[np.uint8] | None) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Microseconds since midnight, and whether they are a time of day; int64 and bool (n,)."""
    parts, zero = shaped.shape.parts, np.zeros(1, dtype=np.uint8)
    minute = shaped.number(parts["M"]) if "M" in parts else zero
    second = shaped.number(parts["S"]) if "S" in parts else zero
    fraction = _fraction(shaped)
    is_clock = (minute < 60) & (second < 60)
    if pm is not None:
        hour = shaped.number(parts["I"])
        is_clock = is_clock & (hour > 0) & (hour <= 12)
        hour = hour % np.uint8(12) + pm * np.uint8(12)
    else:
        hour = shaped.number(parts["H"]) if "H" in parts else zero
        is_clock = is_clock & (hour <= 24)
    seconds = (hour.astype(np.int32) * 60 + minute) * 60 + second
    clock = seconds.astype(np.int64) * _SECOND + fraction
    return clock, is_clock & (clock <= _DAY)


def _fraction(shaped: Shaped) -> NDArray[np.int64]:
    """Microseconds after the second."""
    parts = shaped.shape.parts
    span = parts.get(FRACTION) or parts.get("f")
    if span is None:
        return np.zeros(1, dtype=np.int64)
    begin, end = span[0], min(span[1], span[0] + _FRACTION_DIGITS)
    microseconds: NDArray[np.int64] = shaped.number((begin, end)).astype(np.int64) * 10 ** (
        _FRACTION_DIGITS - end + begin
    )
    return microseconds


def _day(part: Mapping[str, str]) -> date:
    """The day of a text from its parts. Raises ValueError if the calendar does not have it."""
    if not ("Y" in part or "y" in part):
        return date(1970, 1, 1)
    year = int(part["Y"]) if "Y" in part else int(part["y"])
    if "Y" not in part:
        year += 1900 if year >= _FIRST_OF_1900 else 2000
    if "j" in part:
        found = date.fromordinal(date(year, 1, 1).toordinal() + int(part["j"]) - 1)
        if found.year != year:
            raise ValueError(f"{year} has no day {part['j']}")
        return found
    month = month_number(part["b"]) if "b" in part else int(part.get("m", 1))
    if month is None:
        raise ValueError(f"{part['b']!r} is not a month")
    return date(year, month, int(part.get("d", 1)))


def _clock(part: Mapping[str, str]) -> int:
    """The time of day of a text from its parts, in microseconds. Raises ValueError if there is no such time."""
    fraction = part.get("f") or part.get(FRACTION, "")[1:]
    microsecond = int(fraction[:_FRACTION_DIGITS].ljust(_FRACTION_DIGITS, "0"))
    hour, minute, second = (int(part.get(name) or 0) for name in ("H", "M", "S"))
    if "I" in part:
        if not 1 <= int(part["I"]) <= 12:
            raise ValueError(f"there is no hour {part['I']} on a clock of 12 hours")
        hour = int(part["I"]) % 12 + (12 if part["p"][0] in "Pp" else 0)
    if (hour, minute, second, microsecond) == (24, 0, 0, 0):
        return _DAY
    moment = time(hour, minute, second, microsecond)
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * _SECOND + moment.microsecond

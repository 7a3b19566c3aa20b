"""Reads intervals, such as "2021-01-01 10:00 - 10:15", as their start or their end."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from iotctl.formats.times.grammar import LONGEST_TEXT, TimeGrammar, all_odd, put
from iotctl.formats.times.iso import Times
from iotctl.formats.times.strptime import StrptimeGrammar
from iotctl.formats.times.typed_times import read_typed

_HOUR, _DAY = 3_600_000_000, 86_400_000_000
_BLANKS = "[ \t]"
# The signs between start and end. A dash without blanks counts only if it cannot begin an offset; a slash, as in
# ISO 8601, only if dates have none.
_WORDS = f"{_BLANKS}+(?:-|–|—|to|until|bis){_BLANKS}+"
_DASH = f"{_BLANKS}*[-–—]{_BLANKS}*"
_SLASH = f"{_BLANKS}*/{_BLANKS}*"
# Patterns for an end without a date, in ISO intervals.
_ISO_CLOCKS = ("%H:%M", "%H:%M:%S")
_TIME_DIRECTIVE = re.compile(r"%-?[HIklTRr]")
_DATE_DIRECTIVE = re.compile(r"%-?[YymdjbBhaADF]")


class IntervalGrammar:
    """See TimeGrammar. An interval gives its start or its end; another text gives its time.

    An end without a date is on the day of the start, or on the next day if it would not be after the start. An interval
    with an unreadable half, or with an end before its start, is odd. Exception: if the end has its date, local times
    may go back by less than an hour, because the clock may be put back.
    """

    def __init__(self, halves: TimeGrammar, *, end: bool, pattern: str | None = None) -> None:
        """halves: reads starts and ends. pattern: their strptime pattern; None for ISO times."""
        self._halves, self._end = halves, end
        clocks = _ISO_CLOCKS if pattern is None else _clock_patterns(pattern)
        self._clocks = [StrptimeGrammar(clock, needs_date=False) for clock in clocks]
        self._between = re.compile(_between(pattern))

    def read(self, column: pa.Array) -> Times:
        """See TimeGrammar."""
        if not pa.types.is_string(column.type):
            return read_typed(column, self.read)
        if self._looks_like_intervals(column):
            found = self._read_intervals(column)
            self._read_odd(column, found, self._halves.read)
            return found
        found = self._halves.read(column)
        self._read_odd(column, found, self._read_intervals)
        return found

    def parse(self, text: str) -> tuple[int, bool]:
        """See TimeGrammar."""
        match = self._between.fullmatch(text)
        try:
            return self._halves.parse(text)
        except ValueError:
            if match is None:
                raise
        start, naive = self._halves.parse(match["start"])
        end: int | None
        try:
            end, is_same = self._halves.parse(match["end"])
        except ValueError:
            if not naive:
                raise ValueError("has no date at its end, but a zone at its start") from None
            end, is_same = _end_of_clock(start, self._parse_clock(match["end"])), naive
            if end is None and self._end:
                raise ValueError("may end in an hour that comes twice, or on the next day") from None
        if naive != is_same:
            raise ValueError("has a zone at one end only")
        if end is not None and (end < start - _HOUR if naive else end <= start):
            raise ValueError("ends before it starts")
        return end if self._end and end is not None else start, naive

    def _parse_clock(self, text: str) -> int:
        for clock in self._clocks:
            with suppress(ValueError):
                return clock.parse(text)[0]
        raise ValueError(f"has an end that cannot be read: {text!r}")

    def _looks_like_intervals(self, texts: pa.StringArray) -> bool:
        some = [text for text in texts[len(texts) // 2 :][:2].to_pylist() if text and len(text) <= LONGEST_TEXT]
        return any(self._between.fullmatch(text) for text in some)

    def _read_odd(self, texts: pa.StringArray, found: Times, read: Callable[[pa.StringArray], Times]) -> None:
        odd = np.flatnonzero(found.odd)
        if len(odd):
            put(found, odd, read(texts.take(pa.array(odd))))

    def _read_intervals(self, texts: pa.StringArray) -> Times:
        found = all_odd(len(texts))
        self._read_odd(texts, found, self._read_split_alike)
        split = pc.extract_regex(texts.filter(pa.array(found.odd)), f"^{self._between.pattern}$")
        is_split = split.is_valid().to_numpy(zero_copy_only=False)
        if is_split.any():
            starts, ends = (split.field(name).filter(pa.array(is_split)) for name in (0, 1))
            put(found, np.flatnonzero(found.odd)[is_split], self._read_halves(starts, ends))
        return found

    def _read_split_alike(self, texts: pa.StringArray) -> Times:
        """Texts that are all split at the same places, the usual case: ten times as fast as by the expression."""
        sample = texts[len(texts) // 2].as_py()
        match = self._between.fullmatch(sample) if sample and len(sample) <= LONGEST_TEXT else None
        if match is None or not sample.isascii() or pc.any(pc.not_equal(pc.binary_length(texts), len(sample))).as_py():
            return all_odd(len(texts))
        begin, end = match.end("start"), match.start("end")
        if pc.any(pc.not_equal(pc.utf8_slice_codeunits(texts, begin, end), sample[begin:end])).as_py():
            return all_odd(len(texts))
        return self._read_halves(pc.utf8_slice_codeunits(texts, 0, begin), pc.utf8_slice_codeunits(texts, end))

    def _read_halves(self, starts: pa.StringArray, ends: pa.StringArray) -> Times:
        start, end = self._halves.read(starts), self._halves.read(ends)
        doubtful = np.zeros(len(starts), dtype=np.bool_)
        for clock in self._clocks:
            left = np.flatnonzero(end.odd & ~start.odd & start.naive)
            if not len(left):
                break
            clocks = clock.read(ends.take(pa.array(left)))
            since = start.time[left]
            same_day = since - since % _DAY + clocks.time
            put(end, left, Times(np.where(same_day > since, same_day, same_day + _DAY), clocks.naive, clocks.odd))
            doubtful[left] = (same_day < since) & (same_day >= since - _HOUR)
        least = np.where(start.naive, start.time - _HOUR, start.time + 1)
        odd = start.odd | end.odd | (start.naive != end.naive) | (end.time < least)
        return Times(end.time, end.naive, odd | doubtful) if self._end else Times(start.time, start.naive, odd)


def _end_of_clock(start: int, clock: int) -> int | None:
    """The end of an interval from its time of day; None if it may be on two days."""
    end = start - start % _DAY + clock
    if start - _HOUR <= end < start:  # in the second of two equal hours, or nearly a day later
        return None
    return end if end > start else end + _DAY


def _clock_patterns(pattern: str) -> tuple[str, ...]:
    """The times of day at the end of a pattern; empty if the date is after or between them."""
    match = _TIME_DIRECTIVE.search(pattern)
    if match is None or _DATE_DIRECTIVE.search(pattern, match.start()):
        return ()
    return (pattern[match.start() :],)


def _between(pattern: str | None) -> str:
    """A regular expression, of re and RE2, with a start and an end in a text."""
    signs, start = [_WORDS], ".+?"
    if pattern is None or ("/" not in pattern and "%D" not in pattern):
        signs.append(_SLASH)
    if pattern is not None and _clock_patterns(pattern) and not re.search("%[zZ]", pattern):
        signs.append(_DASH)
        start = ".*?[:.h][0-9]{2}[^-–—/]*?"
    return f"(?P<start>{start})(?:{'|'.join(signs)})(?P<end>.+)"

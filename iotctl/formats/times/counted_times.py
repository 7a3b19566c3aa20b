"""Times that count from a moment: epochs, elapsed times, and the days of Excel and MATLAB.

Texts are read digit by digit, because float64 has too few digits for nanoseconds since 1970. Digits finer than a
microsecond are cut off, towards the past.

Days are rounded to the millisecond, the precision of float64. Printed days have fewer decimals: 44054,006944 is between
00:09:59.919 and 00:10:00.005. If this range contains a whole second, the time is that second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.formats.times.grammar import parse_each
from iotctl.formats.times.iso import Times
from iotctl.formats.times.shapes import Shape, Shaped, read_by_shape
from iotctl.formats.times.typed_times import FIRST, LAST, integers, read_typed

# Days are read to this many decimals (9 microseconds) before they are rounded.
_DAY_DECIMALS = 10
_PER_DAY, _MILLISECONDS_PER_DAY = 10**_DAY_DECIMALS, 86_400_000
_SECOND, _HALF_A_DAY = 1_000_000, 43_200_000_000
# int64 holds any number of this many digits.
_MOST_DIGITS = 18
# A larger exponent is a mistake, and would take unlimited memory.
_MOST_EXPONENT = 40


@dataclass(frozen=True, slots=True)
class Count:
    """The unit of a counting time. A number is converted to ticks: a whole number, after cutting off decimals.

    decimals: number of decimals to keep; if negative, digits before the point are cut off, too. first, last: the range
    of ticks that are times. naive: whether it is a local time. epoch: the number of 1970-01-01 in days; None if ticks
    are microseconds.
    """

    decimals: int
    first: int
    last: int
    naive: bool
    epoch: int | None = None

    def to_microseconds(self, ticks: NDArray[np.int64], decimals: int) -> NDArray[np.int64]:
        """Ticks from first to last as microseconds since 1970. decimals: number of printed decimals."""
        if self.epoch is None:
            return ticks
        days, rest = ticks // _PER_DAY, ticks % _PER_DAY
        milliseconds = (rest * (_MILLISECONDS_PER_DAY * 2) + _PER_DAY) // (_PER_DAY * 2)  # half up
        time: NDArray[np.int64] = ((days - self.epoch) * _MILLISECONDS_PER_DAY + milliseconds) * 1000
        second = (time + _SECOND // 2) // _SECOND * _SECOND
        return np.where(np.abs(second - time) <= _unprinted(decimals), second, time)


def _unprinted(decimals: int) -> int:
    """The error of a number of days with this many decimals, in microseconds."""
    return _HALF_A_DAY // int(10 ** max(0, decimals))


def _days(epoch: int, first: int, last: int) -> Count:
    return Count(_DAY_DECIMALS, first * _PER_DAY, last * _PER_DAY - 1, True, epoch)


# By the name of the format. Excel counts days from 1899-12-30, except before 1900-03-01, because it has a 29 February
# 1900. A number below 61 is more likely a time of day, or no time. (The days from 1904 of old Macs are not read.)
# MATLAB counts from the year 0; times before the year 1 are rejected.
COUNTS = {
    "epoch-s": Count(6, FIRST, LAST, naive=False),
    "epoch-ms": Count(3, FIRST, LAST, naive=False),
    "epoch-us": Count(0, FIRST, LAST, naive=False),
    "epoch-ns": Count(-3, FIRST, LAST, naive=False),
    "elapsed-s": Count(6, FIRST, LAST, naive=True),
    "elapsed-ms": Count(3, FIRST, LAST, naive=True),
    "excel": _days(25_569, 61, 2_958_466),
    "matlab": _days(719_529, 367, 3_652_426),
}


class CountedGrammar:
    """See TimeGrammar. decimal: the decimal sign. elapsed-s and elapsed-ms are read as elapsed since 1970."""

    def __init__(self, name: str, decimal: str = ".") -> None:
        self._count = COUNTS[name]
        self._sign = decimal
        self._regex = _number_regex(decimal)

    def read(self, column: pa.Array) -> Times:
        """See TimeGrammar. float64 numbers are rounded to the microsecond, days to the millisecond."""
        if pa.types.is_integer(column.type):
            value, valid = integers(column)
            return self._times(*_scaled(value, self._count.decimals), valid)
        if pa.types.is_floating(column.type):
            return self._read_floats(column)
        if pa.types.is_decimal(column.type) and self._sign != ".":
            return read_typed(column, lambda texts: self._read_texts(pc.replace_substring(texts, ".", self._sign)))
        return read_typed(column, self._read_texts)

    def parse(self, text: str) -> tuple[int, bool]:
        """See TimeGrammar."""
        match = self._regex.fullmatch(text)
        if match is None:
            raise ValueError("is not a number")
        number = Decimal(text.strip(" \t").replace(self._sign, "."))
        if number and number.adjusted() > _MOST_EXPONENT:
            raise ValueError("is not a time, but far off")
        if number and number.adjusted() < -_MOST_EXPONENT:
            number = Decimal(f"1e-{_MOST_EXPONENT}").copy_sign(number)
        ticks = floor(Fraction(number) * Fraction(10) ** self._count.decimals)
        if not self._count.first <= ticks <= self._count.last:
            raise ValueError("is outside of the years 1 to 9999, or of the days that are counted")
        if self._count.epoch is None:
            return ticks, self._count.naive
        milliseconds = floor(Fraction(ticks * _MILLISECONDS_PER_DAY, _PER_DAY) + Fraction(1, 2))
        seconds = floor(Fraction(milliseconds, 1000) + Fraction(1, 2))
        if abs(seconds * 1000 - milliseconds) * 1000 <= _unprinted(_decimals(match)):
            milliseconds = seconds * 1000
        return (milliseconds - self._count.epoch * _MILLISECONDS_PER_DAY) * 1000, self._count.naive

    def _read_texts(self, texts: pa.StringArray) -> Times:
        found, known = read_by_shape(texts, self._shape)
        parse_each(texts, np.flatnonzero(~known), found, self.parse)
        return found

    def _read_floats(self, column: pa.Array) -> Times:
        value = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
        count = self._count
        if count.epoch is not None:
            # In two parts: the product has more digits than float64.
            whole = np.floor(value)
            near = (whole >= 0) & (whole < count.last // _PER_DAY + 1)
            rest = np.rint(np.where(near, value - whole, 0) * _PER_DAY).astype(np.int64)
            return self._times(np.where(near, whole, 0).astype(np.int64) * _PER_DAY + rest, near)
        with np.errstate(invalid="ignore", over="ignore"):
            ticks = np.rint(value * 10.0**count.decimals if count.decimals >= 0 else value / 10.0**-count.decimals)
            near = (ticks >= FIRST) & (ticks <= LAST)
        return self._times(np.where(near, ticks, 0).astype(np.int64), near)

    def _times(self, ticks: NDArray[np.int64], *valid: NDArray[np.bool_], decimals: int = _DAY_DECIMALS) -> Times:
        count = self._count
        odd = ~np.logical_and.reduce(valid) | (ticks < count.first) | (ticks > count.last)
        return Times(count.to_microseconds(np.where(odd, 0, ticks), decimals), np.full(len(ticks), count.naive), odd)

    def _shape(self, text: str) -> Shape | None:
        match = self._regex.fullmatch(text)
        if match is None or len(match["exponent"]) > len("E+99"):
            return None
        span = match.span
        edges = (0, *span("whole"), *span("fraction"), len(text))
        same = ((edges[0], edges[1]), (edges[2], edges[3]), (edges[4], edges[5]))
        parts = {name: span(name) for name in ("whole", "fraction", "exponent")}
        return Shape((span("whole"), span("fraction")), same, parts, self._read_shaped)

    def _read_shaped(self, shaped: Shaped) -> tuple[Times, NDArray[np.bool_]]:
        parts = shaped.shape.parts
        exponent = int(shaped.sample[slice(*parts["exponent"])][1:] or 0)
        decimals = parts["fraction"][1] - parts["fraction"][0] - exponent
        shift = self._count.decimals - decimals
        at = [byte for name in ("whole", "fraction") for byte in range(*parts[name])]
        cut = max(0, -shift)
        kept, beyond = at[: max(0, len(at) - cut)], at[max(0, len(at) - cut) :]
        known = np.ones(len(shaped), dtype=np.bool_)
        if len(kept) > _MOST_DIGITS or shift > _MOST_DIGITS:
            return self._times(np.zeros(len(shaped), dtype=np.int64)), ~known
        digits = Shaped(shaped.byte[kept], b"", shaped.shape)
        ticks = digits.number((0, len(kept))).astype(np.int64) if kept else np.zeros(len(shaped), dtype=np.int64)
        ticks, fits = _scaled(ticks, max(0, shift))
        if b"-" in shaped.sample[: parts["whole"][0]]:
            ticks = -ticks - (shaped.byte[beyond] != ord("0")).any(axis=0)
        return self._times(ticks, fits, decimals=decimals), known


def _scaled(value: NDArray[np.int64], decimals: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(value * 10**decimals, rounded down; whether it fits int64)."""
    if decimals < 0:
        return value // 10**-decimals, np.ones(len(value), dtype=np.bool_)
    most = (2**63 - 1) // 10**decimals
    fits = (value >= -most) & (value <= most)
    return np.where(fits, value, 0) * 10**decimals, fits


def _decimals(match: re.Match[str]) -> int:
    """The number of printed decimals; negative if the exponent is larger than this number."""
    return len(match["fraction"]) - int(match["exponent"][1:] or 0)


def _number_regex(sign: str) -> re.Pattern[str]:
    number = rf"(?P<whole>[0-9]+){re.escape(sign)}?(?P<fraction>[0-9]*)(?P<exponent>(?:[eE][+-]?[0-9]+)?)"
    return re.compile(rf"[ \t]*[+-]?{number}[ \t]*")

"""Whether a column of numbers has a decimal point or a decimal comma."""

from __future__ import annotations

import re
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.model import DecimalSign


class Decimals(StrEnum):
    """The decimal sign of a column of numbers."""

    OPEN = "open"  # not decided: no number had one so far
    POINT = "point"
    COMMA = "comma"
    UNCLEAR = "unclear"  # 1.234 beside 1,234: only whole numbers can be read


# A comma or point before exactly three digits may separate thousands; elsewhere, and after a 0, it is a decimal sign.
# A number with both, or with one of them twice, is not read, but shows which one separates thousands.
_POINT_OR_THOUSANDS, _COMMA_OR_THOUSANDS, _POINT, _COMMA, _MILLIONS_BY_POINTS, _MILLIONS_BY_COMMAS = -1, -2, 1, 2, 3, 4
_UNSIGNED = {
    _POINT: r"[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?"
    r"|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*",
    _COMMA: r"[0-9]+,[0-9]*(?:[eE][+-]?[0-9]+)?|,[0-9]+(?:[eE][+-]?[0-9]+)?"
    r"|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*",
    _MILLIONS_BY_POINTS: r"[0-9]{1,3}(?:\.[0-9]{3}){2,}",
    _MILLIONS_BY_COMMAS: r"[0-9]{1,3}(?:,[0-9]{3}){2,}",
    _POINT_OR_THOUSANDS: r"[1-9][0-9]{0,2}\.[0-9]{3}",
    _COMMA_OR_THOUSANDS: r"[1-9][0-9]{0,2},[0-9]{3}",
}
_PATTERNS = {kind: rf"^[ \t]*[+-]?(?:{number})[ \t]*$" for kind, number in _UNSIGNED.items()}

# Among this many points, a comma is a mistake in its row; else a comma shows that the point is not the decimal sign.
_POINTS_PER_SLIP = 10


def wanted_decimals(sign: DecimalSign) -> Decimals:
    """The decimal sign that an option sets, before the column is judged."""
    return Decimals.OPEN if sign is DecimalSign.AUTO else Decimals(sign.value)


def is_certain_point(text: str) -> bool:
    """Whether a text is a number with a point that can only be a decimal point."""
    if re.fullmatch(_PATTERNS[_POINT], text) is None:
        return False
    return re.fullmatch(_PATTERNS[_POINT_OR_THOUSANDS], text) is None


class DecimalJudge:
    """See column_forms.Judge. comma_usual: whether 1,234 alone means a decimal comma."""

    def __init__(self, *, comma_usual: bool) -> None:
        self._comma_usual = comma_usual
        self._count = dict.fromkeys(_PATTERNS, 0)

    def kinds(self, texts: pa.StringArray) -> NDArray[np.int8]:
        """See Judge."""
        kind = np.zeros(len(texts), dtype=np.int8)
        signed = np.flatnonzero(pc.match_substring_regex(texts, "[.,]").to_numpy(zero_copy_only=False))
        if len(signed):
            some = texts.take(pa.array(signed))
            for number, pattern in _PATTERNS.items():  # the ambiguous ones come last, and replace others
                kind[signed[pc.match_substring_regex(some, pattern).to_numpy(zero_copy_only=False)]] = number
        return kind

    def add(self, kind: NDArray[np.int8], texts: pa.StringArray) -> None:
        """See Judge."""
        for number in self._count:
            self._count[number] += int(np.count_nonzero(kind == number))

    def is_certain(self) -> bool:
        """See Judge."""
        return any(self._count[kind] for kind in self._count if kind > 0)

    def verdict(self) -> Decimals:
        """See Judge."""
        points, commas = self._count[_POINT], self._count[_COMMA]
        if commas and points < _POINTS_PER_SLIP * commas:
            return Decimals.COMMA
        if points:
            return Decimals.POINT
        if self._count[_MILLIONS_BY_POINTS] or self._count[_MILLIONS_BY_COMMAS]:
            # The other character is the decimal sign, if there are decimals.
            by_points, by_commas = self._count[_MILLIONS_BY_POINTS] > 0, self._count[_MILLIONS_BY_COMMAS] > 0
            return Decimals.UNCLEAR if by_points and by_commas else Decimals.COMMA if by_points else Decimals.POINT
        if not self._count[_COMMA_OR_THOUSANDS]:
            return Decimals.POINT
        if self._count[_POINT_OR_THOUSANDS] or not self._comma_usual:
            return Decimals.UNCLEAR
        return Decimals.COMMA

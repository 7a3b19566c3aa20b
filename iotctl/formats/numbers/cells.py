"""Cells to values by a layout: missing values, units after numbers, thousands, parts of a cell, scale."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.formats.layouts.layout import TextLayout, ValueLayout
from iotctl.formats.numbers.decimals import Decimals
from iotctl.formats.numbers.values import floats, parse_value, parse_values

# Stands for a part that a cell does not have; it is neither a number nor a missing value.
_NO_PART = "no such part"

_BLANKS = " \t\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Cells:
    """A column of values; all (n,). value: float64. missing: bool, there is no value. odd: bool, it is not a number."""

    value: NDArray[np.float64]
    missing: NDArray[np.bool_]
    odd: NDArray[np.bool_]


class CellReader:
    """Reads the cells of one value of a layout. missing: texts that mean no value, besides the empty text."""

    def __init__(self, layout: ValueLayout, text: TextLayout, missing: tuple[str, ...]) -> None:
        self._scale = layout.scale
        self._decimals = Decimals.COMMA if text.decimal == "," else Decimals.POINT
        self._thousands = text.thousands
        self._tokens = pa.array(["", *(token.strip(_BLANKS) for token in missing)])
        numbers = [parse_value(token, self._decimals) for token in missing]
        self._sentinels = np.array([number for number in numbers if number is not None and number == number])
        self._nan_is_missing = any(number is not None and number != number for number in numbers)
        self._part = ""
        if layout.part:
            other = f"[^{re.escape(layout.divided_by)}]*" if len(layout.divided_by) == 1 else ".*?"
            divider = re.escape(layout.divided_by)
            self._part = rf"^(?:{other}{divider}){{{layout.part - 1}}}(?P<part>{other})(?:{divider}.*)?$"
        self._unit = rf"[\s\x{{a0}}\x{{202f}}]*{re.escape(layout.unit)}\s*" if layout.unit else ""

    def read(self, column: pa.Array) -> Cells:
        """A whole column: texts or numbers, booleans as 0 and 1."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        if pa.types.is_null(kind):
            return Cells(np.zeros(len(column)), np.ones(len(column), np.bool_), np.zeros(len(column), np.bool_))
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return self._typed(column)
        return self._texts(column.cast(pa.string()))

    def _typed(self, column: pa.Array) -> Cells:
        missing = _mask(column.is_null())
        try:
            value = floats(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return Cells(np.zeros(len(column)), missing, ~missing)
        return self._scaled(value.fill_null(0.0).to_numpy(), missing, np.zeros(len(column), dtype=np.bool_))

    def _texts(self, texts: pa.StringArray) -> Cells:
        texts = pc.utf8_trim(texts.fill_null(""), _BLANKS)
        if self._part:
            parts = pc.extract_regex(texts, self._part)
            is_part = pc.and_(parts.is_valid(), pc.invert(pc.is_in(texts, self._tokens)))
            bare = pc.if_else(pc.is_in(texts, self._tokens), texts, _NO_PART)
            texts = pc.utf8_trim(pc.if_else(is_part, parts.field(0), bare), _BLANKS)
        missing = _mask(pc.is_in(texts, self._tokens))
        found = parse_values(self._plain(texts), self._decimals)
        value, odd = found.value.copy(), found.odd.copy()
        left = np.flatnonzero(odd & ~missing)
        if len(left):
            bare = self._plain(_with_plain_sign(texts.take(pa.array(left))))
            if self._unit:
                bare = pc.replace_substring_regex(bare, f"{self._unit}$", "")
            again = parse_values(bare, self._decimals)
            value[left], odd[left] = again.value, again.odd
            left, bare = left[again.odd], bare.filter(pa.array(again.odd))
        if len(left):
            encoded = bare.dictionary_encode()
            numbers = [parse_value(text, self._decimals) for text in encoded.dictionary.to_pylist()]
            known = np.array([np.nan if number is None else number for number in numbers])
            unknown = np.array([number is None for number in numbers])
            at = encoded.indices.to_numpy()
            value[left], odd[left] = known[at], unknown[at]
        return self._scaled(value, missing, odd & ~missing)

    def _plain(self, texts: pa.StringArray) -> pa.StringArray:
        return self._without_thousands(texts) if self._thousands else texts

    def _without_thousands(self, texts: pa.StringArray) -> pa.StringArray:
        """Numbers in groups of three digits without the signs between groups; other texts as they are."""
        sign, point = re.escape(self._thousands), re.escape("," if self._decimals is Decimals.COMMA else ".")
        number = rf"[+-]?\d{{1,3}}(?:{sign}\d{{3}})+(?:{point}\d*)?"
        parts = pc.extract_regex(texts, rf"^(?P<number>{number})(?P<behind>(?:[^\d{point}{sign}].*)?|{self._unit})$")
        plain = pc.replace_substring(parts.field(0), self._thousands, "")
        return pc.if_else(parts.is_valid(), pc.binary_join_element_wise(plain, parts.field(1), ""), texts)

    def _scaled(self, value: NDArray[np.float64], missing: NDArray[np.bool_], odd: NDArray[np.bool_]) -> Cells:
        if len(self._sentinels):
            missing = missing | (np.isin(value, self._sentinels) & ~odd)
        if self._nan_is_missing:
            missing = missing | (np.isnan(value) & ~odd)
        if self._scale != 1:
            with np.errstate(over="ignore"):  # the caller checks for infinity
                value = value * self._scale
        return Cells(value, missing, odd)


def _with_plain_sign(texts: pa.StringArray) -> pa.StringArray:
    """Numbers with their sign directly before them: + 24.2 becomes +24.2, and a printed minus sign a hyphen."""
    hyphens = pc.replace_substring_regex(texts, "^\N{MINUS SIGN}", "-")
    return pc.replace_substring_regex(hyphens, r"^([+-])[ \x{a0}\x{202f}]+([0-9.,])", r"\1\2")


def _mask(column: pa.Array) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return mask

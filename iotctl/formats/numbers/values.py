"""Texts to numbers, with a decimal point or a decimal comma.

parse_value is the grammar for one text. parse_values reads whole columns, and marks texts that it does not read as odd.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.formats.numbers.decimals import Decimals

_NUMBERS = {
    Decimals.POINT: r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?",
    Decimals.COMMA: r"[+-]?(?:[0-9]+,?[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?",
    Decimals.UNCLEAR: r"[+-]?[0-9]+(?:[eE][+-]?[0-9]+)?",
}
_NUMBERS[Decimals.OPEN] = _NUMBERS[Decimals.UNCLEAR]
# NaN and infinity, as pyarrow reads them; the brackets are from C.
_NOT_FINITE = re.compile(r"[+-]?(?:nan(?:\([0-9a-z_]*\))?|inf|infinity)", re.IGNORECASE | re.ASCII)
_PATTERNS = {decimals: re.compile(number) for decimals, number in _NUMBERS.items()}
_COLUMN_PATTERNS = {decimals: f"^(?:{number}|[+-]?(?i:nan|inf|infinity))$" for decimals, number in _NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class Values:
    """value: float64 (n,). odd: bool (n,); there value has no meaning, and parse_value decides."""

    value: NDArray[np.float64]
    odd: NDArray[np.bool_]


def floats(column: pa.Array) -> pa.Array:
    """Numbers of any type as float64. Integers beyond 2**53 lose digits, as in texts.

    Decimals are read from their texts, because pyarrow's cast misses the nearest float64 for every fourth (version 26).
    """
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.string())
    return column.cast(pa.float64(), safe=False)


def parse_value(text: str, decimals: Decimals) -> float | None:
    """A number, also NaN or infinity; None if the text is not a number. decimals: of its column."""
    text = text.strip(" \t")
    if _PATTERNS[decimals].fullmatch(text):
        return float(text.replace(",", "."))
    if _NOT_FINITE.fullmatch(text):
        return float(text.partition("(")[0])
    return None


def parse_values(texts: pa.StringArray, decimals: Decimals) -> Values:
    """Texts in usual forms as numbers; the others are marked as odd. decimals: of the column."""
    if decimals is Decimals.POINT:
        with suppress(pa.ArrowInvalid):
            return Values(texts.cast(pa.float64()).to_numpy(), np.zeros(len(texts), dtype=np.bool_))
    texts = pc.ascii_trim(texts, " \t")
    usual = pc.match_substring_regex(texts, _COLUMN_PATTERNS[decimals])
    odd = ~usual.to_numpy(zero_copy_only=False)
    value = np.zeros(len(texts))
    value[~odd] = pc.replace_substring(texts.filter(usual), ",", ".").cast(pa.float64()).to_numpy()
    return Values(value, odd)


def find_missing(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which texts are blank; bool (n,)."""
    missing: NDArray[np.bool_] = pc.equal(pc.ascii_trim(texts, " \t"), "").to_numpy(zero_copy_only=False)
    return missing

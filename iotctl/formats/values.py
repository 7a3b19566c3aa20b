"""Texts to numbers, decimal comma among them.

parse_value is the grammar, one text at a time; parse_values reads whole columns, and of odd texts says just that they
are odd.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_NUMBER_WITH_COMMA = r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?"
# What pyarrow reads as such; the brackets are C's.
_NOT_FINITE = re.compile(r"[+-]?(?:nan(?:\([0-9a-z_]*\))?|inf|infinity)", re.IGNORECASE | re.ASCII)
_PATTERNS = {False: re.compile(_NUMBER), True: re.compile(_NUMBER_WITH_COMMA)}
_COLUMN_PATTERNS = {
    comma: f"^(?:{number}|[+-]?(?i:nan|inf|infinity))$"
    for comma, number in ((False, _NUMBER), (True, _NUMBER_WITH_COMMA))
}


@dataclass(frozen=True, slots=True)
class Values:
    """value: float64 (n,). odd: bool (n,), where value means nothing and parse_value has the word."""

    value: NDArray[np.float64]
    odd: NDArray[np.bool_]


def parse_value(text: str, *, comma: bool) -> float | None:
    """A number, NaN and infinity among them; comma: it may stand for the point. None where it is no number."""
    text = text.strip(" \t")
    if _PATTERNS[comma].fullmatch(text):
        return float(text.replace(",", "."))
    if _NOT_FINITE.fullmatch(text):
        return float(text.partition("(")[0])
    return None


def parse_values(texts: pa.StringArray, *, comma: bool) -> Values:
    """The texts as numbers, those in usual forms; the others are marked as odd."""
    try:
        return Values(texts.cast(pa.float64()).to_numpy(), np.zeros(len(texts), dtype=np.bool_))
    except pa.ArrowInvalid:
        texts = pc.ascii_trim(texts, " \t")
    usual = pc.match_substring_regex(texts, _COLUMN_PATTERNS[comma])
    odd = ~usual.to_numpy(zero_copy_only=False)
    value = np.zeros(len(texts))
    value[~odd] = pc.replace_substring(texts.filter(usual), ",", ".").cast(pa.float64()).to_numpy()
    return Values(value, odd)

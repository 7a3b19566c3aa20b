"""Decides the decimal sign of the numbers of a table, and the sign between groups of digits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from iotctl.formats.proposal.cells import number_and_unit

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_GROUP = r"['’ \u00a0\u202f]"
_BOTH = re.compile(rf"[+-]?\d{{1,3}}(?:([.,'’ \u00a0\u202f])\d{{3}})+([.,])\d*{_EXPONENT}")
_GROUPS = re.compile(r"[+-]?\d{1,3}([.,'’ \u00a0\u202f])\d{3}(?:\1\d{3})+")
_ONE_GROUP = re.compile(rf"[+-]?\d{{1,3}}({_GROUP})\d{{3}}")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
_DECIMALS = re.compile(rf"[+-]?\d*([.,])\d*{_EXPONENT}")

# One or two numbers of another kind are mistakes in their rows.
_SLIPS = 0.01


@dataclass(frozen=True, slots=True)
class NumberSigns:
    """decimal, thousands: as in TextLayout. unclear: an example that can mean two numbers, if nothing settles it.
    contradiction: two examples that cannot both be read.
    """

    decimal: str = "."
    thousands: str = ""
    unclear: str = ""
    contradiction: tuple[str, str] | None = None


def judge_signs(texts: Iterable[tuple[str, int]], wanted: str | None = None) -> NumberSigns:
    """The signs in all numbers of a table together. texts: each with its count. wanted: the decimal sign of an option,
    if it is given."""
    decimals, thousands, either = Counter[str](), Counter[str](), Counter[str]()
    example: dict[tuple[str, str], str] = {}
    for cell, count in texts:
        parts = number_and_unit(cell)
        text = (parts[0] if parts else cell).lstrip("+-\N{MINUS SIGN} ")
        found: list[tuple[Counter[str], str, str]] = []
        if match := _BOTH.fullmatch(text):
            if match[1] != match[2]:
                found = [(thousands, match[1], "thousands"), (decimals, match[2], "decimal")]
        elif (match := _GROUPS.fullmatch(text)) or (match := _ONE_GROUP.fullmatch(text)):
            found = [(thousands, match[1], "thousands")]
        elif match := _EITHER.fullmatch(text):
            found = [(either, match[1], "either")]
        elif match := _DECIMALS.fullmatch(text):
            found = [(decimals, match[1], "decimal")]
        for counter, sign, kind in found:
            counter[sign] += count
            example.setdefault((kind, sign), cell)
    return _verdict(decimals, thousands, either, example, wanted)


def _verdict(
    decimals: Counter[str],
    thousands: Counter[str],
    either: Counter[str],
    example: dict[tuple[str, str], str],
    wanted: str | None,
) -> NumberSigns:
    total = decimals.total() + thousands.total() + either.total()
    proven = [sign for sign, count in decimals.most_common() if count > _SLIPS * total]
    if wanted is None and len(proven) > 1:
        return NumberSigns(contradiction=(example["decimal", proven[0]], example["decimal", proven[1]]))
    grouping = next((sign for sign, count in thousands.most_common() if count > _SLIPS * total), "")
    decimal = wanted or (proven[0] if proven else "")
    if not decimal and grouping in {".", ","}:
        decimal = "," if grouping == "." else "."
    if not decimal:
        # 12.345 alone has a decimal point, as nearly all programs write it; 12,345 alone can be both.
        if either[","] and not grouping:
            return NumberSigns(unclear=example["either", ","])
        decimal = "." if either["."] or not either[","] else ","
    if grouping == decimal:
        return NumberSigns(contradiction=(example["thousands", grouping], example.get(("decimal", decimal), decimal)))
    other = "," if decimal == "." else "."
    if not grouping and either[other]:
        grouping = other
    return NumberSigns(decimal, grouping)

"""Written values of records as columns: typed if all values have one type, else as texts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import pyarrow as pa

_MOST_INT, _LEAST_INT = 2**63 - 1, -(2**63)
_MOST_DIGITS = len(str(_LEAST_INT))


class Number(str):
    """A number as it is written. Its type depends on the other values of the column."""

    __slots__ = ()


class ValueKind(IntEnum):
    """The kind of a value. Of the kinds in a column, the highest one decides."""

    BOOL = 1
    TEXT = 2
    INT = 3
    FLOAT = 4


TYPES = {
    ValueKind.BOOL: pa.bool_(),
    ValueKind.TEXT: pa.string(),
    ValueKind.INT: pa.int64(),
    ValueKind.FLOAT: pa.float64(),
}


def kind_of(value: object) -> ValueKind:
    """The kind of a bool, Number or text."""
    if isinstance(value, bool):
        return ValueKind.BOOL
    if isinstance(value, Number):
        return ValueKind.INT if value.lstrip("-").isdigit() and len(value) <= _MOST_DIGITS else ValueKind.FLOAT
    return ValueKind.TEXT


def column_of(
    values: Sequence[object], *, decimal: str = ".", keeps_decimals: bool = False, holds_numbers: bool = False
) -> pa.Array:
    """Values, None for missing ones, as bool, int64, float64, or string; large_string for numbers together with texts.

    decimal: the decimal sign of numbers that become texts. keeps_decimals: numbers with decimals stay texts, for names.
    holds_numbers: true and false are 1 and 0, also together with other values.
    """
    kinds = {kind_of(value) for value in values if value is not None}
    if kinds <= {ValueKind.BOOL}:
        return pa.array(values, pa.bool_() if kinds else pa.null())
    if holds_numbers and ValueKind.BOOL in kinds:
        values = [Number(int(value)) if isinstance(value, bool) else value for value in values]
        kinds = kinds - {ValueKind.BOOL} | {ValueKind.INT}
    if kinds == {ValueKind.INT}:
        numbers = [None if value is None else int(str(value)) for value in values]
        if all(number is None or _LEAST_INT <= number <= _MOST_INT for number in numbers):
            return pa.array(numbers, pa.int64())
    if kinds <= {ValueKind.INT, ValueKind.FLOAT} and not keeps_decimals:
        return pa.array([None if value is None else float(str(value)) for value in values], pa.float64())
    sign = "." if keeps_decimals else decimal
    is_mixed = not keeps_decimals and bool(kinds & {ValueKind.INT, ValueKind.FLOAT})
    return pa.array([_text(value, sign) for value in values], pa.large_string() if is_mixed else pa.string())


def _text(value: object, sign: str) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case Number():
            return value.replace(".", sign)
        case _:
            return str(value)

"""Times from columns of any type. Texts are read by a format, timestamps and dates need none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.formats.arrow_types import is_bytes_type, is_text_type
from iotctl.formats.times.grammar import all_odd
from iotctl.formats.times.iso import Times

# Microseconds since 1970 in the years 1 to 9999, the range of datetime.
FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999

# How many of a unit are a microsecond; if negative, how many microseconds are in the unit.
_PER_MICROSECOND = {"s": -1_000_000, "ms": -1_000, "us": 1, "ns": 1_000}

ReadTexts = Callable[[pa.StringArray], Times]


def read_typed(column: pa.Array, read_texts: ReadTexts) -> Times:
    """A column of any type as times. Numbers are read as their printed texts.

    Digits finer than a microsecond are cut off. Nulls, and types that are not times, are odd.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return read_texts(column)
    if pa.types.is_dictionary(kind):
        return _decoded(column, read_texts)
    if pa.types.is_timestamp(kind):
        return _timestamps(column.view(pa.int64()), _PER_MICROSECOND[kind.unit], naive=kind.tz is None)
    if pa.types.is_date(kind):
        return _timestamps(column.cast(pa.timestamp("ms")).view(pa.int64()), -1_000, naive=True)
    texts = printed(column)
    return all_odd(len(column)) if texts is None else read_texts(texts)


def printed(column: pa.Array) -> pa.StringArray | None:
    """Texts and numbers of any type as texts, whole numbers without decimals; None for other types."""
    kind = column.type
    if pa.types.is_floating(kind):
        column = column.cast(pa.float64())
        value = pc.fill_null(column, np.nan).to_numpy(zero_copy_only=False)
        if np.all((np.abs(value) < 2**63) & (np.trunc(value) == value) | ~np.isfinite(value)):
            return pc.if_else(pc.is_finite(column), column, None).cast(pa.int64()).cast(pa.string())
        return pa.array([_printed_float(number) for number in column.to_pylist()], pa.string())
    if is_bytes_type(kind):
        try:
            return column.cast(pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:  # not UTF-8
            return None
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind) or is_text_type(kind):
        return column.cast(pa.string())
    return None


def _printed_float(number: float | None) -> str | None:
    if number is None:
        return None
    return str(int(number)) if number.is_integer() else repr(number)


def _decoded(column: pa.DictionaryArray, read_texts: ReadTexts) -> Times:
    """Read each distinct value once."""
    if not len(column.dictionary):
        return all_odd(len(column))
    distinct = read_typed(column.dictionary, read_texts)
    at = column.indices.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    odd = distinct.odd[at] | column.is_null().to_numpy(zero_copy_only=False)
    return Times(distinct.time[at], distinct.naive[at], odd)


def _timestamps(column: pa.Int64Array, per_microsecond: int, *, naive: bool) -> Times:
    count, valid = integers(column)
    time, fits = in_microseconds(count, per_microsecond)
    return Times(time, np.full(len(time), naive), ~(valid & fits))


def integers(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(value, valid) of a column of integers; those that are null or above int64 are not valid."""
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    if pa.types.is_uint64(column.type):
        valid = valid & pc.fill_null(pc.less(column, pa.scalar(2**63, pa.uint64())), False).to_numpy(
            zero_copy_only=False
        )
    value = pc.if_else(pa.array(valid), column, pa.scalar(0, column.type)).cast(pa.int64())
    return value.to_numpy(zero_copy_only=False), valid


def in_microseconds(count: NDArray[np.int64], per_microsecond: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(time, fits): counts of a unit in microseconds, rounded down, and which of them are in the years 1 to 9999."""
    if per_microsecond < 0:
        fits = (count >= FIRST // -per_microsecond) & (count <= LAST // -per_microsecond)
        return np.where(fits, count, 0) * -per_microsecond, fits
    time = count // per_microsecond
    return time, (time >= FIRST) & (time <= LAST)

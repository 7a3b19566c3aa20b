"""Grammars for columns of times. Texts that the fast way cannot read are read one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.times.iso import Times

# Longer texts are not times. The time of regular expressions may grow with the square of the length.
LONGEST_TEXT = 256


class TimeGrammar(Protocol):
    """A way to write times."""

    def read(self, column: pa.Array) -> Times:
        """A whole column: texts, or typed values.

        Nulls and texts that cannot be read are odd, and rejected.
        """
        ...

    def parse(self, text: str) -> tuple[int, bool]:
        """One text as (microseconds, naive), see Times; up to LONGEST_TEXT characters.

        Raises ValueError, which says what is wrong.
        """
        ...


def all_odd(count: int) -> Times:
    """count times that are not read yet."""
    return Times(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_))


def parse_each(
    texts: pa.StringArray, at: NDArray[np.intp], found: Times, parse: Callable[[str], tuple[int, bool]]
) -> None:
    """Read the texts at some rows one by one, each distinct text once; found is changed. Nulls and texts that are too
    long are odd."""
    if not len(at):
        return
    encoded = texts.take(pa.array(at)).dictionary_encode()
    part = all_odd(len(encoded.dictionary) + 1)  # the last one is for nulls
    for row, text in enumerate(encoded.dictionary.to_pylist()):
        if len(text) > LONGEST_TEXT:
            continue
        try:
            part.time[row], part.naive[row] = parse(text)
            part.odd[row] = False
        except ValueError:
            continue
    row = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    put(found, at, Times(part.time[row], part.naive[row], part.odd[row]))


def put(found: Times, at: NDArray[np.intp], part: Times) -> None:
    """Write the times of some rows into those of all."""
    found.time[at], found.naive[at], found.odd[at] = part.time, part.naive, part.odd

"""What reads a column of times of a layout, and how the texts that a fast way does not know are read one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pyarrow as pa

from iotctl.formats.times.iso import Times


class TimeGrammar(Protocol):
    """A way to write times."""

    def read(self, column: pa.Array) -> Times:
        """A whole column: texts, or values of a type of their own. Nulls and what cannot be read are odd, for good."""
        ...

    def parse(self, text: str) -> tuple[int, bool]:
        """One text as (microseconds, naive), see Times. Raises ValueError, which says what is wrong."""
        ...


def all_odd(count: int) -> Times:
    """So many times, none of which is read yet."""
    return Times(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_))


def parse_odd(texts: pa.StringArray, found: Times, parse: Callable[[str], tuple[int, bool]]) -> None:
    """Read the texts that are odd so far one by one, each distinct text once; found is changed."""
    odd = np.flatnonzero(found.odd)
    if not len(odd):
        return
    encoded = texts.take(pa.array(odd)).dictionary_encode()
    part = all_odd(len(encoded.dictionary) + 1)  # the last one is for nulls
    for row, text in enumerate(encoded.dictionary.to_pylist()):
        try:
            part.time[row], part.naive[row] = parse(text)
            part.odd[row] = False
        except ValueError:
            continue
    at = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    found.time[odd], found.naive[odd], found.odd[odd] = part.time[at], part.naive[at], part.odd[at]

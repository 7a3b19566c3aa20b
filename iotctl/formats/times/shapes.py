"""Reads texts of one shape at once. In a shape, parts begin and end at the same bytes.

A column of times has few shapes: 3/5/2023 and 12/15/2023 are two. A regular expression matches one text of each shape
and gives the places of its parts. numpy compares the other texts of the same length with it, byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.times.grammar import all_odd, put
from iotctl.formats.times.iso import Times

# Longer texts are not times.
_LONGEST = 128
# A shape takes as long as reading this many texts one by one. If this many samples have no shape, the rest is odd.
_FEW, _MOST_FAILURES = 24, 16
_ZERO = np.uint8(ord("0"))

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of texts, in bytes.

    digits: places with only digits. same: places with the same byte in all texts. parts: by name. read: reads texts as
    (times, known); if known, bool (n,), is False, a text has another shape.
    """

    digits: tuple[Span, ...]
    same: tuple[Span, ...]
    parts: Mapping[str, Span]
    read: Callable[[Shaped], tuple[Times, NDArray[np.bool_]]]


@dataclass(frozen=True, slots=True)
class Shaped:
    """Texts of one shape, byte by byte. byte: uint8 (length, n). sample: one of them."""

    byte: NDArray[np.uint8]
    sample: bytes
    shape: Shape

    def __len__(self) -> int:
        return int(self.byte.shape[1])

    def number(self, span: Span) -> NDArray[Any]:
        """The digits of a span as numbers (n,): uint8 for two, uint16 for four, else int64; at most 18 digits."""
        begin, end = span
        at = begin + 2 - (end - begin) % 2
        found: NDArray[Any] = self._pair(begin, at)
        kind: Any = np.uint16 if end - begin <= 4 else np.int64
        for pair in range(at, end, 2):
            found = found.astype(kind) * kind(100) + self._pair(pair, pair + 2)
        return found

    def words(self, span: Span) -> tuple[list[str], NDArray[np.int32]]:
        """The distinct texts of a span, and the index of each text in them; int32 (n,)."""
        cut = np.ascontiguousarray(self.byte[slice(*span)].T)
        count, width = cut.shape
        column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), count, [None, pa.py_buffer(cut)])
        encoded = column.dictionary_encode()
        words = [word.decode(errors="replace") for word in encoded.dictionary.to_pylist()]
        return words, encoded.indices.to_numpy(zero_copy_only=False)

    def _pair(self, begin: int, end: int) -> NDArray[np.uint8]:
        """One or two digits, which fit into a byte."""
        last: NDArray[np.uint8] = self.byte[end - 1] - _ZERO
        return last if end - begin == 1 else (self.byte[begin] - _ZERO) * np.uint8(10) + last


ShapeOf = Callable[[str], Shape | None]


def read_by_shape(texts: pa.StringArray, shape_of: ShapeOf) -> tuple[Times, NDArray[np.bool_]]:
    """(times, known): texts as times. known: bool (n,), False for texts that are not read yet. Nulls are odd."""
    found, known = all_odd(len(texts)), np.zeros(len(texts), dtype=np.bool_)
    if not len(texts):
        return found, known
    _, ends, content = texts.buffers()
    offset = np.frombuffer(ends, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    length = np.diff(offset)
    if texts.null_count:
        valid = texts.is_valid().to_numpy(zero_copy_only=False)
        length, known = np.where(valid, length, 0), ~valid
    byte = np.frombuffer(content or b"", dtype=np.uint8)
    counts = np.bincount(np.minimum(length, _LONGEST + 1), minlength=_LONGEST + 2)
    for size in (np.flatnonzero(counts[1 : _LONGEST + 1]) + 1).tolist():
        if counts[size] == len(texts):
            rows, block = np.arange(len(texts)), byte[offset[0] : offset[-1]].reshape(-1, size)
        else:
            rows = np.flatnonzero(length == size)
            block = byte[offset[rows][:, np.newaxis] + np.arange(size)]
        _read_length(rows, np.ascontiguousarray(block.T), shape_of, found, known)
    return found, known


def _read_length(
    rows: NDArray[np.intp],
    byte: NDArray[np.uint8],
    shape_of: ShapeOf,
    found: Times,
    known: NDArray[np.bool_],
) -> None:
    """Read texts of one length, shape by shape; found and known are changed."""
    failures = 0
    while len(rows) > _FEW and failures < _MOST_FAILURES:
        middle = len(rows) // 2  # odd texts are more often at the ends
        sample = byte[:, middle].tobytes()
        shape = shape_of(sample.decode(errors="replace"))
        left = np.ones(len(rows), dtype=np.bool_)
        if shape is not None:
            of_shape = np.flatnonzero(_has_shape(byte, sample, shape))
            some = byte if len(of_shape) == len(rows) else byte[:, of_shape]
            times, done = shape.read(Shaped(some, sample, shape))
            if not done.all():
                of_shape, times = of_shape[done], Times(times.time[done], times.naive[done], times.odd[done])
            put(found, rows[of_shape], times)
            known[rows[of_shape]], left[of_shape] = True, False
        failures += int(left[middle])
        left[middle] = False
        rows, byte = rows[left], byte[:, left]


def _has_shape(byte: NDArray[np.uint8], sample: bytes, shape: Shape) -> NDArray[np.bool_]:
    """Which texts have the shape of the sample; bool (n,)."""
    found = np.ones(byte.shape[1], dtype=np.bool_)
    for span in shape.same:
        for at in range(*span):
            found &= byte[at] == sample[at]
    for span in shape.digits:
        for at in range(*span):
            found &= (byte[at] - _ZERO) <= 9  # values below 0 wrap around
    return found

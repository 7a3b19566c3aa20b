"""Numbers of few bits, packed into 64-bit words (TimescaleDB, src/adts/bit_array_impl.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WORD = 64

# A float64 counts the bits of a whole number in its exponent.
_MANTISSA_BITS, _EXPONENT_OF_HALF = 52, 1022


@dataclass(frozen=True, slots=True)
class Words:
    """The 64-bit words of m batches, one batch after the other.

    words: uint64 (k,). starts: (m + 1,), where each batch's words begin, and k.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]


def pack_bits(
    values: NDArray[np.uint64], widths: NDArray[np.integer], starts: NDArray[np.int64]
) -> tuple[Words, NDArray[np.int64]]:
    """The numbers of each batch side by side, the first in the lowest bits, and the bits used of each last word.

    values: (n,), none wider than its width. widths: (n,), 1 to 64. starts: (m + 1,), no batch is empty.
    """
    ends = np.cumsum(widths, dtype=np.int64)
    batch_ends = ends[starts[1:] - 1]
    bits = np.diff(batch_ends, prepend=0)
    count = -(-bits // _WORD)
    word_starts = np.concatenate([[0], np.cumsum(count)])
    # Where each number begins, counted from the first word of the first batch.
    padding = word_starts[:-1] * _WORD - (batch_ends - bits)
    at = ends - widths + np.repeat(padding, np.diff(starts))
    word = at >> 6
    shift = (at & (_WORD - 1)).astype(np.uint64)
    words = np.zeros(word_starts[-1], dtype=np.uint64)
    # No number is wider than a word: one begins in each but, perhaps, the last of a batch.
    begins = np.concatenate([[0], np.flatnonzero(word[1:] != word[:-1]) + 1])
    words[word[begins]] = np.bitwise_or.reduceat(values << shift, begins)
    across = np.flatnonzero(shift + widths.astype(np.uint64) > _WORD)
    words[word[across] + 1] |= values[across] >> (np.uint64(_WORD) - shift[across])
    return Words(words, word_starts), bits - (count - 1) * _WORD


def bit_lengths(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The bits that each number takes without leading zeros: 0 for 0, 64 at most; (n,)."""
    # Without the bit below the highest one no number is rounded up to the next power of two.
    exponents = (values & ~(values >> np.uint64(1))).astype(np.float64).view(np.int64) >> _MANTISSA_BITS
    lengths: NDArray[np.int64] = np.maximum(exponents - _EXPONENT_OF_HALF, 0)
    return lengths

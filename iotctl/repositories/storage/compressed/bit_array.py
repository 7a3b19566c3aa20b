"""Numbers with few bits, packed into 64-bit words (TimescaleDB, src/adts/bit_array_impl.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WORD = 64

# The exponent of a float64 gives the number of bits of a whole number.
_MANTISSA_BITS, _EXPONENT_OF_HALF = 52, 1022

_LOWEST_BITS = np.array([(1 << width) - 1 for width in range(_WORD + 1)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Words:
    """The 64-bit words of m batches, one batch after the other.

    words: uint64 (k,). starts: (m + 1,), where each batch's words begin, and k.
    """

    words: NDArray[np.uint64]
    starts: NDArray[np.int64]


def pack_bits(
    values: NDArray[np.uint64], widths: NDArray[np.int64], starts: NDArray[np.int64]
) -> tuple[Words, NDArray[np.int64]]:
    """The numbers of each batch packed side by side, the first in the lowest bits; and the used bits of each last word.

    values: (n,), none wider than its width. widths: (n,), 1 to 64. starts: (m + 1,), no batch is empty.
    """
    at = np.cumsum(widths)
    batch_ends = at[starts[1:] - 1]
    bits = np.diff(batch_ends, prepend=0)
    count = -(-bits // _WORD)
    word_starts = np.concatenate([[0], np.cumsum(count)])
    # Where each number begins, counted from the first word of the first batch.
    at -= widths
    at += np.repeat(word_starts[:-1] * _WORD - (batch_ends - bits), np.diff(starts))
    word = at >> 6
    shift = (at & (_WORD - 1)).view(np.uint64)
    words = np.zeros(word_starts[-1] + 1, dtype=np.uint64)
    # No bit is set twice, so a sum is the same as OR, and three times as fast as bitwise_or.reduceat.
    np.add.at(words, word, values << shift)
    # The rest goes into the next word; two shifts, because a shift by 64 bits is not defined.
    np.add.at(words, word + 1, (values >> np.uint64(1)) >> (shift ^ np.uint64(_WORD - 1)))
    return Words(words[:-1], word_starts), bits - (count - 1) * _WORD


def unpack_bits(array: Words, widths: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The numbers of all batches, (n,). widths: (n,), 0 to 64. count: (m,), numbers of each batch, at least one."""
    at = np.cumsum(widths)
    bits = np.diff(at[np.cumsum(count) - 1], prepend=0)
    at -= widths
    at += np.repeat(array.starts[:-1] * _WORD - (np.cumsum(bits) - bits), count)
    word = at >> 6
    shift = (at & (_WORD - 1)).view(np.uint64)
    words = np.append(array.words, np.zeros(2, dtype=np.uint64))
    numbers: NDArray[np.uint64] = words[word] >> shift
    # The rest is in the next word; two shifts, because a shift by 64 bits is not defined.
    numbers |= (words[word + 1] << np.uint64(1)) << (shift ^ np.uint64(_WORD - 1))
    numbers &= _LOWEST_BITS[widths]
    return numbers


def bit_lengths(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """The number of bits of each number without leading zeros: 0 for 0, 64 at most; (n,)."""
    half = values >> np.uint64(1)  # as int64, which numpy converts to floats ten times as fast
    # The bit below the highest one is cleared, so that no number is rounded up to the next power of two.
    exponents = (half & ~(half >> np.uint64(1))).view(np.int64).astype(np.float64).view(np.int64) >> _MANTISSA_BITS
    lengths: NDArray[np.int64] = np.maximum(exponents - _EXPONENT_OF_HALF, 0) + (values != 0)
    return lengths

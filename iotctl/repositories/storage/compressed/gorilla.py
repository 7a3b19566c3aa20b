"""Floats by the bits in which they differ (TimescaleDB, tsl/src/compression/algorithms/gorilla.c).

Each float is XORed with the one before it (the first with 0); a bit says whether the result is not 0. Of the result
only a window of bits is stored; another bit says whether a new window begins, and a window is given by its leading
zeros and its width. TimescaleDB chooses windows float by float. Here 16 floats share a window, and neighbouring windows
are joined if that needs fewer bits: this can be computed for all batches together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.storage.compressed import simple8b_rle
from iotctl.repositories.storage.compressed.bit_array import Words, bit_lengths, pack_bits, unpack_bits
from iotctl.repositories.storage.compressed.simple8b_rle import Simple8b

LEADING_ZEROS_BITS = 6

_STRETCH = 16

# The bits that one window more must save; measured: 20, 40 and 60 differ by 1 % in size.
_WINDOW_BITS = 20


@dataclass(frozen=True, slots=True)
class Gorilla:
    """The floats of m batches; each part has all batches.

    last: uint64 (m,), the last float's bits. differs: for each float, whether it differs from the one before.
    begins: for each that differs, whether a window begins. leading_zeros, widths: of windows. xors: in the windows.
    *_bits: int64 (m,), bits used in the last word.
    """

    last: NDArray[np.uint64]
    differs: Simple8b
    begins: Simple8b
    leading_zeros: Words
    leading_zeros_bits: NDArray[np.int64]
    widths: Simple8b
    xors: Words
    xors_bits: NDArray[np.int64]


def encode(values: NDArray[np.float64], starts: NDArray[np.int64]) -> Gorilla:
    """The floats of each batch, exactly. values: (n,). starts: (m + 1,), no batch is empty."""
    bits = values.view(np.uint64)
    xor = bits.copy()
    xor[1:] ^= bits[:-1]
    xor[starts[:-1]] = bits[starts[:-1]]
    differs = xor != 0
    differs[starts[:-1]] = True
    differing = np.flatnonzero(differs)
    xor, of_differing = xor[differing], np.searchsorted(differing, starts)

    window, window_starts, leading, width = _windows(xor, of_differing)
    begins = np.zeros(len(xor), dtype=np.bool_)
    begins[window] = True
    size = np.diff(window, append=len(xor))
    trailing = np.repeat((64 - leading - width).astype(np.uint64), size)
    xors, xors_bits = pack_bits(xor >> trailing, np.repeat(width, size), of_differing)
    six = np.full(len(window), LEADING_ZEROS_BITS, dtype=np.int64)
    leading_zeros, leading_zeros_bits = pack_bits(leading.astype(np.uint64), six, window_starts)
    return Gorilla(
        bits[starts[1:] - 1],
        simple8b_rle.encode_bits(differs, starts),
        simple8b_rle.encode_bits(begins, of_differing),
        leading_zeros,
        leading_zeros_bits,
        simple8b_rle.encode(width.astype(np.uint64), window_starts),
        xors,
        xors_bits,
    )


def decode(parts: Gorilla) -> NDArray[np.float64]:
    """The floats of all batches, (n,), as encode takes them."""
    widths = simple8b_rle.decode(parts.widths).view(np.int64)
    leading = unpack_bits(parts.leading_zeros, np.full(len(widths), LEADING_ZEROS_BITS), parts.widths.count)
    begins = np.flatnonzero(simple8b_rle.decode(parts.begins))
    size = np.diff(begins, append=parts.begins.count.sum())
    xor = unpack_bits(parts.xors, np.repeat(widths, size), parts.begins.count)
    xor <<= np.repeat(np.uint64(64) - leading - widths.view(np.uint64), size)
    differs = simple8b_rle.decode(parts.differs)
    if len(xor) < len(differs):
        bits = np.zeros(len(differs), dtype=np.uint64)
        bits[differs != 0] = xor
    else:
        bits = xor
    # Each batch begins at 0: the sum of the batch before is subtracted.
    bits[np.cumsum(parts.differs.count)[:-1]] ^= parts.last[:-1]
    np.bitwise_xor.accumulate(bits, out=bits)
    return bits.view(np.float64)


def _windows(
    xor: NDArray[np.uint64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Where windows begin in xor, (w,); each batch's first one, (m + 1,); leading zeros and width of each, (w,).

    The first float of a batch has its own window, because its XOR is the float itself.
    """
    rest = np.diff(starts)[:, None] - 1
    # A row for each batch: a place for its first float, then a power of two of places for stretches of the others.
    places = 1 << int(-(-rest.max() // _STRETCH) - 1).bit_length() if rest.any() else 1
    stretch = np.arange(places) * _STRETCH
    size = np.clip(rest - stretch, 0, _STRETCH)
    first = np.concatenate([starts[:-1, None], starts[:-1, None] + 1 + stretch], axis=1)
    there = np.concatenate([np.ones_like(rest, dtype=np.bool_), size > 0], axis=1)
    union = np.zeros(there.shape, dtype=np.uint64)
    union[there] = np.bitwise_or.reduceat(xor, first[there])
    # The bits that a stretch needs, from low, counted from 1, to high; 0 has one bit.
    high = np.maximum(bit_lengths(union), 1)
    low = np.maximum(bit_lengths(union & (~union + np.uint64(1))), 1)
    low[~there] = 64

    begins = there.copy()
    begins[:, 1:] &= _join(high[:, 1:], low[:, 1:], size)
    high, low = high[begins], low[begins]
    window_starts = np.concatenate([[0], np.cumsum(np.count_nonzero(begins, axis=1))])
    return first[begins], window_starts, 64 - high, high - low + 1


def _join(high: NDArray[np.int64], low: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which stretches of each batch begin a window, (m, s); high and low become those of that window.

    high, low: (m, s), the bits that a stretch needs, s a power of two. size: (m, s), its floats.
    """
    begins = np.ones(high.shape, dtype=np.bool_)
    cost = _cost(high, low, size)
    whole_high, whole_low, width = high, low, 1
    while width < high.shape[1]:
        whole_high = np.maximum(whole_high[:, ::2], whole_high[:, 1::2])
        whole_low = np.minimum(whole_low[:, ::2], whole_low[:, 1::2])
        size, width = size[:, ::2] + size[:, 1::2], width * 2
        apart, whole = cost[:, ::2] + cost[:, 1::2], _cost(whole_high, whole_low, size)
        joined = whole <= apart
        cost = np.minimum(whole, apart)
        stretches = np.repeat(joined, width, axis=1)
        np.copyto(high, np.repeat(whole_high, width, axis=1), where=stretches)
        np.copyto(low, np.repeat(whole_low, width, axis=1), where=stretches)
        begins &= ~stretches
        begins[:, ::width] |= joined
    return begins


def _cost(high: NDArray[np.int64], low: NDArray[np.int64], size: NDArray[np.int64]) -> NDArray[np.int64]:
    """The bits of the floats in a window; 0 for none."""
    return np.where(size > 0, (high - low + 1) * size + _WINDOW_BITS, 0)

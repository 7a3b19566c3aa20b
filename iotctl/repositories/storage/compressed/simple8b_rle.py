"""Whole numbers as TimescaleDB's simple8b-rle: blocks of 64 bits, each with numbers of one width, or one run.

A selector of 4 bits gives the contents of a block. 1 to 14: so many numbers of so many bits (Anh, Moffat: Index
compression using 64-bit words, 2010). 15: a run; its length is above the 36 bits of its number. The blocks come after
their selectors, and 16 selectors share a word. Only the last block of a batch may be partly full.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.storage.compressed.bit_array import Words, bit_lengths, pack_bits

RUN = 15
RUN_BITS = 36
SELECTOR_BITS = 4

# By selector; 0 is not used.
WIDTHS = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 21, 32, 64])
COUNTS = np.array([0, 64, 32, 21, 16, 12, 10, 9, 8, 6, 5, 4, 3, 2, 1], dtype=np.uint8)

# The narrowest selector for a number of so many bits, and that of blocks of so many numbers.
_OF_BITS = np.maximum(np.searchsorted(WIDTHS, np.arange(65)), 1).astype(np.uint8)
_OF_COUNT = np.zeros(65, dtype=np.uint8)
_OF_COUNT[COUNTS[1:]] = np.arange(1, RUN)

# By selector, for decoding: how many numbers, bits from one to the next, the bits of one.
_SELECTORS_IN_WORD = 16
_COUNTS_OR_RUN = np.append(COUNTS, 0).astype(np.int64)
_STEPS = np.append(WIDTHS, 0)
_MASKS = np.array([(1 << int(bits)) - 1 for bits in (*WIDTHS, RUN_BITS)], dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Simple8b:
    """The numbers of m batches.

    count: int64 (m,), numbers. blocks: int64 (m,), blocks. slots: each batch's words, those of its selectors first.
    """

    count: NDArray[np.int64]
    blocks: NDArray[np.int64]
    slots: Words


def encode(values: NDArray[np.uint64], starts: NDArray[np.int64]) -> Simple8b:
    """The numbers of each batch. values: uint64 (n,). starts: (m + 1,), no batch is empty.

    Each block takes as many numbers as it can.
    """
    left = _left(starts)
    run = _run_lengths(values, starts)
    run *= values < np.uint64(1 << RUN_BITS)
    return _encode(values, _most_in_block(values, left), run, left, starts)


def encode_bits(bits: NDArray[np.bool_], starts: NDArray[np.int64]) -> Simple8b:
    """The bits of each batch, bool (n,), as blocks of 64 and runs: the server accepts no others for bits."""
    most = np.full(len(bits), COUNTS[1])
    return _encode(bits, most, _run_lengths(bits, starts), _left(starts), starts)


def decode(parts: Simple8b) -> NDArray[np.uint64]:
    """The numbers of all batches, (n,), as encode takes them. Bits come out as 0 and 1."""
    starts = np.concatenate([[0], np.cumsum(parts.blocks)])
    within = np.arange(starts[-1]) - np.repeat(starts[:-1], parts.blocks)
    begins = np.repeat(parts.slots.starts[:-1], parts.blocks)
    selectors = parts.slots.words[begins + within // _SELECTORS_IN_WORD]
    selectors >>= (within % _SELECTORS_IN_WORD * SELECTOR_BITS).view(np.uint64)
    selector = (selectors & np.uint64(RUN)).astype(np.intp)
    blocks = parts.slots.words[begins + within + np.repeat(-(-parts.blocks // _SELECTORS_IN_WORD), parts.blocks)]

    taken = _COUNTS_OR_RUN[selector]
    runs = selector == RUN
    taken[runs] = blocks[runs] >> np.uint64(RUN_BITS)
    # The last block of a batch may be partly full.
    taken[starts[1:] - 1] -= np.add.reduceat(taken, starts[:-1]) - parts.count
    place = np.arange(parts.count.sum()) - np.repeat(np.cumsum(taken) - taken, taken)
    place *= np.repeat(_STEPS[selector], taken)
    numbers = np.repeat(blocks, taken)
    numbers >>= place.view(np.uint64)
    numbers &= np.repeat(_MASKS[selector], taken)
    return numbers


def _left(starts: NDArray[np.int64]) -> NDArray[np.int32]:
    """How many numbers there are from each one to the end of its batch, (n,)."""
    ends = np.repeat(starts[1:].astype(np.int32), np.diff(starts))
    ends -= np.arange(starts[-1], dtype=np.int32)
    return ends


def _run_lengths(values: NDArray[np.uint64] | NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.int32]:
    """The length of the run of equal numbers that begins at each number, (n,)."""
    changes = values[1:] != values[:-1]
    changes[starts[1:-1] - 1] = True
    return _left(np.concatenate([[0], np.flatnonzero(changes) + 1, starts[-1:]]))


def _most_in_block(values: NDArray[np.uint64], left: NDArray[np.int32]) -> NDArray[np.uint8]:
    """How many numbers a block can have that begins at each number, if the batch has enough, (n,)."""
    narrowest = _OF_BITS[bit_lengths(values)]
    lowest, highest = int(narrowest.min()), int(narrowest.max())
    most = np.full(len(values), COUNTS[highest])
    room = np.minimum(left, 255).astype(np.uint8)
    # The widest of the next 1, 2, 3, 4 ... numbers of the batch, each from two known stretches.
    widest = {1: narrowest}
    for selector in range(len(COUNTS) - 2, lowest - 1, -1):
        size = int(COUNTS[selector])
        one = max(widest)
        step = size - min(length for length in widest if length >= size - one)
        widest[size] = widest[one].copy()
        beyond = widest[size - step][step:] * (room[:-step] > step)
        np.maximum(widest[size][:-step], beyond, out=widest[size][:-step])
        if selector < highest:
            # If this block fits, so does each wider one, which has fewer numbers.
            most += (widest[size] <= selector) * (COUNTS[selector] - COUNTS[selector + 1])
    return most


def _encode(
    values: NDArray[np.uint64] | NDArray[np.bool_],
    most: NDArray[np.uint8],
    run: NDArray[np.int32],
    left: NDArray[np.int32],
    starts: NDArray[np.int64],
) -> Simple8b:
    """See encode. most, run, left: (n,), for a block that begins at each number; run is 0 where it has no room."""
    taken = np.minimum(most, left)
    is_run = run > taken
    np.maximum(taken, run, out=taken)
    first, block_starts = _follow(taken, left, starts)
    selector = np.where(is_run[first], np.uint8(RUN), _OF_COUNT[most[first]])
    return _blocks(values, first, taken[first], selector, block_starts, np.diff(starts))


def _follow(
    taken: NDArray[np.int32], left: NDArray[np.int32], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The starts of blocks, (b,), batch by batch, and each batch's first block, (m + 1,).

    Each step adds one block to every batch.
    """
    n = len(taken)
    following = np.arange(n + 1)
    following[:-1] += taken
    following[:-1][taken == left] = n
    at = starts[:-1]
    steps = []
    while True:
        steps.append(at)
        at = following[at]
        # A check costs as much as a step.
        if (len(steps) % 8 == 0 or len(steps) < 8) and (at == n).all():
            break
    grid = np.stack(steps, axis=1)
    there = grid < n
    return grid[there], np.concatenate([[0], np.cumsum(np.count_nonzero(there, axis=1))])


def _blocks(
    values: NDArray[np.uint64] | NDArray[np.bool_],
    first: NDArray[np.int64],
    taken: NDArray[np.int32],
    selector: NDArray[np.uint8],
    block_starts: NDArray[np.int64],
    count: NDArray[np.int64],
) -> Simple8b:
    """The words of blocks.

    first, taken, selector: (b,), the first number of each block, their number, and the selector.
    """
    packed = selector != RUN
    blocks = np.empty(len(first), dtype=np.uint64)
    runs = ~packed
    blocks[runs] = values[first[runs]].astype(np.uint64) | taken[runs].astype(np.uint64) << np.uint64(RUN_BITS)
    if packed.any():
        size = taken[packed].astype(np.int64)
        begins = np.cumsum(size) - size
        place = np.arange(begins[-1] + size[-1]) - np.repeat(begins, size)
        width = np.repeat(WIDTHS[selector[packed]], size)
        number = values[np.repeat(first[packed], size) + place].astype(np.uint64)
        blocks[packed] = np.bitwise_or.reduceat(number << (place * width).view(np.uint64), begins)

    four = np.full(len(selector), SELECTOR_BITS, dtype=np.int64)
    selectors, _ = pack_bits(selector.astype(np.uint64), four, block_starts)
    return Simple8b(count, np.diff(block_starts), _joined(selectors, Words(blocks, block_starts)))


def _joined(one: Words, other: Words) -> Words:
    """The words of each batch: first those of one, then those of the other."""
    starts = one.starts + other.starts
    words = np.empty(starts[-1], dtype=np.uint64)
    for part, offset in ((one, other.starts[:-1]), (other, one.starts[1:])):
        words[np.arange(len(part.words)) + np.repeat(offset, np.diff(part.starts))] = part.words
    return Words(words, starts)

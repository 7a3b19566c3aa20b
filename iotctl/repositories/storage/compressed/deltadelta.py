"""Whole numbers by the changes of their steps (TimescaleDB, tsl/src/compression/algorithms/deltadelta.c)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.storage.compressed import simple8b_rle
from iotctl.repositories.storage.compressed.simple8b_rle import Simple8b


@dataclass(frozen=True, slots=True)
class DeltaDelta:
    """The numbers of m batches.

    last, last_step: int64 (m,), the last number and the step to it (from 0, if it is the only number). changes: of the
    step, zigzag: 0, -1, 1, -2, 2 as 0, 1, 2, 3, 4.
    """

    last: NDArray[np.int64]
    last_step: NDArray[np.int64]
    changes: Simple8b


def encode(values: NDArray[np.int64], starts: NDArray[np.int64]) -> DeltaDelta:
    """The numbers of each batch. values: int64 (n,). starts: (m + 1,), no batch is empty. Overflow wraps."""
    begins = starts[:-1]
    step = np.empty_like(values)
    np.subtract(values[1:], values[:-1], out=step[1:])
    step[begins] = values[begins]
    change = np.empty_like(step)
    np.subtract(step[1:], step[:-1], out=change[1:])
    change[begins] = step[begins]
    zigzag = ((change << 1) ^ (change >> 63)).view(np.uint64)
    ends = starts[1:] - 1
    return DeltaDelta(values[ends], step[ends], simple8b_rle.encode(zigzag, starts))


def decode(parts: DeltaDelta) -> NDArray[np.int64]:
    """The numbers of all batches, (n,), as encode takes them."""
    zigzag = simple8b_rle.decode(parts.changes)
    numbers = (zigzag >> np.uint64(1)).view(np.int64)
    numbers ^= -(zigzag & np.uint64(1)).view(np.int64)
    begins = np.cumsum(parts.changes.count)[:-1]
    # Each batch begins at 0: the sum of the batch before is subtracted.
    for total in (parts.last_step, parts.last):
        numbers[begins] -= total[:-1]
        np.cumsum(numbers, out=numbers)
    return numbers

"""Whole numbers by how their steps change (TimescaleDB, tsl/src/compression/algorithms/deltadelta.c)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories.storage.compressed import simple8b_rle
from iotctl.repositories.storage.compressed.simple8b_rle import Simple8b


@dataclass(frozen=True, slots=True)
class DeltaDelta:
    """The numbers of m batches.

    last, last_step: int64 (m,), the last number and what was added to get it (to 0, where it is the only one).
    changes: of the step, zigzag: 0, -1, 1, -2, 2 as 0, 1, 2, 3, 4.
    """

    last: NDArray[np.int64]
    last_step: NDArray[np.int64]
    changes: Simple8b


def encode(values: NDArray[np.int64], starts: NDArray[np.int64]) -> DeltaDelta:
    """The numbers of each batch. values: int64 (n,). starts: (m + 1,), no batch is empty. What overflows wraps."""
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

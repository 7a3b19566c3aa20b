"""Columns on demand: the input of a component for any rows, computed from a few sums.

A series of ten million rows has twelve components; as arrays they would take a gigabyte.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import Rows, median_of_five

Floats = NDArray[np.float64]


class Column(Protocol):
    """(n,) numbers that can be read for any rows; an array is a Column, too."""

    def __getitem__(self, rows: Rows, /) -> Floats:
        """The numbers of some rows."""
        ...

    def __len__(self) -> int:
        """How many rows there are."""
        ...


@dataclass(frozen=True)
class Local:
    """How far each value is from the median of the five around it; the ends repeat. u: (n,), of five or more."""

    u: Floats

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.u)

    def __getitem__(self, rows: Rows) -> Floats:
        """The numbers of some rows."""
        if isinstance(rows, slice):
            start, end, _ = rows.indices(len(self.u))
            first, last = max(start - 2, 0), min(end + 2, len(self.u))
            near = self.u[first:last]
            around = np.concatenate([near[:1].repeat(2 - (start - first)), near, near[-1:].repeat(2 - (last - end))])
            count = end - start
            five = [around[shift : shift + count] for shift in range(5)]
        else:
            five = [self.u[np.clip(rows + shift, 0, len(self.u) - 1)] for shift in (-2, -1, 0, 1, 2)]
        away: Floats = five[2] - median_of_five(*five)
        return away


@dataclass(frozen=True)
class RollingMean:
    """The centred mean of w rows; near the ends the mean of the outermost full window.

    total: (n + 1,), the sum of all rows before each; see running_total. w: below n.
    """

    total: Floats
    w: int

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.total) - 1

    def __getitem__(self, rows: Rows) -> Floats:
        """The numbers of some rows."""
        before, full = self.w // 2, len(self) - self.w + 1
        if not isinstance(rows, slice):
            return self._full(np.clip(rows - before, 0, full - 1))
        start, end, _ = rows.indices(len(self))
        # A window has the number of its first row.
        first, last, mean = start - before, end - before, np.empty(end - start)
        low, high = min(max(-first, 0), len(mean)), min(max(last - full, 0), len(mean))
        whole = slice(first + low, last - high)
        inside = mean[low : len(mean) - high]
        np.subtract(self.total[whole.start + self.w : whole.stop + self.w], self.total[whole], out=inside)
        inside /= self.w
        mean[:low] = self._full(0)
        mean[len(mean) - high :] = self._full(full - 1)
        return mean

    def _full(self, window: NDArray[np.intp] | int) -> Floats:
        mean: Floats = (self.total[window + self.w] - self.total[window]) / self.w
        return mean


def running_total(n: int, of: Iterator[Floats]) -> Floats:
    """The sum of all rows before each of n rows, and of all rows, (n + 1,).

    of: gives the numbers of a block of rows.
    """
    total = np.empty(n + 1)
    total[0] = 0.0
    row = 0
    for block in of:
        # Added in order of the rows, so that the borders of blocks make no difference.
        here = total[row + 1 : row + 1 + len(block)]
        here[:] = block
        here[:1] += total[row]
        here[:] = np.cumsum(here)
        row += len(block)
    return total

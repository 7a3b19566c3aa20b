"""The rows of a series that detection looks at: in order of time, each time once, and only values that can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.invalid import Absurd, find_absurd
from iotctl.analysis.robust import Rows

Floats = NDArray[np.float64]

# With values so large, a sigma or the difference of two readings would overflow.
_LARGEST = 1.1e308


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Rows of a series in order of time, without absurd values; and these beside them.

    time: int64 (n,), microseconds since 1970-01-01 UTC; value: float64 (n,). every_time, every_value: (m,), absurd rows
    among them, which absurd tells. dropped: reason -> number of input rows left out.
    """

    time: NDArray[np.int64]
    value: Floats
    every_time: NDArray[np.int64]
    every_value: Floats
    absurd: Absurd
    dropped: dict[str, int]
    _input_rows: int
    _usable: Rows
    _kept: NDArray[np.bool_]

    @property
    def row(self) -> NDArray[np.int64]:
        """The index of each row in the input, int64 (n,)."""
        return np.arange(self._input_rows)[self._usable][self._kept]


def kept_rows(time: NDArray[np.int64], value: Floats) -> KeptRows:
    """The rows to look at. time: (k,), in any order; value: (k,)."""
    usable, dropped = _usable_rows(time, value)
    every_time, every_value = time[usable], np.asarray(value[usable], dtype=np.float64)
    absurd = find_absurd(every_value)
    too_large = (np.abs(every_value) > _LARGEST) & ~absurd.rows
    kept = ~absurd.rows & ~too_large
    kept_time, kept_value = every_time, every_value
    if not kept.all():
        counts = {"invalid": int(absurd.rows.sum()), "too large": int(too_large.sum())}
        dropped |= {reason: number for reason, number in counts.items() if number}
        kept_time, kept_value = every_time[kept], every_value[kept]
    return KeptRows(kept_time, kept_value, every_time, every_value, absurd, dropped, len(value), usable, kept)


def _usable_rows(time: NDArray[np.int64], value: Floats) -> tuple[Rows, dict[str, int]]:
    """The rows to look at, in order of time; and how many were left out, by reason."""
    finite = np.isfinite(value)
    if finite.all() and (time[1:] > time[:-1]).all():
        return slice(0, len(value)), {}
    known = np.flatnonzero(finite)
    order = known[np.argsort(time[known], kind="stable")]
    repeated = np.concatenate([[False], np.diff(time[order]) == 0])[: len(order)]
    dropped = {"not finite": len(value) - len(known), "repeated time": int(repeated.sum())}
    return order[~repeated], {reason: count for reason, count in dropped.items() if count}

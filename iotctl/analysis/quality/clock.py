"""How fast or slow a sensor's clock runs, compared with the interval that it is set to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import mad_sigma

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND

# Intervals that people set: parts of a second or a day, and whole minutes. If a clock is off by more than this part
# (86 seconds a day), then it is not the clock: the interval is another one.
_SET_SECONDS = np.array(sorted({*(d for d in range(1, 86_401) if 86_400 % d == 0), *range(60, 86_401, 60)})) * _SECOND
_SET_PARTS = np.array([_SECOND // d for d in range(2, 1001) if _SECOND % d == 0])
_FARTHEST = 1e-3

# A clock jumps when it is set. A step so much larger than the usual unevenness is not drift. Times may be cut to
# seconds.
_JUMP_SIGMAS, _JUMP_LEAST = 5.0, 1.5 * _SECOND

# The drift is measured over so many pieces of at least so many steps. It counts from so many standard errors on.
_PIECES, _FEWEST_STEPS, _SURE = 32, 8, 4.0


def clock_drift(steps: NDArray[np.int64], interval: float) -> float | None:
    """Seconds a day by which readings come later (below 0: earlier) than set; 0.0 where that may be chance.

    steps: int64 (k,), microseconds from each reading to the next. interval: the usual one, microseconds. None where the
    interval is not one that people set, or where there are few steps. It shows only if the sensor's own clock gives the
    times, or decides when to send.
    """
    every = np.concatenate([_SET_PARTS, _SET_SECONDS])
    nominal = float(every[np.argmin(np.abs(np.log(every / interval)))])
    if abs(interval / nominal - 1) > _FARTHEST:
        return None
    count = np.round(steps / nominal)
    off = steps - count * nominal
    usual = (count >= 1) & (count <= _PIECES)
    if np.count_nonzero(usual) < _PIECES * _FEWEST_STEPS:
        return None
    middle = float(np.median(off[usual]))
    reach = max(_JUMP_LEAST, _JUMP_SIGMAS * mad_sigma(off[usual]))
    usual &= np.abs(off - middle) <= reach
    if np.count_nonzero(usual) < _PIECES * _FEWEST_STEPS:
        return None
    pieces = [
        float(piece_off.sum() / (piece_count.sum() * nominal))
        for piece_off, piece_count in zip(
            np.array_split(off[usual], _PIECES), np.array_split(count[usual], _PIECES), strict=True
        )
    ]
    drift = float(np.mean(pieces))
    error = float(np.std(pieces)) / np.sqrt(_PIECES)
    return drift * _DAY / _SECOND if abs(drift) > _SURE * error else 0.0

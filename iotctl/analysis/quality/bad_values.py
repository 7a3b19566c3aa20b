"""Values that are no measurements: invalid ones, and stuck ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.sensor_kinds.dwell import longest_usual
from iotctl.analysis.still import run_lengths, stands_still

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# A stuck run has at least 8 equal values, and is longer than 3 times the long runs of this sensor. It is also longer
# than chance makes in one of a hundred such series, in which a value equals the one before as often as here. A value at
# which the sensor often rests is not stuck (rain at 0, humidity at 100).
_STUCK_ROWS, _STUCK_QUANTILE, _STUCK_FACTOR, _CHANCE, _REST_RUNS = 8, 0.9, 3.0, 0.01, 5

# What devices send in place of a value: the limits of integers and floats, rows of nines.
_CODES = np.array(
    [
        *(sign * code for code in (99.99, 999.0, 999.9, 9999.0, 9999.9, 99999.0, 999999.0) for sign in (-1, 1)),
        *(32767.0, -32767.0, -32768.0, 65535.0, 2147483647.0, -2147483647.0, -2147483648.0, 4294967295.0),
        *(9223372036854775807.0, -9223372036854775808.0, 18446744073709551615.0),
    ]
)

# No quantity is so large, in any unit: FLT_MAX, DBL_MAX, 1e38.
_HUGE = 1e30

# A rare value is invalid if it is so many times the usual range away.
_ABSURD_RANGES, _ABSURD_SHARE = 1000.0, 0.001


def invalid_values(value: Floats) -> Mask:
    """Which values are invalid: not finite, an error code far from the others, or absurd."""
    odd = ~(np.abs(value) < _HUGE)
    codes = np.isin(value, _CODES)
    rest = value[~odd & ~codes]
    if not len(rest):
        return odd
    low, q05, q95, high = np.quantile(rest, [0.001, 0.05, 0.95, 0.999])
    odd |= codes & ((value < low - (high - low)) | (value > high + (high - low)))
    reach = _ABSURD_RANGES * (q95 - q05)
    if reach > 0:
        far = ~odd & ((value < q05 - reach) | (value > q95 + reach))
        if np.count_nonzero(far) <= max(1.0, _ABSURD_SHARE * len(value)):
            odd |= far
    return odd


def stuck_values(value: Floats) -> Mask:
    """Which values belong to runs that are far longer than usual; none in a sensor that only stands still."""
    stuck = np.zeros(len(value), dtype=np.bool_)
    if len(value) < _STUCK_ROWS or stands_still(value):
        return stuck
    starts, lengths = run_lengths(value)
    equal = 1 - len(starts) / len(value)
    by_chance = 1 + np.log(_CHANCE / len(value)) / np.log(equal) if equal else 1.0
    usual = _STUCK_FACTOR * float(np.quantile(lengths, _STUCK_QUANTILE))
    limit = np.full(len(lengths), max(usual, by_chance))
    # For a sensor with few states, the usual time in each state counts: a door is closed for days.
    of_states = longest_usual(value, starts, lengths)
    if of_states is not None:
        limit = np.where(np.isfinite(of_states), np.maximum(of_states, limit), np.inf)
    long = np.flatnonzero((lengths >= _STUCK_ROWS) & (lengths > limit))
    _, which, times = np.unique(value[starts[long]], return_inverse=True, return_counts=True)
    for run in long[times[which] < _REST_RUNS].tolist():
        stuck[starts[run] : starts[run] + lengths[run]] = True
    return stuck

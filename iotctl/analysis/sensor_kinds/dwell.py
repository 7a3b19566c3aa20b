"""How long a sensor with few values stays in each: a valve that does not move is odd, one that moves is not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.sensor_kinds.held import SHORTEST_ROWS, Held
from iotctl.analysis.sensor_kinds.states import has_states, is_on_off

Floats = NDArray[np.float64]

# Fewer stays in a state do not show how long a stay lasts.
_FEWEST_STAYS = 20
# A stay must be so many times as long as the longest usual one.
_BEYOND_LONG = 2.0


def longest_usual(
    y: Floats, starts: NDArray[np.intp], length: NDArray[np.intp], known: Held | None = None
) -> Floats | None:
    """The length from which a stay is odd, for each run of equal values, (runs,); None where the sensor has no states.

    y: (n,). starts, length: (runs,), of its runs. NaN where a state is too rare. A stay is odd if one in a hundred such
    series has it by chance (an exponential tail through the 90 and the 99 % quantiles of the state's stays), and if it
    comes no more often than a fault. known: stays of earlier runs.
    """
    if not (is_on_off(y) or has_states(y)):
        return None
    known = known or Held()
    limit = np.full(len(length), np.nan)
    values, state, stays = np.unique(y[starts], return_inverse=True, return_counts=True)
    for at in np.flatnonzero(stays >= _FEWEST_STAYS).tolist():
        own = np.sort(length[state == at])
        usual, long = np.quantile(own, [0.9, 0.99], method="lower")
        by_chance = long + (long - usual) * np.log10(len(length) * known.looks)
        often = _BEYOND_LONG * known.usual(float(values[at]), own)
        limit[state == at] = max(SHORTEST_ROWS, by_chance, often)
    return limit

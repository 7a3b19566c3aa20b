"""Severity: how rare a row is for this sensor, in decades."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.blocks import blocks
from iotctl.analysis.scores.rolling import Column
from iotctl.analysis.scores.tails import Tail

Floats = NDArray[np.float64]


def severity(components: Mapping[str, Column], tails: Mapping[str, Tail], n: int) -> Floats:
    """The mean rarity over all components, for each of n rows: 0 is usual, and more components give more."""
    total = np.zeros(n)
    for rows in blocks(n):
        for name, component in components.items():
            total[rows] += tails[name].rarity(component[rows])
    total /= max(1, len(components))
    return total

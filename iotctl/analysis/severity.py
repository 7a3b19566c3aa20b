"""Severity: how rare a row is for this sensor, in decades."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.tails import Tail

Floats = NDArray[np.float64]


def severity(components: Mapping[str, Floats], tails: Mapping[str, Tail]) -> Floats:
    """The mean rarity over all components, (n,): 0 is usual, and what several of them see weighs more."""
    total = np.zeros(len(next(iter(components.values()))))
    for name, component in components.items():
        total += tails[name].rarity(component)
    return total / len(components)

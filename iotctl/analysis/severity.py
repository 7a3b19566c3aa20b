"""Severity: how rare a row is for this sensor, in decades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin

Floats = NDArray[np.float64]

_BODY, _TAIL = 0.9, 0.999
_DECADES = 2.0  # from one row in ten to one in a thousand


def rarity(component: Floats, known_good: NDArray[np.bool_] | None = None) -> Floats:
    """0 up to the component's 90 % quantile, then +1 per decade on an exponential tail through its 99.9 % quantile."""
    base = thin(component if known_good is None or not known_good.any() else component[known_good])
    body, tail = np.quantile(base, [_BODY, _TAIL])
    if tail <= body:
        return np.where(component > body, _DECADES, 0.0) if component.max() > body else np.zeros(len(component))
    decades: Floats = np.maximum(component - body, 0.0) * (_DECADES / (tail - body))
    return decades


def severity(components: Sequence[Floats], known_good: NDArray[np.bool_] | None = None) -> Floats:
    """The mean rarity over all components, (n,): 0 is usual, and what several of them see weighs more."""
    total = np.zeros(len(components[0]))
    for component in components:
        total += rarity(component, known_good)
    return total / len(components)

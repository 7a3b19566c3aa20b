"""The tail of a component beyond its 90 % quantile: for severity, and for how rare a score is by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin_rows
from iotctl.analysis.scores.rolling import Column

Floats = NDArray[np.float64]

_BODY, _FAR, _FARTHEST = 0.9, 0.99, 0.999
_DECADES = 2.0  # from one row in ten to one in a thousand
# The most decades of rarity that count: a reading of 1e9 is not a million times worse than one of 1e3.
MOST_DECADES = 12.0
# Bounds of the tail's shape: a tail must not end just after the last row, nor be so heavy that nothing can be odd.
_LIGHTEST, _HEAVIEST = -0.05, 0.6
_FLAT = 1e-6
_MOST = 99.0


@dataclass(frozen=True)
class Tail:
    """The 90, 99 and 99.9 % quantiles of a component, which is 0 or more."""

    body: float
    far: float
    farthest: float

    def rarity(self, component: Floats) -> Floats:
        """0 up to the 90 % quantile, then +1 per decade on an exponential tail through the 99.9 % quantile."""
        reach = self.farthest - self.body
        if reach <= 0:
            return np.where(component > self.body, _DECADES, 0.0)
        decades: Floats = np.clip((component - self.body) * (_DECADES / reach), 0.0, MOST_DECADES)
        return decades

    def decades(self, value: Floats) -> Floats:
        """-log10 of the part of all rows that reach each value by chance, by a generalised Pareto tail; (k,).

        Its shape comes from the quantiles (Pickands, "Statistical Inference Using Extreme Order Statistics", Annals
        of Statistics 1975). At most 99; 0 below the tail.
        """
        near, reach = self.far - self.body, self.farthest - self.body
        if reach <= 0:
            rare = np.full(len(value), _MOST)
        elif near <= _FLAT * reach or reach - near <= _FLAT * reach:  # few values that come often, not a tail
            rare = 1.0 + _DECADES * (value - self.body) / reach
        else:
            shape = float(np.clip(np.log10(max(reach / near - 1, 1e-9)), _LIGHTEST, _HEAVIEST))
            if abs(shape) < 1e-6:
                shape = 1e-6
            # Through the 99.9 % quantile, also where the shape was limited.
            scale = reach * shape / (100.0**shape - 1)
            inside = 1 + shape * (value - self.body) / scale
            ends = inside <= 0
            rare = np.where(ends, _MOST, 1.0 + np.log10(np.where(ends, 1.0, inside)) / shape)
        return np.where(value <= self.body, 0.0, np.minimum(rare, _MOST))


def tails_of(components: Mapping[str, Column], usual: NDArray[np.bool_] | None = None) -> dict[str, Tail]:
    """The tail of each component, (n,), from the usual rows; from all rows where none is usual."""
    if not components:
        return {}
    n = len(next(iter(components.values())))
    rows = thin_rows(n, among=usual if usual is not None and usual.any() else None)
    return {name: tail_of(component[rows]) for name, component in components.items()}


def tail_of(component: Floats) -> Tail:
    """The tail of a component, from some of its rows, (k,)."""
    body, far, farthest = np.quantile(component, [_BODY, _FAR, _FARTHEST])
    return Tail(float(body), float(far), float(farthest))

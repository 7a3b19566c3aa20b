"""How far a component usually goes: the tail beyond its 90 % quantile, for severity and for what chance explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import thin

Floats = NDArray[np.float64]

_BODY, _FAR, _FARTHEST = 0.9, 0.99, 0.999
_DECADES = 2.0  # from one row in ten to one in a thousand
# Decades of rarity that count: a reading of 1e9 is not a million times worse than one of 1e3.
MOST_DECADES = 12.0
# A tail that ends soon after the last row is not believed, nor one so heavy that nothing could ever be odd.
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

    def decades(self, value: float) -> float:
        """-log10 of the part of all rows that reach a value by chance, by a generalised Pareto tail.

        Its shape comes from the quantiles (Pickands, "Statistical Inference Using Extreme Order Statistics", Annals
        of Statistics 1975). At most 99; 0 in the body.
        """
        near, reach = self.far - self.body, self.farthest - self.body
        if value <= self.body:
            return 0.0
        if reach <= 0:
            return _MOST
        if near <= _FLAT * reach or reach - near <= _FLAT * reach:  # few values that come often, not a tail
            return min(1.0 + _DECADES * (value - self.body) / reach, _MOST)
        shape = float(np.clip(np.log10(max(reach / near - 1, 1e-9)), _LIGHTEST, _HEAVIEST))
        if abs(shape) < 1e-6:
            shape = 1e-6
        # Through the 99.9 % quantile, whatever the shape was bounded to.
        scale = reach * shape / (100.0**shape - 1)
        inside = 1 + shape * (value - self.body) / scale
        return min(1.0 + float(np.log10(inside)) / shape, _MOST) if inside > 0 else _MOST


def tail_of(component: Floats, usual: NDArray[np.bool_] | None = None) -> Tail:
    """The tail of a component, (n,), in its usual rows; in all where none is usual."""
    base = thin(component if usual is None or not usual.any() else component[usual])
    body, far, farthest = np.quantile(base, [_BODY, _FAR, _FARTHEST])
    return Tail(float(body), float(far), float(farthest))

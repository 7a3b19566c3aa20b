"""Changes of unit: from some moment on the same quantity comes in another unit; level and noise show it together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Conversion:
    """From one unit to another: after = factor * before + offset. name: the two units that are likely."""

    factor: float
    offset: float
    name: str

    @property
    def formula(self) -> str:
        """The conversion as people write it: x 1.8 + 32."""
        if self.factor == 1:
            return f"{'+' if self.offset > 0 else '-'} {abs(self.offset):g}"
        behind = f" {'+' if self.offset > 0 else '-'} {abs(self.offset):.4g}" if self.offset else ""
        return (f"x {self.factor:.5g}" if self.factor > 1 else f"/ {1 / self.factor:.5g}") + behind

    @property
    def back(self) -> Conversion:
        """The inverse conversion."""
        there, _, here = self.name.partition(" to ")
        return Conversion(1 / self.factor, -self.offset / self.factor, f"{here} to {there}")


_ONE_WAY = (
    Conversion(1.8, 32.0, "°C to °F"),
    Conversion(1.0, 273.15, "°C to K"),
    Conversion(1.8, -459.67, "K to °F"),
    Conversion(6.894757, 0.0, "psi to kPa"),
    Conversion(14.503774, 0.0, "bar to psi"),
    Conversion(100.0, 0.0, "bar to kPa, or share to percent"),
    Conversion(10.0, 0.0, "a decimal to the next"),
    Conversion(1000.0, 0.0, "a unit to its thousandth"),
    Conversion(1e6, 0.0, "a unit to its millionth"),
    Conversion(3.6, 0.0, "m/s to km/h, or MWh to GJ"),
    Conversion(2.236936, 0.0, "m/s to mph"),
    Conversion(60.0, 0.0, "per second to per minute"),
    Conversion(3600.0, 0.0, "per second to per hour"),
    Conversion(3.785412, 0.0, "US gallons to litres"),
    Conversion(25.4, 0.0, "inches to mm"),
    Conversion(3.28084, 0.0, "m to ft"),
)
CONVERSIONS = (*_ONE_WAY, *(conversion.back for conversion in _ONE_WAY))

# Blocks of readings: at most so many, of so many rows at least. So many blocks before and after the change are
# compared.
_BLOCKS, _BLOCK_ROWS, _WINDOW = 128, 96, 8
_QUANTILES = (0.1, 0.5, 0.9)
# The conversion takes each quantile to the new one, within this part of the range between the outer ones.
_MISSED = 0.5
# The new range and noise are the old ones times the factor, within these bounds.
_RANGE, _NOISE = 1.5, 1.25
# The old and the new range do not overlap, except for sensors about zero with a large factor.
_LARGE = 9.0
# The largest twentieth of the differences between neighbours is left out: spikes are not noise.
_CALM = 0.95


def find_unit_changes(value: Floats) -> list[tuple[int, Conversion]]:
    """The rows from which a series is in another unit, each with the conversion; in order.

    value: float64 (n,), valid readings in order of time. Only known conversions are searched for, because a machine at
    another speed also has another level and another noise. Changes in the first or last block are not found.
    """
    blocks = min(_BLOCKS, len(value) // _BLOCK_ROWS)
    if blocks < 3:
        return []
    edges = np.linspace(0, len(value), blocks + 1).astype(np.int64)
    parts = [value[start:end] for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    described = np.array([[*np.quantile(part, _QUANTILES), _noise(part)] for part in parts])
    found: list[tuple[int, Conversion]] = []
    first = block = 0
    while block < blocks - 2:
        before, after = described[max(first, block - _WINDOW + 1) : block + 1], described[block + 2 :][:_WINDOW]
        old, new = np.median(before, axis=0), np.median(after, axis=0)
        conversion = None
        if _moves(old, new, before[-1], after[0]) and _belongs(before[-1], old, new) and _belongs(after[0], new, old):
            conversion = _conversion(old, new)
        if conversion is not None:
            start, end = int(edges[block]), int(edges[block + 3])
            found.append((start + _first_after(value[start:end], old, new), conversion))
            first = block = block + 2  # the readings after the change are compared again
        else:
            block += 1
    return found


def _noise(value: Floats) -> float:
    """The mean size of a step between neighbours."""
    steps = np.sort(np.abs(np.diff(value)))
    return float(steps[: max(1, int(_CALM * len(steps)))].mean())


def _moves(*described: Floats) -> bool:
    """Whether all of these blocks have a range and noise."""
    return all(one[2] > one[0] and one[3] > 0 for one in described)


def _belongs(block: Floats, usual: Floats, other: Floats) -> bool:
    """Whether a block beside the change is like the blocks on its own side, and unlike those on the other side."""
    away, other_away = (abs(float(np.log(block[3] / side[3]))) for side in (usual, other))
    far, other_far = (abs(float((block[1] - side[1]) / (side[2] - side[0]))) for side in (usual, other))
    return far < 1 and far + away < other_far + other_away


def _conversion(old: Floats, new: Floats) -> Conversion | None:
    """The conversion between two sets of quantiles and noise, (4,) each; None where none fits."""
    wide, other = float(new[2] - new[0]), float(old[2] - old[0])
    is_apart = new[0] > old[2] or new[2] < old[0]
    best: tuple[float, Conversion] | None = None
    for conversion in CONVERSIONS:
        louder = abs(float(np.log(new[3] / old[3] / conversion.factor)))
        wider = abs(float(np.log(wide / other / conversion.factor)))
        if louder > np.log(_NOISE) or wider > np.log(_RANGE):
            continue
        missed = np.abs(new[:3] - conversion.factor * old[:3] - conversion.offset) / wide
        is_large = max(conversion.factor, 1 / conversion.factor) > _LARGE and not conversion.offset
        off = float(missed[1]) + louder
        if (is_apart or is_large) and (missed <= _MISSED).all() and (best is None or off < best[0]):
            best = off, conversion
    return None if best is None else best[1]


def _first_after(value: Floats, old: Floats, new: Floats) -> int:
    """The row from which the new level and range explain the readings better than the old ones.

    Likelihoods are those of Student's t with 3 degrees of freedom, so that no single reading decides.
    """
    unlikely = []
    for low, level, high, _ in (old, new):
        scale = float(high - low) / 2.6  # of a normal distribution
        unlikely.append(4 * np.log1p(np.square((value - level) / scale) / 3) + 2 * np.log(scale))
    # Rows before it should fit the old ones, rows from it on the new ones.
    return int(np.argmin(np.concatenate([[0], np.cumsum(unlikely[0] - unlikely[1])])))

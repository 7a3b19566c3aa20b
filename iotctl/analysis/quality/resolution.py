"""The step of quantised values, and its changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import quantum

Floats = NDArray[np.float64]

# The step is measured in blocks: at most so many, of so many rows at least. It must change by this factor. With fewer
# different values the step is not known.
BLOCK_ROWS = 512
_BLOCKS, _STEP_FACTOR, _FEWEST_VALUES = 64, 1.5, 8
_ON_GRID, _OFF_GRID_SHARE = 0.1, 0.01


def resolution(value: Floats) -> float | None:
    """The step of quantised values, 0.0 where they have none; None where there are too few different values."""
    if len(np.unique(value)) < _FEWEST_VALUES:
        return None
    step = quantum(value)
    if not step:
        return None
    return step if _lies_on_grid(value, step) else 0.0


def find_resolution_changes(value: Floats) -> list[tuple[int, str]]:
    """The rows from which the values have another step, with the old and the new step in words; in order.

    value: float64 (n,), valid readings in order of time. A change is placed at the start of its block of rows.
    """
    blocks = max(1, min(_BLOCKS, len(value) // BLOCK_ROWS))
    before: tuple[float, Floats] | None = None
    changes: list[tuple[int, str]] = []
    changed, start = -1, 0
    for block, part in enumerate(np.array_split(value, blocks)):
        row, start = start, start + len(part)
        step = resolution(part)
        if step is None:
            continue
        if before is not None and _is_other_step(*before, step, part):
            if changed < 0 or block > changed + 1:  # a change within a block shows in the next block, too
                changes.append((row, f"{_said_step(before[0])} to {_said_step(step)}"))
            changed = block
        elif before is not None:
            step = before[0] or step  # this block may not have met the smallest step
        before = step, part
    return changes


def _lies_on_grid(value: Floats, step: float) -> bool:
    steps = (value - value[0]) / step
    off = np.abs(steps - np.round(steps)) > _ON_GRID
    return bool(np.count_nonzero(off) <= _OFF_GRID_SHARE * len(value))


def _is_other_step(old: float, old_value: Floats, new: float, new_value: Floats) -> bool:
    if old and new and 1 / _STEP_FACTOR < new / old < _STEP_FACTOR:
        return False
    if new and (not old or new > old):  # coarser
        return not _lies_on_grid(old_value, new)
    return bool(old) and not _lies_on_grid(new_value, old)


def _said_step(step: float) -> str:
    return f"{step:.4g}" if step else "none"

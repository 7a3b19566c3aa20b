"""Finds unused columns that may name sensors, because values differ between their texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.proposal.cells import is_number
from iotctl.formats.proposal.table import Column, ColumnType, Table

# Texts with a digit or a sign are names; other words are states.
_TAG = re.compile(r"\w[./:\\_-]\w|\d")
_MOST_GROUPS, _FEWEST_ROWS = 0.2, 3

# The share of a value's variance that must lie between the groups.
_BETWEEN = 0.5
# Or: the steps within groups are at most this share of the steps of all rows.
_SMOOTHER = 0.7


def columns_that_group(table: Table, unused: Iterable[Column], values: Sequence[Column]) -> list[Column]:
    """The unused columns of names for which some value differs between the names."""
    found = []
    for column in unused:
        groups = len(column.counts)
        if column.type is not ColumnType.TEXT or not 1 < groups <= max(2, _MOST_GROUPS * table.rows):
            continue
        if min(column.counts.values()) < _FEWEST_ROWS or not all(map(_TAG.search, column.counts)):
            continue
        if any(_differs(value, column) for value in values):
            found.append(column)
    return found


def _differs(value: Column, by: Column) -> bool:
    pairs = [
        (text, float(cell.replace(",", ".")))
        for text, cell in zip(by.texts, value.texts, strict=True)
        if text and is_number(cell) and cell.count(",") + cell.count(".") < 2
    ]
    if len(pairs) < 2 * _FEWEST_ROWS:
        return False
    numbers: NDArray[np.float64] = np.array([number for _, number in pairs])
    names = np.array([text for text, _ in pairs])
    total = float(np.sum((numbers - numbers.mean()) ** 2))
    within, steps = 0.0, []
    for text in by.counts:
        group = numbers[names == text]
        if len(group):
            within += float(np.sum((group - group.mean()) ** 2))
            steps.append(np.abs(np.diff(group)))
    has_level = total > 0 and (total - within) > _BETWEEN * total
    return has_level or float(np.mean(np.concatenate(steps))) < _SMOOTHER * float(np.mean(np.abs(np.diff(numbers))))

"""Doubts from the cells of values: units, marks, numbers that mean no value, readings side by side."""

from __future__ import annotations

import re
from itertools import pairwise

from iotctl.formats.proposal.cells import is_clock
from iotctl.formats.proposal.proposal import Doubt, Weight
from iotctl.formats.proposal.roles import Roles
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.values import broken_numbers, likely_sentinels, marks_in_cells, units_in_cells
from iotctl.words import counted

# Fewer cells that are not numbers are an accident, and not a way to write numbers.
_MANY_BROKEN = 0.02
# The hours, half hours or quarters of a day; a day with a clock change has one hour less or more.
_OF_A_DAY = frozenset({23, 24, 25, 46, 48, 50, 92, 96, 100})
_NUMBERED = re.compile(r"(\D*)(\d{1,3})(\D*)")


def value_doubts(table: Table, roles: Roles, missing: tuple[str, ...]) -> list[Doubt]:
    """The doubts from the cells of values. missing: texts that mean no value."""
    doubts = _of_days_across(table, roles)
    for column in roles.values:
        units = units_in_cells(column)
        if len(units) > 1:
            text = f"the cells of {column.title} have several units: {', '.join(list(units)[:4])}"
            doubts.append(Doubt(text, weight=Weight.NEEDED))
        for mark, count in marks_in_cells(column).items():
            text = f"{mark} follows {counted(count, 'number')} of {column.title}, but not the others"
            doubts.append(Doubt(f"{text}: these cells will be rejected"))
        broken = broken_numbers(column, missing)
        if column.name not in roles.parts and broken.total() > _MANY_BROKEN * column.filled:
            text = f"{counted(broken.total(), 'cell')} of {column.title} will be rejected: {next(iter(broken))}"
            doubts.append(Doubt(f"{text} is not a number"))
        doubts += [
            Doubt(f"{text} occurs {counted(count, 'time')} in {column.title}, far from the others", f"--null={text}")
            for text, count in likely_sentinels(column, missing)
        ]
    codes = "may rate values; what its codes mean is not in the file"
    unknown = [name for name in roles.quality.unknown if not table[name].is_constant]
    doubts += [Doubt(f"{name} {codes}", "[quality] in the layout", weight=Weight.NOTE) for name in unknown]
    return doubts


def _of_days_across(table: Table, roles: Roles) -> list[Doubt]:
    """Readings of one day side by side: columns named by times of day, or 1 to 24 if a row is a day."""
    clocks = sum(column.named and is_clock(column.title) for column in table.columns)
    is_date = roles.time.best.is_date
    if clocks <= 2 and not (is_date and _longest_run(roles.values) in _OF_A_DAY):
        return []
    named = "named by times of day" if clocks > 2 else "as many as a day has hours, or parts of them"
    text = f"columns are {named}: readings of one day are side by side, which no layout describes"
    return [Doubt(text, weight=Weight.NEEDED)]


def _longest_run(columns: list[Column]) -> int:
    """How many columns have names that count: H01, H02, ...; or follow one another without a name."""
    longest = run = 1
    for before, after in pairwise(columns):
        first, second = (_NUMBERED.fullmatch(column.name) for column in (before, after))
        goes_on = (
            first is not None
            and second is not None
            and first.group(1, 3) == second.group(1, 3)
            and int(second[2]) == int(first[2]) + 1
        )
        run = run + 1 if goes_on else 1
        longest = max(longest, run)
    return longest

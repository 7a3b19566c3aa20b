"""Describes columns for people: type, range, share of missing cells, examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iotctl.formats.proposal.cells import is_number, number_and_unit
from iotctl.formats.proposal.proposal import ColumnView
from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.values import as_float

_EXAMPLES = 3


def column_views(table: Table, roles: Mapping[str, str], missing: Iterable[str]) -> tuple[ColumnView, ...]:
    """A view of each column of a table. roles: column -> its role. missing: texts that mean no value."""
    nulls = set(missing)
    return tuple(_view(column, roles.get(column.name, ""), nulls) for column in table.columns)


def _view(column: Column, role: str, nulls: set[str]) -> ColumnView:
    there = {text: count for text, count in column.counts.items() if text not in nulls}
    rows = max(len(column.texts), 1)
    low = high = ""
    if column.type is ColumnType.NUMBER:
        numbers = {text: _number(text) for text in there if is_number(text) or number_and_unit(text)}
        numbers = {text: number for text, number in numbers.items() if number == number}
        if numbers:
            low, high = min(numbers, key=numbers.__getitem__), max(numbers, key=numbers.__getitem__)
    elif column.type is ColumnType.TIME:
        ordered = [text for text in column.texts if text and text not in nulls]
        low, high = (ordered[0], ordered[-1]) if ordered else ("", "")
    examples = tuple(text for text, _ in zip(there, range(_EXAMPLES), strict=False))
    missing = 1 - sum(there.values()) / rows
    return ColumnView(column.name, column.type, role, column.unit, low, high, missing, examples)


def _number(text: str) -> float:
    parts = number_and_unit(text)
    return as_float(parts[0] if parts else text)

"""Finds columns that rate values, and their marks that count as good."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.word_sets import word_set
from iotctl.formats.proposal.words import is_quality_name, words

_GOOD = word_set("""good ok okay valid gut gültig gueltig true good_noncritical goodnoncritical bueno bon""")
_BAD = word_set("""bad uncertain questionable invalid schlecht ungültig suspect false error substituted stale""")
_VALIDITY = word_set("good validity valid isvalid gültig gueltig gültigkeit")
# {ok}, Good NoAlarm, GoodNonCritical, BAD_COMM: a rating, and its reason.
_FIRST_WORD = re.compile(r"[^\w]*(Good|Bad|Uncertain|[^\W\d_]+)", re.IGNORECASE)
_OPC_UA_GOOD, _OPC_UA_LEAST = 0, 0x4000_0000  # OPC UA: the two highest bits of 32 say uncertain or bad
_OPC_GOOD = range(192, 256)  # OPC: good has the two highest bits of the byte


@dataclass(frozen=True, slots=True)
class QualityMarks:
    """good: the marks that count as good, as they are printed. of_all: the field that rates all values of a
    row; of_value: value field -> the field that rates it. unknown: columns with marks that the file does not explain.
    """

    good: tuple[str, ...] = ()
    of_all: str | None = None
    of_value: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def fields(self) -> set[str]:
        """All columns that rate values, also those with unknown marks."""
        return {*([self.of_all] if self.of_all else []), *self.of_value.values(), *self.unknown}


def find_quality(table: Table, used: Sequence[str], values: Sequence[str]) -> QualityMarks:
    """The columns that rate values. used: columns with another certain role. values: columns that may be values."""
    rated = {column.name: marks for column in table.others(used) if (marks := _good_marks(column))}
    names = [column.name for column in table.columns]
    named = [column for column in table.others(used) if column.name not in rated and _only_codes(column, names)]
    unknown = tuple(column.name for column in named)
    if not rated:
        return QualityMarks(unknown=unknown)
    good = tuple(dict.fromkeys(mark for marks in rated.values() for mark in marks))
    of_value: dict[str, str] = {}
    for name in rated:
        before = [value for value in values if value != name and name.lower().startswith(value.lower())]
        if before:
            of_value[max(before, key=len)] = name
    if of_value:
        return QualityMarks(good, None, of_value, unknown)
    if len(rated) == 1:
        return QualityMarks(good, next(iter(rated)), {}, unknown)
    # If the names do not say which values they rate, each rates the value to its left.
    places = [column.name for column in table.columns]
    for name in rated:
        left = [value for value in values if value not in rated and places.index(value) < places.index(name)]
        if left:
            of_value[left[-1]] = name
    return QualityMarks(good, None, of_value, unknown)


def _good_marks(column: Column) -> list[str]:
    """The marks of a column that mean good; empty if it rates nothing, or its marks are unknown."""
    marks = list(column.counts)
    if not marks or len(marks) > 50:
        return []
    if column.type in {ColumnType.TEXT, ColumnType.BOOLEAN}:
        good = [mark for mark in marks if _rates(mark, _GOOD)]
        bad = [mark for mark in marks if _rates(mark, _BAD)]
        is_rating = is_quality_name(column.title) or (good and bad and set(good + bad) == set(marks))
        return good if is_rating and (column.type is not ColumnType.BOOLEAN or _is_validity(column)) else []
    if column.type is ColumnType.NUMBER and column.is_whole and is_quality_name(column.title):
        numbers = {mark: int(mark) for mark in marks if mark.lstrip("+-").isdigit()}
        if 192 in numbers.values():
            return [mark for mark, number in numbers.items() if number in _OPC_GOOD]
        others = [number for number in numbers.values() if number != _OPC_UA_GOOD]
        if others and min(others) >= _OPC_UA_LEAST and len(others) < len(numbers):
            return [mark for mark, number in numbers.items() if number == _OPC_UA_GOOD]
        if _is_validity(column) and 1 in numbers.values() and set(numbers.values()) <= {0, 1, 2}:
            return [mark for mark, number in numbers.items() if number == 1]
    return []


def _rates(mark: str, known: frozenset[str]) -> bool:
    first = _FIRST_WORD.match(mark)
    return mark.lower() in known or (first is not None and first[1].lower() in known)


def _is_validity(column: Column) -> bool:
    return bool(_VALIDITY.intersection(words(column.title)))


def _only_codes(column: Column, names: Sequence[str]) -> bool:
    """Whether a column rates values in codes, by its name: 55973_00060_cd, QN_9, Temp Flag."""
    # Météo-France: QT rates T.
    rates_another = column.name[:1] in {"Q", "q"} and column.name[1:].lstrip("_") in names
    if not (is_quality_name(column.title) or rates_another) or column.type is ColumnType.TIME:
        return False
    if words(column.title)[-1] == "cd" and column.name[:-3] not in names:
        return False
    short = all(len(mark) <= 16 for mark in column.counts)
    return short and len(column.counts) <= 50 and (column.type is not ColumnType.NUMBER or column.is_whole)

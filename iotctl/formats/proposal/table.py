"""The records of a file, in any form, as columns of texts with properties."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from iotctl.formats.proposal.cells import (
    is_null_word,
    is_number,
    is_time,
    is_true_or_false,
    is_whole,
    number_and_unit,
)
from iotctl.formats.proposal.words import is_id_name

# A column has a type if this share of its cells has it; the others are missing or broken.
_MOST = 0.6
_NEARLY_ALL = 0.95


_WHOLE_WITH_LETTER = re.compile(r"\d+[A-Za-z]+\d*")


class ColumnType(StrEnum):
    """The type of the cells of a column."""

    TIME = "time"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    EMPTY = "empty"


@dataclass(frozen=True, eq=False)
class Column:
    """A column. name: in the records. title: the name without a unit. texts: of its cells, without blanks around them;
    empty if a cell has none. zoned: its values are typed times with a zone; instants: typed times without one.
    typed: its values are not texts. named: the file has a name for it. label: the form says that it names series.
    """

    name: str
    title: str
    unit: str | None
    texts: list[str]
    zoned: bool = False
    instants: bool = False
    typed: bool = False
    named: bool = True
    label: bool = False

    @cached_property
    def counts(self) -> Counter[str]:
        """The count of each text, without the blank one."""
        counts = Counter(self.texts)
        del counts[""]
        return counts

    @property
    def filled(self) -> int:
        """The number of cells that are not blank."""
        return self.counts.total()

    @cached_property
    def numbers(self) -> int:
        """The number of cells that are numbers, with or without a unit."""
        return self._count(lambda text: is_number(text) or number_and_unit(text) is not None)

    @cached_property
    def plain_numbers(self) -> int:
        """The number of cells that are numbers without a unit."""
        return self._count(is_number)

    @cached_property
    def type(self) -> ColumnType:
        """The type of most of its cells."""
        if self.zoned or self.instants:
            return ColumnType.TIME
        nulls = self._count(lambda text: is_null_word(text) and not is_true_or_false(text))
        rest = self.filled - nulls
        if not rest:
            return ColumnType.EMPTY
        if self._count(lambda text: is_time(text) and not is_number(text)) >= _MOST * rest:
            return ColumnType.TIME
        if is_id_name(self.title) and self._count(_is_whole_with_letter) >= _NEARLY_ALL * rest:
            return ColumnType.TEXT
        if self._count(is_true_or_false) >= _NEARLY_ALL * rest:
            return ColumnType.BOOLEAN
        return ColumnType.NUMBER if self.numbers >= _MOST * rest else ColumnType.TEXT

    @cached_property
    def is_whole(self) -> bool:
        """Whether its numbers are whole."""
        return self.type is ColumnType.NUMBER and self._count(is_whole) >= _NEARLY_ALL * self.numbers

    @property
    def is_constant(self) -> bool:
        """Whether all cells that are not blank are the same."""
        return len(self.counts) == 1

    def _count(self, holds: Callable[[str], bool]) -> int:
        return sum(count for text, count in self.counts.items() if holds(text))


def _is_whole_with_letter(text: str) -> bool:
    """Whether a text such as 1001A or 1E3 is more likely a name than a number, if the column is called so."""
    return _WHOLE_WITH_LETTER.fullmatch(text) is not None


@dataclass(frozen=True)
class Table:
    """The columns of a file, or of a sample of it, all of the same length."""

    columns: tuple[Column, ...]

    @property
    def rows(self) -> int:
        """The number of records."""
        return len(self.columns[0].texts) if self.columns else 0

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def others(self, used: Iterable[str]) -> list[Column]:
        """The columns that are not in used."""
        names = set(used)
        return [column for column in self.columns if column.name not in names]

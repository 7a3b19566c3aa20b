"""The form of a column with values that can mean two things, decided by many values together.

A judge looks at 20,000 lines from the first relevant one, and at more only if none of them is certain. So the verdict
depends only on the file, not on the ends of blocks or batches. Position keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.numbers.decimals import DecimalJudge, Decimals, wanted_decimals
from iotctl.formats.options import ReadOptions
from iotctl.formats.times.numeric_times import NumericTimes, TimeJudge, wanted_times

WINDOW_LINES = 20_000

# Values of a column, and their lines (rows, in Parquet): int64 (n,), ascending.
Piece = tuple[pa.StringArray, NDArray[np.int64]]

T_co = TypeVar("T_co", covariant=True)


_TIMES_UNCLEAR = (
    "the numbers in the column of times may be seconds since 1970 or calendar times such as 2016010112, and are"
    " rejected; choose --time-form epoch or --time-form calendar"
)
_DECIMALS_UNCLEAR = (
    "the numbers in the column of values have points and commas that may separate decimals or thousands, and are"
    " rejected; choose --decimal point or --decimal comma"
)


class OpenFormError(Exception):
    """A value depends on the form of its column, which is not judged yet."""


class ColumnForms:
    """The forms of the columns of one file that are judged so far. notes: messages about them for people.

    layout: the layout found by --layout auto, as TOML; empty if a layout was named.
    """

    def __init__(self, options: ReadOptions, state: Mapping[str, str]) -> None:
        self.times = wanted_times(options.time_form)
        self.decimals = wanted_decimals(options.decimal)
        self._wanted = self.times, self.decimals
        if self.times is NumericTimes.OPEN:
            self.times = NumericTimes(state.get("times", NumericTimes.OPEN))
        if self.decimals is Decimals.OPEN:
            self.decimals = Decimals(state.get("decimals", Decimals.OPEN))
        self.layout = state.get("layout", "")
        self.notes: list[str] = []

    @property
    def state(self) -> dict[str, str]:
        """The judged forms for Position.forms, without those set by options."""
        judged = {
            name: form.value
            for name, form, wanted in zip(("times", "decimals"), (self.times, self.decimals), self._wanted, strict=True)
            if form is not wanted
        }
        return judged | ({"layout": self.layout} if self.layout else {})

    def judge_times(self, pieces: Iterator[Piece], modified: datetime) -> None:
        """Judge the column of times by its next values, if it is not judged yet."""
        if self.times is NumericTimes.OPEN:
            self.times = judged(pieces, TimeJudge(modified)) or NumericTimes.OPEN
            if self.times is NumericTimes.UNCLEAR:
                self.notes.append(_TIMES_UNCLEAR)

    def judge_decimals(self, pieces: Iterator[Piece], *, comma_usual: bool) -> None:
        """Judge the column of values by its next values, if it is not judged yet. comma_usual: see DecimalJudge."""
        if self.decimals is Decimals.OPEN:
            self.decimals = judged(pieces, DecimalJudge(comma_usual=comma_usual)) or Decimals.OPEN
            if self.decimals is Decimals.UNCLEAR:
                self.notes.append(_DECIMALS_UNCLEAR)


class Judge(Protocol[T_co]):
    """Judges the values of a column. Kinds are small numbers: 0 says nothing, negative kinds can mean two things,
    positive kinds only one."""

    def kinds(self, texts: pa.StringArray) -> NDArray[np.int8]:
        """The kind of each value."""

    def add(self, kind: NDArray[np.int8], texts: pa.StringArray) -> None:
        """Take more values of the column into account."""

    def is_certain(self) -> bool:
        """Whether the values so far are enough for a verdict."""

    def verdict(self) -> T_co:
        """The form, or that none fits. Ask after all values, or when is_certain()."""


def judged(pieces: Iterator[Piece], judge: Judge[T_co]) -> T_co | None:
    """The form of a column from its next values; None if nothing in the first piece depends on it."""
    first: int | None = None
    for texts, line in pieces:
        kind = judge.kinds(texts)
        if first is None:
            matters = np.flatnonzero(kind)
            if not len(matters):
                return None
            first = int(line[matters[0]])
        within = int(np.searchsorted(line, first + WINDOW_LINES))
        judge.add(kind[:within], texts.slice(0, within))
        if within == len(line):
            continue
        # After the window, values count up to the first certain one.
        while not judge.is_certain() and within < len(line):
            certain = np.flatnonzero(kind[within:] > 0)
            ends = within + (max(int(certain[0]), 1) if len(certain) else len(line))
            judge.add(kind[within:ends], texts.slice(within, ends - within))
            within = ends
        if judge.is_certain():
            break
    return judge.verdict() if first is not None else None

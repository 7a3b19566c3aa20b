"""In which form a column is written, where single values could mean two things: judged by many values together.

A judge looks at the 20,000 lines from the first one on that matters, and at more only where none of these is certain.
So the verdict depends on the file alone, not on where a block or a batch ends. It is then kept in Position.
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

# Values of a column, and the lines (rows, in Parquet) that they stand on, int64 (n,), ascending.
Piece = tuple[pa.StringArray, NDArray[np.int64]]

T_co = TypeVar("T_co", covariant=True)


_TIMES_UNCLEAR = (
    "the numbers in the column of times may be seconds since 1970 or calendar times such as 2016010112, and are"
    " rejected; say which: --time-form epoch or --time-form calendar"
)
_DECIMALS_UNCLEAR = (
    "the numbers in the column of values have points and commas that may set off decimals or thousands, and are"
    " rejected; say which: --decimal point or --decimal comma"
)


class OpenFormError(Exception):
    """A value was met whose meaning hangs on the column's form, which has not been judged yet."""


class ColumnForms:
    """How the columns of one file are written, as far as that is judged. notes: what a person should know of it.

    layout: the one that was found by looking at the file, as TOML; empty where it was named.
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
        """As Position.forms: what was judged, not what options said."""
        judged = {
            name: form.value
            for name, form, wanted in zip(("times", "decimals"), (self.times, self.decimals), self._wanted, strict=True)
            if form is not wanted
        }
        return judged | ({"layout": self.layout} if self.layout else {})

    def judge_times(self, pieces: Iterator[Piece], modified: datetime) -> None:
        """Judge the column of times by its next values, if it is not judged."""
        if self.times is NumericTimes.OPEN:
            self.times = judged(pieces, TimeJudge(modified)) or NumericTimes.OPEN
            if self.times is NumericTimes.UNCLEAR:
                self.notes.append(_TIMES_UNCLEAR)

    def judge_decimals(self, pieces: Iterator[Piece], *, comma_usual: bool) -> None:
        """Judge the column of values by its next values, if it is not judged; comma_usual: see DecimalJudge."""
        if self.decimals is Decimals.OPEN:
            self.decimals = judged(pieces, DecimalJudge(comma_usual=comma_usual)) or Decimals.OPEN
            if self.decimals is Decimals.UNCLEAR:
                self.notes.append(_DECIMALS_UNCLEAR)


class Judge(Protocol[T_co]):
    """Weighs the values of a column. Kinds are small numbers: 0 says nothing, negative ones can mean two things,
    positive ones can only mean one."""

    def kinds(self, texts: pa.StringArray) -> NDArray[np.int8]:
        """The kind of each value."""

    def add(self, kind: NDArray[np.int8], texts: pa.StringArray) -> None:
        """Weigh more values of the column."""

    def is_certain(self) -> bool:
        """Whether what was weighed is enough for a verdict."""

    def verdict(self) -> T_co:
        """The form, or that none fits; after all values, if it is not certain."""


def judged(pieces: Iterator[Piece], judge: Judge[T_co]) -> T_co | None:
    """The form of a column from its next values; None where nothing in the first piece hangs on it."""
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
        # What comes behind the window counts up to the first value that is certain.
        while not judge.is_certain() and within < len(line):
            certain = np.flatnonzero(kind[within:] > 0)
            ends = within + (max(int(certain[0]), 1) if len(certain) else len(line))
            judge.add(kind[within:ends], texts.slice(within, ends - within))
            within = ends
        if judge.is_certain():
            break
    return judge.verdict() if first is not None else None

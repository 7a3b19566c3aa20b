"""The time of a table: its columns, and the formats that read all of their texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.times.candidates import Candidate, Candidates, candidate_formats
from iotctl.formats.times.formats import time_grammar

# A column can be a time if this share of its cells is filled.
FILLED = 0.8
_RARE = 0.02


@dataclass(frozen=True, slots=True)
class TimeColumns:
    """fields: the columns that are the time together. candidates: the formats that read all of its texts.
    spare: other columns with times -> their role. hours_from_one: whether hours are counted 1 to 24.
    whole: the columns that have both date and time of day.
    """

    fields: tuple[str, ...]
    candidates: Candidates
    spare: dict[str, str]
    hours_from_one: bool = False
    whole: frozenset[str] = frozenset()

    @property
    def best(self) -> Candidate:
        """The likeliest format."""
        assert self.candidates.best is not None
        return self.candidates.best


def column_formats(counts: Counter[str]) -> Candidates:
    """The formats that read all texts of a column. If cells are broken, only texts of usual shapes count."""
    found = candidate_formats(pa.array(list(counts), pa.string()))
    if found.formats or found.is_time_of_day:
        return found
    shapes = Counter[str]()
    for text, count in counts.items():
        shapes[_shape(text)] += count
    # Texts without a digit, such as Sum and Mean below a report, are never times.
    usual = {shape for shape, count in shapes.items() if "9" in shape and count > max(1, _RARE * counts.total())}
    kept = [text for text in counts if _shape(text) in usual]
    return candidate_formats(pa.array(kept, pa.string())) if 0 < len(kept) < len(counts) else found


def _shape(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def joined_texts(table: Table, fields: Sequence[str]) -> Counter[str]:
    """The texts of several columns, row by row, with a blank between them; without rows that have a blank cell."""
    rows = zip(*(table[field].texts for field in fields), strict=True)
    return Counter(" ".join(row) for row in rows if all(row))


def reads(format_: str, texts: pa.StringArray) -> bool:
    """Whether a format reads all texts."""
    try:
        return not time_grammar(format_).read(texts).odd.any()
    except ValueError:
        return False


def row_times(table: Table, time: TimeColumns) -> list[int]:
    """The time of each row in the likeliest format, microseconds; a row without a time has that of the row before."""
    joined = [" ".join(texts) for texts in zip(*(table[name].texts for name in time.fields), strict=True)]
    times = time_grammar(time.best.format, decimal=time.best.decimal).read(pa.array(joined, pa.string()))
    found = np.where(times.odd, np.iinfo(np.int64).min, times.time)
    last_known = np.maximum.accumulate(np.where(times.odd, 0, np.arange(len(found))))
    return [int(moment) for moment in found[last_known]]


def counts_from_one(column: Column) -> bool:
    """Whether hours are counted 1 to 24."""
    numbers = {int(text) for text in column.counts if text.isdigit()}
    return 24 in numbers and 0 not in numbers

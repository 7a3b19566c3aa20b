"""Which formats can be those of a column: all that read each of its texts, the likeliest first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pyarrow as pa

from iotctl.formats.times.formats import time_grammar


class TimeKind(StrEnum):
    """What a column of times is made of."""

    WRITTEN = "written"  # date and time with signs between them: hardly anything else
    CALENDAR = "calendar"  # digits alone: 20210102
    EPOCH = "epoch"
    DAY_NUMBER = "day number"  # of Excel or MATLAB
    ELAPSED = "elapsed"  # numbers that rise from around zero on


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format that reads every text.

    format, decimal: for time_grammar. likelihood: 0..1, that the column is a time of this format, judged by its texts
    alone: from 0.9 on it is hardly anything else, below 0.5 it needs more, such as the column's name. day_first:
    whether the day stands before the month; None where the format has not both as numbers. naive: whether times name no
    zone; None where some do. is_date: whether it has no time of day, which another column may have. is_interval:
    whether texts have start and end.
    """

    format: str
    kind: TimeKind
    likelihood: float
    day_first: bool | None = None
    naive: bool | None = True
    decimal: str = "."
    is_date: bool = False
    is_interval: bool = False


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a column's texts can be as times.

    formats: all that read every text, the likeliest first; empty where it is no time. day_first: of them; None where
    both orders read every text, and only a person can tell. is_time_of_day: texts such as 18:00:00, which need a date
    from another column.
    """

    formats: tuple[Candidate, ...]
    day_first: bool | None
    is_time_of_day: bool = False

    @property
    def best(self) -> Candidate | None:
        """The likeliest format, if there is any."""
        return self.formats[0] if self.formats else None


def candidate_formats(texts: pa.StringArray) -> Candidates:
    """Every format that reads all the texts. texts: of one column, without its missing ones; the more, the better."""
    found = []
    if len(texts):
        for format_, kind in (("iso", TimeKind.WRITTEN), ("%d.%m.%Y %H:%M:%S", TimeKind.WRITTEN)):
            if not time_grammar(format_).read(texts).odd.any():
                found.append(Candidate(format_, kind, 0.9))
    return Candidates(tuple(found), day_first=False)

"""Finds the possible time formats of a column: all that read each of its texts, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from iotctl.formats.layouts.layout import ISO
from iotctl.formats.times.formats import time_grammar
from iotctl.formats.times.grammar import LONGEST_TEXT
from iotctl.formats.times.iso import Times
from iotctl.formats.times.likelihood import counted_likelihood, written_likelihood
from iotctl.formats.times.strptime import StrptimeGrammar
from iotctl.formats.times.text_patterns import clock_patterns, text_patterns
from iotctl.model import EARLIEST, LATEST


class TimeKind(StrEnum):
    """The kind of texts in a column of times."""

    WRITTEN = "written"  # date and time with signs between them; rarely anything else
    CALENDAR = "calendar"  # only digits: 20210102
    EPOCH = "epoch"
    DAY_NUMBER = "day number"  # of Excel or MATLAB
    ELAPSED = "elapsed"  # numbers that rise from around zero


@dataclass(frozen=True, slots=True)
class Candidate:
    """A format that reads every text.

    format, decimal: for time_grammar. likelihood: 0..1, that the column is a time of this format, judged only by its
    texts: from 0.9 on it is almost certain, below 0.5 it needs more, such as the column's name. day_first: whether the
    day comes before the month; None if this cannot be confused (year first, a month's name, or no day). naive: whether
    times have no zone; None if some have one. is_date: whether it has no time of day, which may be in another column.
    is_interval: whether texts have start and end.
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
    """The possible time formats of a column.

    formats: all that read every text, the likeliest first; empty if it is not a time. day_first: of these formats; None
    if both orders read every text, so that a person must decide. is_time_of_day: texts such as 18:00:00, which need a
    date from another column.
    """

    formats: tuple[Candidate, ...]
    day_first: bool | None
    is_time_of_day: bool = False

    @property
    def best(self) -> Candidate | None:
        """The likeliest format, if there is any."""
        return self.formats[0] if self.formats else None


# Patterns are made from this many texts, spread over the column, and tried on some texts before all of them.
_SAMPLES, _FIRST_TRIED = 12, 64
_HALVES = re.compile(r"(?P<start>.*?\S)(?:[ \t]+(?:-|–|—|to|until|bis)[ \t]+|[ \t]*/[ \t]*)\S.*")
_HALVES_BY_DASH = re.compile(r"(?P<start>.*?\d:\d\d[^-–—/]*?)[-–—].+")
_ISO_BEGIN = re.compile(r"\d{4}-\d\d|\d{8}", re.ASCII)
_NUMBER = r"^[ \t]*[+-]?[0-9]+(?:[.,][0-9]*)?(?:[eE][+-]?[0-9]+)?[ \t]*$"
_COUNTED = {
    "epoch-s": TimeKind.EPOCH,
    "epoch-ms": TimeKind.EPOCH,
    "epoch-us": TimeKind.EPOCH,
    "epoch-ns": TimeKind.EPOCH,
    "excel": TimeKind.DAY_NUMBER,
    "matlab": TimeKind.DAY_NUMBER,
    "elapsed-s": TimeKind.ELAPSED,
}
# A reading is at most a little later than now.
_MOST_AHEAD = timedelta(days=366)


def candidate_formats(texts: pa.StringArray, now: datetime | None = None) -> Candidates:
    """Every format that reads all the texts.

    texts: of one column, without missing ones, in the order of the file. Distinct texts are enough; more are better.
    now: times that are much later are unlikely. Default: the clock of the computer.
    """
    latest = (now or datetime.now(UTC)) + _MOST_AHEAD
    texts = pc.utf8_trim(texts.drop_null(), " \t")
    if not len(texts) or pc.max(pc.utf8_length(texts)).as_py() > LONGEST_TEXT:
        return Candidates((), day_first=False)
    is_number = pc.all(pc.match_substring_regex(texts, _NUMBER)).as_py()
    found = _written(texts, latest, is_number=is_number)
    if is_number:
        found += _counted(texts, latest)
    if not found and not is_number and _is_time_of_day(texts):
        return Candidates((), day_first=False, is_time_of_day=True)
    found.sort(key=lambda candidate: -candidate.likelihood)
    orders = {candidate.day_first for candidate in found} - {None}
    return Candidates(tuple(found), None if len(orders) > 1 else True in orders)


def _written(texts: pa.StringArray, latest: datetime, *, is_number: bool) -> list[Candidate]:
    """Candidates from patterns, without formats that read the texts in the same way."""
    seen: list[tuple[str, Times]] = []
    found = []
    for format_, is_interval in _patterns(texts):
        times = _read_all(format_, texts)
        if times is None or times.time.min() < EARLIEST or times.time.max() >= LATEST:
            continue
        order = "Ymd" if format_ == ISO else "".join(re.findall("%([Yymdj])", format_))
        if any(order == other and _same(times, known) for other, known in seen):
            continue
        seen.append((order, times))
        is_date = not re.search("%[HI]", format_) if format_ != ISO else _are_dates(texts)
        is_packed = re.search("%[Yymd]%[Yymdj]", format_) is not None
        likelihood = written_likelihood(
            order, texts, times, latest, is_date=is_date, is_packed=is_packed, is_number=is_number
        )
        kind = TimeKind.CALENDAR if is_number else TimeKind.WRITTEN
        naive, day_first = _naive(times), _day_first(order)
        found.append(Candidate(format_, kind, likelihood, day_first, naive, ".", is_date, is_interval))
    # No language has month.day.year (Unicode's locale data). So if both orders read all, day.month.year counts.
    if any(candidate.day_first and _by_points(candidate.format) for candidate in found):
        found = [other for other in found if other.day_first is not False or not _by_points(other.format)]
    return found


def _by_points(format_: str) -> bool:
    return re.search(r"%[dm]\. ?%[dm]\.", format_) is not None


def _patterns(texts: pa.StringArray) -> list[tuple[str, bool]]:
    """(format, whether it is for the halves of an interval); the most specific patterns first."""
    some = texts.take(pa.array(np.linspace(0, len(texts) - 1, min(len(texts), _SAMPLES)).astype(np.int64)))
    samples = list(dict.fromkeys(some.to_pylist()))
    matches = (regex.fullmatch(text) for text in samples for regex in (_HALVES, _HALVES_BY_DASH))
    starts = [match["start"] for match in matches if match]
    iso = (ISO, all(_HALVES.fullmatch(text) for text in samples))
    found = [(pattern, False) for text in samples for pattern in text_patterns(text)]
    found += [(pattern, True) for text in starts for pattern in text_patterns(text)]
    # For digits alone, a pattern is more specific than ISO; and besides 20210102 13 there may be 20210102 9.
    is_plain = all(text[4:5] == "-" for text in samples)
    if all(_ISO_BEGIN.match(text) for text in samples):
        found = [iso, *found] if is_plain else [*found, iso]
    return list(dict.fromkeys(found))


def _read_all(format_: str, texts: pa.StringArray, decimal: str = ".") -> Times | None:
    """The texts as times; None if a text does not fit the format, or the format cannot be used."""
    try:
        grammar = time_grammar(format_, decimal=decimal)
    except ValueError:
        return None
    if grammar.read(texts[:_FIRST_TRIED]).odd.any():
        return None
    times = grammar.read(texts)
    return None if times.odd.any() else times


def _same(times: Times, other: Times) -> bool:
    return bool(np.array_equal(times.time, other.time) and np.array_equal(times.naive, other.naive))


def _naive(times: Times) -> bool | None:
    return bool(times.naive.all()) if times.naive.all() or not times.naive.any() else None


def _day_first(order: str) -> bool | None:
    if order[:1] in ("Y", "y") or not {"m", "d"} <= set(order):
        return None
    return order.index("d") < order.index("m")


def _are_dates(texts: pa.StringArray) -> bool:
    """Whether ISO texts have no time of day."""
    return bool(pc.all(pc.match_substring_regex(texts, "^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$")).as_py())


def _counted(texts: pa.StringArray, latest: datetime) -> Iterator[Candidate]:
    commas = pc.any(pc.match_substring(texts, ",")).as_py()
    decimal = "," if commas else "."
    for format_, kind in _COUNTED.items():
        times = _read_all(format_, texts, decimal)
        if times is None:
            continue
        likelihood = counted_likelihood(format_, texts, times, latest)
        if likelihood:
            is_date = kind is TimeKind.DAY_NUMBER and not (times.time % 86_400_000_000).any()
            yield Candidate(format_, kind, likelihood, naive=_naive(times), decimal=decimal, is_date=is_date)


def _is_time_of_day(texts: pa.StringArray) -> bool:
    for pattern in clock_patterns(texts[0].as_py()):
        if not StrptimeGrammar(pattern, needs_date=False).read(texts).odd.any():
            return True
    return False

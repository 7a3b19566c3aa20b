"""Events: stretches of rows whose score is too high, each with its kind and a sentence that explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.components import STUCK_SCORE, Components
from iotctl.analysis.described import Floats, Modelled, Stretch, describe, runs_of
from iotctl.analysis.habit import habits
from iotctl.analysis.kinds import leaning, name_kind
from iotctl.analysis.moved import moved_rows
from iotctl.analysis.onset import LOOKED_AT_BEFORE, onset_row
from iotctl.analysis.promised import (
    ALWAYS,
    MOST_LOOSER,
    SEVERITY_A_DECADE,
    a_year,
    asked_decades,
    by_score,
    by_severity,
    by_tails,
)
from iotctl.analysis.rolling import Column
from iotctl.analysis.tails import Tail
from iotctl.model import Event, Kind, SensorMemory

_TRIM_SCORE = 4.0
_STRAY_ROWS = 2
_STUCK_PART = 0.5  # of the rows of an event that is named so
_SIDE_PART = 4  # a fourth of an event's rows, on both sides of it, tell a drift from a shift

# One event in so many rows is few; where there are ten times as many, the weakest have to be 1.7 times as severe.
_ROWS_PER_EVENT, _CROWD_DECADES = 4000, SEVERITY_A_DECADE

# Long stretches of a high score are left out of what is usual, if they are at most such a part of all rows.
_LONG_ROWS, _MOST_ANOMALOUS, _FEW_LONG, _WORST_LONG = 24, 0.2, 10, 3


def usual_rows(score: Floats, threshold: float) -> NDArray[np.bool_] | None:
    """The rows outside long stretches of a high score, (n,); None, for all, where those are too many rows.

    Where there are many stretches, they are how the sensor is: only the worst are left out.
    """
    long = [(start, end) for start, end in runs_of(score >= threshold) if end - start >= _LONG_ROWS]
    if len(long) > max(_FEW_LONG, len(score) // _ROWS_PER_EVENT):  # how the sensor is, but perhaps for the worst
        long = sorted(long, key=lambda rows: -float(score[rows[0] : rows[1]].max()))[:_WORST_LONG]
    if not long:
        return None
    usual = np.ones(len(score), dtype=np.bool_)
    for start, end in long:
        usual[start:end] = False
    return usual if usual.mean() >= 1 - _MOST_ANOMALOUS else None


def find_events(
    series: Modelled,
    components: Components,
    tails: Mapping[str, Tail],
    threshold: float,
    min_severity: float,
    false_alarms: float = 1.0,
    memory: SensorMemory | None = None,
) -> list[Event]:
    """Events of which the sensor would have at most so many a year by chance, by start.

    Stretches less than 13 rows apart are one; each is trimmed to the rows that are odd by themselves. threshold: what
    the score reaches once a year at most. tails: of each component, by name; without them nothing is put down to
    chance. min_severity is what a series with few events asks of each at one false alarm a year; where there are many,
    more is asked of the weaker ones. What is told at a lower rate is told at a higher one, over the same rows. memory:
    see asked_decades.
    """
    enough = asked_decades(series.time, memory)
    runs = runs_of(series.score >= threshold)
    chance = dict(zip(runs, by_tails(components, tails, runs, enough).tolist(), strict=True))
    rare = [run for run in runs if chance[run] <= 0]
    found = _stretches(series, components, rare, threshold)
    asked = _asked(series, found, found, min_severity)
    rates = [_rate(series, s, chance[run], ask, threshold) for s, run, ask in zip(found, rare, asked, strict=True)]
    # Where nothing is chance, as in a series that stands still, nothing is a habit.
    usual = habits(series, [s for s, rate in zip(found, rates, strict=True) if rate <= 1.0]) if tails else {}
    told = [(s, max(rate, usual.get(s, 0.0))) for s, rate in zip(found, rates, strict=True)]
    if false_alarms > 1.0:
        # They lie between those of one a year, and change nothing about these.
        weaker = _weaker_runs(series.score, threshold)
        chance |= dict(zip(weaker, by_tails(components, tails, weaker, enough).tolist(), strict=True))
        weak = [run for run in runs if chance[run] > 0] + weaker
        weak = [run for run in weak if 10.0 ** chance[run] <= false_alarms]
        more = [_stretch(series, components, run, threshold, (0, len(series.value))) for run in weak]
        asked = _asked(series, more, found, min_severity)
        told += [
            (stretch, _rate(series, stretch, chance[run], ask, threshold))
            for stretch, run, ask in zip(more, weak, asked, strict=True)
            if not any(stretch.start < other.end and other.start < stretch.end for other in found)
        ]
    return [
        replace(describe(series, stretch, threshold, components=components), a_year=rate, onset=_onset(series, stretch))
        for stretch, rate in sorted(told, key=lambda one: one[0].start)
        if rate <= false_alarms
    ]


def _onset(series: Modelled, stretch: Stretch) -> int | None:
    """When the event of a stretch began, microseconds since 1970-01-01 UTC; equal values begin where they begin.

    A drift starts where its line is zero. That is long before it began, if it has stayed on the level that it reached.
    """
    if stretch.kind is Kind.STUCK:
        return None
    first = max(0, stretch.start - LOOKED_AT_BEFORE)
    u, start = series.u(first, stretch.end), stretch.start - first
    if stretch.kind is Kind.DRIFT:
        start += int(np.argmax(np.abs(u[start:]) >= _TRIM_SCORE))
    return int(series.time[first + onset_row(u, start, len(u))])


def _stretches(
    series: Modelled, components: Components, runs: Sequence[tuple[int, int]], threshold: float
) -> list[Stretch]:
    """Each run as a stretch of its kind; a drift reaches back to where it began."""
    found: list[Stretch] = []
    for i, run in enumerate(runs):
        earliest = found[-1].end if found else 0
        latest = runs[i + 1][0] if i + 1 < len(runs) else len(series.value)
        stretch = _stretch(series, components, run, threshold, (earliest, latest))
        if stretch.kind is Kind.DRIFT:
            u, before, after = _with_sides(series, stretch, earliest, latest)
            begins, ends = _whole_drift(u, before, after)
            first, last = max(stretch.start + begins, earliest), min(stretch.start + ends, latest)
            stretch = replace(stretch, start=first, end=last)
        found.append(stretch)
    return found


def _stretch(
    series: Modelled, components: Components, run: tuple[int, int], threshold: float, between: tuple[int, int]
) -> Stretch:
    """A run trimmed to its odd rows, with its kind by them and the rows beside them, as far as those lie in between."""
    scores = components.scores
    first, last = _trimmed(_sharp(scores, *run), *run, threshold, moved_rows(series, scores, *run, threshold))
    if (scores["stuck"][first:last] >= STUCK_SCORE).mean() >= _STUCK_PART:
        return Stretch(first, last, Kind.STUCK)
    whole = Stretch(first, last, Kind.SPIKE)
    return replace(whole, kind=name_kind(*_with_sides(series, whole, *between)))


def _sharp(scores: Mapping[str, Column], start: int, end: int) -> Floats:
    """The components that show by themselves which rows are odd; (end - start,)."""
    rows = slice(start, end)
    sharp: Floats = np.maximum.reduce([scores["point"][rows], scores["local"][rows], scores["stuck"][rows]])
    return sharp


def _with_sides(series: Modelled, stretch: Stretch, earliest: int, latest: int) -> tuple[Floats, Floats, Floats]:
    """Residuals of a stretch, and of the rows on both sides that tell a drift from a shift."""
    first, last = stretch.start, stretch.end
    side = (last - first) // _SIDE_PART
    before, after = series.u(max(first - side, earliest), first), series.u(last, min(last + side, latest))
    return series.u(first, last), before, after


def _weaker_runs(score: Floats, threshold: float) -> list[tuple[int, int]]:
    """Runs of a score that is less than the threshold, but not by much, away from those that reach it."""
    runs = runs_of(score >= threshold - MOST_LOOSER)
    return [(start, end) for start, end in runs if score[start:end].max() < threshold]


def _rate(series: Modelled, stretch: Stretch, chance: float, asked: float, threshold: float) -> float:
    """How often a year a stretch would come by chance; stuck ones are judged by length alone."""
    rows = slice(stretch.start, stretch.end)
    rarity = ALWAYS if stretch.kind is Kind.STUCK else by_severity(float(series.severity[rows].max()), asked)
    return a_year(chance, by_score(float(series.score[rows].max()), threshold), rarity)


def _asked(series: Modelled, stretches: list[Stretch], crowd: list[Stretch], min_severity: float) -> Floats:
    """The severity that is asked of each stretch, so that it is rare enough among the crowd of its series.

    As in the control of false discoveries (Benjamini and Hochberg, JRSS B 1995) the k-th most severe has to be the
    rarer the larger k is: what happens every day is how the sensor is, whatever its size in sigma.
    """
    own = np.array([_severity(series, s) for s in stretches])
    others = np.array([_severity(series, s) for s in crowd])
    if stretches is crowd:
        rank = np.empty(len(own), dtype=np.float64)
        rank[np.argsort(-own, kind="stable")] = np.arange(1, len(own) + 1)
    else:
        rank = (1 + len(others) - np.searchsorted(np.sort(others), own)).astype(np.float64)
    among = np.maximum(rank / max(1.0, len(series.value) / _ROWS_PER_EVENT), 1.0)
    asked: Floats = min_severity * (1 + _CROWD_DECADES * np.log10(among))
    return asked


def _severity(series: Modelled, stretch: Stretch) -> float:
    return float(series.severity[stretch.start : stretch.end].max())


def _trimmed(
    sharp: Floats, start: int, end: int, threshold: float, moved: Sequence[tuple[int, int]] = ()
) -> tuple[int, int]:
    """[start, end) drawn in to the rows that are odd by themselves, but for a stray one or two far from the others.

    sharp: (end - start,). moved: see moved_rows; these rows are odd, too.
    """
    groups = runs_of(sharp >= _TRIM_SCORE)
    firm = [
        (first, last)
        for first, last in groups
        if sharp[first:last].max() >= threshold or np.count_nonzero(sharp[first:last] >= _TRIM_SCORE) > _STRAY_ROWS
    ]
    kept = [*firm, *moved] or groups or [(0, end - start)]
    return start + min(first for first, _ in kept), start + max(last for _, last in kept)


def _whole_drift(u: Floats, before: Floats, after: Floats) -> tuple[int, int]:
    """[start, end) of a drift, counted from its first odd row: up to where its line is zero, which no row shows.

    u: its odd rows. before, after: those on both sides, in which it may have begun. At most as many rows more as are
    odd.
    """
    count = len(u)
    centre = float(np.median(u))
    sides = [side if leaning(side, centre) else side[:0] for side in (before, after)]
    row = np.arange(-len(sides[0]), count + len(sides[1]))
    slope, level = np.polyfit(row, np.concatenate([sides[0], u, sides[1]]), 1)
    if slope == 0:
        return 0, count
    zero = int(np.clip(-level / slope, -count, 2 * count))
    return min(zero, 0), max(zero, count)

"""Events: stretches of rows with too high a score, each with its kind and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.events.described import Floats, Modelled, Stretch, describe, runs_of
from iotctl.analysis.events.habit import habits
from iotctl.analysis.events.kinds import leaning, name_kind
from iotctl.analysis.events.moved import moved_rows
from iotctl.analysis.events.onset import LOOKED_AT_BEFORE, onset_row
from iotctl.analysis.scores.components import STUCK_SCORE, Components
from iotctl.analysis.scores.promised import (
    ALWAYS,
    MOST_LOOSER,
    SEVERITY_A_DECADE,
    a_year,
    asked_decades,
    by_score,
    by_severity,
    by_tails,
)
from iotctl.analysis.scores.rolling import Column
from iotctl.analysis.scores.tails import Tail
from iotctl.model import Event, Kind, SensorMemory

_TRIM_SCORE = 4.0
_STRAY_ROWS = 2
_STUCK_PART = 0.5  # of the rows of such an event
_SIDE_PART = 4  # the rows on both sides, a fourth of the event's, tell a drift from a shift

# One event in so many rows is few. With ten times as many events, the weakest must be 1.7 times as severe.
_ROWS_PER_EVENT, _CROWD_DECADES = 4000, SEVERITY_A_DECADE

# Long stretches of a high score are not counted as usual, if they are at most this part of all rows.
_LONG_ROWS, _MOST_ANOMALOUS, _FEW_LONG, _WORST_LONG = 24, 0.2, 10, 3


def usual_rows(score: Floats, threshold: float) -> NDArray[np.bool_] | None:
    """The rows outside long stretches of a high score, (n,); None for all rows, where the stretches are too much.

    Many stretches are normal for their sensor: then only the worst are left out.
    """
    long = [(start, end) for start, end in runs_of(score >= threshold) if end - start >= _LONG_ROWS]
    if len(long) > max(_FEW_LONG, len(score) // _ROWS_PER_EVENT):  # normal for the sensor, except perhaps the worst
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
    """The events, by start, as many as the promised rate of false alarms allows.

    Stretches less than 13 rows apart are one; each is trimmed to the rows that are odd by themselves. threshold: what
    the score reaches by chance at most once a year. tails: of each component, by name; without tails nothing counts as
    chance. min_severity: what an event needs at one false alarm a year, in a series with few events; where there are
    many, the weaker ones need more. A higher rate finds all events of a lower one, with the same rows. memory: see
    asked_decades.
    """
    enough = asked_decades(series.time, memory)
    runs = runs_of(series.score >= threshold)
    chance = dict(zip(runs, by_tails(components, tails, runs, enough).tolist(), strict=True))
    rare = [run for run in runs if chance[run] <= 0]
    found = _stretches(series, components, rare, threshold)
    asked = _asked(series, found, found, min_severity)
    rates = [_rate(series, s, chance[run], ask, threshold) for s, run, ask in zip(found, rare, asked, strict=True)]
    # In a series that stands still nothing is chance, so nothing is a habit.
    usual = habits(series, [s for s, rate in zip(found, rates, strict=True) if rate <= 1.0]) if tails else {}
    told = [(s, max(rate, usual.get(s, 0.0))) for s, rate in zip(found, rates, strict=True)]
    if false_alarms > 1.0:
        # They lie between the events of one false alarm a year, and do not change these.
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
    """When the event of a stretch began, microseconds since 1970-01-01 UTC. Equal values begin at their first row.

    A drift starts where its line is zero. If it has stayed on its last level, this is long before it began.
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
    """A run trimmed to its odd rows. Its kind follows from these, and from the rows beside them within bounds."""
    scores = components.scores
    first, last = _trimmed(_sharp(scores, *run), *run, threshold, moved_rows(series, scores, *run, threshold))
    if (scores["stuck"][first:last] >= STUCK_SCORE).mean() >= _STUCK_PART:
        return Stretch(first, last, Kind.STUCK)
    whole = Stretch(first, last, Kind.SPIKE)
    return replace(whole, kind=name_kind(*_with_sides(series, whole, *between)))


def _sharp(scores: Mapping[str, Column], start: int, end: int) -> Floats:
    """The scores of the components that show which single rows are odd; (end - start,)."""
    rows = slice(start, end)
    sharp: Floats = np.maximum.reduce([scores["point"][rows], scores["local"][rows], scores["stuck"][rows]])
    return sharp


def _with_sides(series: Modelled, stretch: Stretch, earliest: int, latest: int) -> tuple[Floats, Floats, Floats]:
    """Residuals of a stretch, and of the rows before and after it, which tell a drift from a shift."""
    first, last = stretch.start, stretch.end
    side = (last - first) // _SIDE_PART
    before, after = series.u(max(first - side, earliest), first), series.u(last, min(last + side, latest))
    return series.u(first, last), before, after


def _weaker_runs(score: Floats, threshold: float) -> list[tuple[int, int]]:
    """Runs with a score just below the threshold, away from the runs that reach it."""
    runs = runs_of(score >= threshold - MOST_LOOSER)
    return [(start, end) for start, end in runs if score[start:end].max() < threshold]


def _rate(series: Modelled, stretch: Stretch, chance: float, asked: float, threshold: float) -> float:
    """How often a year a stretch would come by chance; stuck ones are judged only by their length."""
    rows = slice(stretch.start, stretch.end)
    rarity = ALWAYS if stretch.kind is Kind.STUCK else by_severity(float(series.severity[rows].max()), asked)
    return a_year(chance, by_score(float(series.score[rows].max()), threshold), rarity)


def _asked(series: Modelled, stretches: list[Stretch], crowd: list[Stretch], min_severity: float) -> Floats:
    """The severity that each stretch needs, so that it is rare enough among the others of its series.

    As in the control of false discoveries (Benjamini and Hochberg, JRSS B 1995): the larger k is, the rarer the k-th
    most severe must be. What happens every day is normal for the sensor, whatever its size in sigma.
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
    """[start, end) trimmed to the rows that are odd by themselves, without one or two that lie far from the others.

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
    """[start, end) of a drift, counted from its first odd row, extended to where its line is zero.

    u: its odd rows. before, after: the rows on both sides, in which it may have begun. At most as many rows are added
    as are odd.
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

"""Events: stretches of rows whose score is too high, each with its kind and a sentence that explains it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.components import STUCK_SCORE, Components
from iotctl.analysis.described import Floats, Modelled, Stretch, describe, runs_of
from iotctl.analysis.kinds import leaning, name_kind
from iotctl.analysis.tails import Tail
from iotctl.model import Event, Kind

_TRIM_SCORE = 4.0
_STRAY_ROWS = 2
_SIDE_PART = 4  # a fourth of an event's rows, on both sides of it, tell a drift from a shift

# One event in so many rows is few; where there are ten times as many, the weakest have to be 1.7 times as severe.
_ROWS_PER_EVENT, _CROWD_DECADES = 4000, 0.7

# Long stretches of a high score are left out of what is usual, if they are at most such a part of all rows.
_LONG_ROWS, _MOST_ANOMALOUS, _FEW_LONG, _WORST_LONG = 24, 0.12, 10, 3

# Less is asked of short series, whose tails hold the anomalies themselves.
_SHORT_SLACK, _LONG_SERIES = 3.0, 50_000


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
    series: Modelled, components: Components, tails: Mapping[str, Tail], threshold: float, min_severity: float
) -> list[Event]:
    """Events where the score reaches the threshold, by start.

    Stretches less than 13 rows apart are one; those that chance explains are none; each is trimmed to the rows that are
    odd by themselves. tails: of each component, by name; without them nothing is put down to chance. min_severity is
    what a series with few events asks of each; where there are many, more is asked of the weaker ones.
    """
    sharp = np.maximum.reduce([components.scores["point"], components.scores["local"], components.scores["stuck"]])
    found: list[Stretch] = []
    stretches = [
        (start, end)
        for start, end in runs_of(series.score >= threshold)
        if not _by_chance(components, tails, start, end)
    ]
    for i, (start, end) in enumerate(stretches):
        first, last = _trimmed(sharp, start, end, threshold)
        earliest = found[-1].end if found else 0
        latest = stretches[i + 1][0] if i + 1 < len(stretches) else len(series.value)
        side = (last - first) // _SIDE_PART
        u, before = series.u(first, last), series.u(max(first - side, earliest), first)
        after = series.u(last, min(last + side, latest))
        stuck = components.scores["stuck"][first:last].max() >= STUCK_SCORE
        kind = Kind.STUCK if stuck else name_kind(u, before, after)
        if kind is Kind.DRIFT:
            begins, ends = _whole_drift(u, before, after)
            first, last = max(first + begins, earliest), min(first + ends, latest)
        found.append(Stretch(first, last, kind))
    return [
        describe(series, stretch, threshold, components=components) for stretch in _severe(series, found, min_severity)
    ]


def _by_chance(components: Components, tails: Mapping[str, Tail], start: int, end: int) -> bool:
    """Whether a series of this length has an event like rows [start, end) by the usual tail of each component.

    Runs of equal values are judged where they are measured; what has no tail is judged by its score alone.
    """
    judged = {name: score for name, score in components.scores.items() if name in tails and name != "stuck"}
    if not judged or components.scores["stuck"][start:end].max() >= STUCK_SCORE:
        return False
    n = len(components.scores["point"])
    enough = float(np.log10(n)) + _SHORT_SLACK * min(0.0, float(np.log10(n / _LONG_SERIES)))
    return all(tails[name].decades(float(score[start:end].max())) < enough for name, score in judged.items())


def _trimmed(sharp: Floats, start: int, end: int, threshold: float) -> tuple[int, int]:
    """[start, end) drawn in to the rows that are odd by themselves, but for a stray one or two far from the others."""
    groups = [(start + first, start + last) for first, last in runs_of(sharp[start:end] >= _TRIM_SCORE)]
    firm = [
        (first, last)
        for first, last in groups
        if sharp[first:last].max() >= threshold or np.count_nonzero(sharp[first:last] >= _TRIM_SCORE) > _STRAY_ROWS
    ]
    kept = firm or groups or [(start, end)]
    return kept[0][0], kept[-1][1]


def _severe(series: Modelled, found: list[Stretch], min_severity: float) -> list[Stretch]:
    """The stretches that are rare enough among all of their series; stuck ones are judged by length alone.

    As in the control of false discoveries (Benjamini and Hochberg, JRSS B 1995) the k-th most severe has to be the
    rarer the larger k is: what happens every day is how the sensor is, whatever its size in sigma.
    """
    severities = np.array([float(series.severity[s.start : s.end].max()) for s in found])
    rank = np.empty(len(found))
    rank[np.argsort(-severities, kind="stable")] = np.arange(1, len(found) + 1)
    crowd = np.maximum(rank / max(1.0, len(series.value) / _ROWS_PER_EVENT), 1.0)
    severe = severities >= min_severity * (1 + _CROWD_DECADES * np.log10(crowd))
    return [s for s, kept in zip(found, severe, strict=True) if kept or s.kind is Kind.STUCK]


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

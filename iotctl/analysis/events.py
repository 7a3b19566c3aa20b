"""Events: stretches of rows whose score is too high, each with its kind and a sentence that explains it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.components import STUCK_SCORE, Components
from iotctl.analysis.invalid import Absurd, name_of
from iotctl.analysis.kinds import Reach, explain, leaning, name_kind, number, span
from iotctl.analysis.tails import MOST_DECADES, Tail
from iotctl.model import Event, Kind

Floats = NDArray[np.float64]

_MERGED_ROWS = 12
_TRIM_SCORE = 4.0
_STRAY_ROWS = 2
_SIDE_PART = 4  # a fourth of an event's rows, on both sides of it, tell a drift from a shift

# One event in so many rows is few; where there are ten times as many, the weakest have to be 1.7 times as severe.
_ROWS_PER_EVENT, _CROWD_DECADES = 4000, 0.7

# A step this many times the usual one, and longer than nearly all others, is missing data.
_GAP_STEPS, _GAP_QUANTILE, _GAP_FACTOR = 10.0, 0.99, 3.0

# Long stretches of a high score are left out of what is usual, if they are at most such a part of all rows.
_LONG_ROWS, _MOST_ANOMALOUS, _FEW_LONG, _WORST_LONG = 24, 0.12, 10, 3

# Less is asked of short series, whose tails hold the anomalies themselves.
_SHORT_SLACK, _LONG_SERIES = 3.0, 50_000

_HOUR = 3_600_000_000
_INVALID_APART = 24 * _HOUR


@dataclass(frozen=True)
class Modelled:
    """A series beside its model; all (n,). time: int64, microseconds since 1970-01-01 UTC. scale: robust sigma.

    unit: of its values, for people; empty where it is not known.
    """

    time: NDArray[np.int64]
    value: Floats
    expected: Floats
    scale: Floats
    score: Floats
    severity: Floats
    unit: str = ""

    def u(self, start: int, end: int) -> Floats:
        """Residuals of rows [start, end) in robust sigma."""
        rows = slice(start, end)
        residuals: Floats = (self.value[rows] - self.expected[rows]) / self.scale[rows]
        return residuals


@dataclass(frozen=True)
class _Stretch:
    """Rows [start, end) of one kind."""

    start: int
    end: int
    kind: Kind


def usual_rows(score: Floats, threshold: float) -> NDArray[np.bool_] | None:
    """The rows outside long stretches of a high score, (n,); None, for all, where those are too many rows.

    Where there are many stretches, they are how the sensor is: only the worst are left out.
    """
    long = [(start, end) for start, end in _stretches(score >= threshold) if end - start >= _LONG_ROWS]
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
    found: list[_Stretch] = []
    stretches = [
        (start, end)
        for start, end in _stretches(series.score >= threshold)
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
        found.append(_Stretch(first, last, kind))
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
    groups = [(start + first, start + last) for first, last in _stretches(sharp[start:end] >= _TRIM_SCORE)]
    firm = [
        (first, last)
        for first, last in groups
        if sharp[first:last].max() >= threshold or np.count_nonzero(sharp[first:last] >= _TRIM_SCORE) > _STRAY_ROWS
    ]
    kept = firm or groups or [(start, end)]
    return kept[0][0], kept[-1][1]


def _severe(series: Modelled, found: list[_Stretch], min_severity: float) -> list[_Stretch]:
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


def find_gaps(series: Modelled, threshold: float) -> list[Event]:
    """Missing data: steps far longer than this sensor's usual ones, by start."""
    if len(series.time) < 3:
        return []
    steps = np.diff(series.time)
    usual = float(np.median(steps))
    least = max(_GAP_STEPS * usual, _GAP_FACTOR * float(np.quantile(steps, _GAP_QUANTILE)))
    events = []
    for row in np.flatnonzero(steps > least).tolist():
        event = describe(series, _Stretch(row, row + 2, Kind.GAP), threshold)
        missing = round(steps[row] / usual) - 1
        events.append(
            replace(
                event,
                severity=float(np.log10(steps[row] / usual)),
                score=0.0,
                explanation=f"no reading for {span(steps[row] / _HOUR)}, about {missing} missing",
            )
        )
    return events


def find_invalid(time: NDArray[np.int64], value: Floats, absurd: Absurd, expected: Floats, unit: str) -> list[Event]:
    """Readings that are none, by start; value: all readings (n,). expected: what the model has at their rows, (n,)."""
    events = []
    found = np.flatnonzero(absurd.rows)
    # A device that sends a code for no value does so now and then for a while: those of a day are one event.
    for rows in np.split(found, np.flatnonzero(np.diff(time[found]) > _INVALID_APART) + 1) if len(found) else []:
        at = int(rows[np.argmax(np.abs(value[rows] / 2 - expected[rows] / 2))])
        band = (absurd.high - absurd.low) / 2 or abs(absurd.high) / 10
        name = name_of(float(value[at]))
        read = f"{value[at]:.12g}" if name else number(float(value[at]), band, unit)
        usual = number(absurd.high, band, unit)
        if absurd.low < absurd.high:
            usual = f"{number(absurd.low, band)} to {usual}"
        named = f", {name}" if name else ""
        first, last = int(time[rows[0]]), int(time[rows[-1]])
        which = "one reading" if len(rows) == 1 else f"{len(rows)} readings within {span((last - first) / _HOUR)}"
        events.append(
            Event(
                event_id=event_id(Kind.INVALID, first, last),
                kind=Kind.INVALID,
                start=first,
                end=last,
                rows=len(rows),
                severity=MOST_DECADES,
                score=0.0,
                extreme=float(value[at]),
                expected=float(expected[at]),
                low=absurd.low,
                high=absurd.high,
                explanation=f"{which} of {read}{named}: no value of this sensor, which reads {usual}",
            )
        )
    return events


def in_readings(events: list[Event], rises: Modelled, readings: Modelled, threshold: float) -> list[Event]:
    """Events of a counter's rises, with the readings in their numbers and what they are about in their sentence."""
    told = []
    for event in events:
        start, end = np.searchsorted(rises.time, [event.start, event.end + 1]).tolist()
        at = start + int(np.argmax(np.abs(rises.u(start, end))))
        expected, band = float(readings.expected[at]), threshold * float(readings.scale[at])
        if event.kind is Kind.STUCK:
            stands = number(float(np.median(readings.value[start:end])), max(band, 1.0), readings.unit)
            hours = (event.end - event.start) / _HOUR
            explanation = f"stuck at {stands} for {span(hours)}: {event.rows} readings without a change"
        else:
            explanation = f"rise from reading to reading: {event.explanation}"
        told.append(
            replace(
                event,
                extreme=float(readings.value[at]),
                expected=expected,
                low=expected - band,
                high=expected + band,
                explanation=explanation,
            )
        )
    return told


def find_beyond_limits(series: Modelled, limits: tuple[float, float], threshold: float) -> list[Event]:
    """Readings below the first or above the second of the physical limits, by start."""
    excess = np.maximum(limits[0] - series.value, series.value - limits[1])
    beyond = excess > 0
    events = []
    for start, end in _stretches(beyond):
        event = describe(series, _Stretch(start, end, Kind.LIMIT), threshold, start + int(np.argmax(excess[start:end])))
        rows = int(np.count_nonzero(beyond[start:end]))
        side, limit = ("below", limits[0]) if event.extreme < limits[0] else ("above", limits[1])
        farthest = number(event.extreme, event.high - event.expected, series.unit)
        which = f"one reading of {farthest}" if rows == 1 else f"{rows} readings, as far as {farthest},"
        explanation = f"{which} {side} the limit of {limit:.6g}{f' {series.unit}' if series.unit else ''}"
        events.append(replace(event, explanation=explanation))
    return events


def describe(
    series: Modelled, stretch: _Stretch, threshold: float, at: int | None = None, components: Components | None = None
) -> Event:
    """The event of a stretch with a sentence; at: its extreme reading, the one farthest from the model where None.

    components: what made it an event; the band and the sentence are those of the component that fired.
    """
    rows = slice(stretch.start, stretch.end)
    u = series.u(stretch.start, stretch.end)
    if components is not None and components.usual:
        at, reach = _fired(series, components, stretch, threshold)
    else:
        at = stretch.start + int(np.argmax(np.abs(u))) if at is None else at
        band = threshold * float(series.scale[at])
        reach = Reach(float(series.expected[at]), float(series.expected[at]) - band, float(series.expected[at]) + band)
    start, end = int(series.time[stretch.start]), int(series.time[stretch.end - 1])
    return Event(
        event_id=event_id(stretch.kind, start, end),
        kind=stretch.kind,
        start=start,
        end=end,
        rows=stretch.end - stretch.start,
        severity=float(series.severity[rows].max()),
        score=float(series.score[rows].max()),
        extreme=float(series.value[at]),
        expected=reach.expected,
        low=reach.low,
        high=reach.high,
        explanation=explain(
            stretch.kind,
            series.value[rows],
            series.expected[rows],
            u,
            at=at - stretch.start,
            reach=reach,
            hours=(end - start) / _HOUR,
            unit=series.unit,
        ),
    )


def _fired(series: Modelled, components: Components, stretch: _Stretch, threshold: float) -> tuple[int, Reach]:
    """The extreme row of a stretch, and what is usual there by the component that made it an event.

    That is the reading itself, or against its neighbours; else its mean, or its mean deviation, over a while, beyond
    whose usual range some reading is where the mean is.
    """
    rows = slice(stretch.start, stretch.end)
    u = series.u(stretch.start, stretch.end)
    best = {name: float(components.scores[name][rows].max()) for name in components.scores if name in components.usual}
    fired = next((name for name in ("point", "local") if best[name] >= threshold), max(best, key=lambda n: best[n]))
    usual = components.usual[fired]
    if fired in ("point", "local"):
        at = stretch.start + int(np.argmax(components.scores[fired][rows]))
    else:
        at = stretch.start + int(np.argmax(np.abs(u)))
    scale, expected = float(series.scale[at]), float(series.expected[at])
    low, high = -(threshold * usual.below - usual.centre) * scale, (threshold * usual.above + usual.centre) * scale
    if fired.startswith("spread"):
        low = -high
    if fired == "local":
        around = slice(max(at - 2, 0), at + 3)
        expected += float(np.median(series.value[around] - series.expected[around]))
    return at, Reach(expected, expected + low, expected + high, beside=fired == "local")


def _stretches(odd: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of runs of odd rows, those less than 13 rows apart together."""
    rows = np.flatnonzero(odd)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > _MERGED_ROWS + 1)
    starts, ends = rows[np.concatenate([[0], cuts + 1])], rows[np.concatenate([cuts, [len(rows) - 1]])] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def event_id(kind: Kind, start: int, end: int) -> str:
    """12 hex digits, the same for the same kind and times on any machine."""
    # Of what is exact on every machine alone: the last digits of a float differ between processors.
    return hashlib.sha256(f"{kind} {start} {end}".encode()).hexdigest()[:12]

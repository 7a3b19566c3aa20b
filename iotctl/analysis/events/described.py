"""A stretch of rows as an event: its usual range, its sentence, and its id."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.events.sentences import OddRows, Reach, explain, explain_stuck
from iotctl.analysis.scores.components import STUCK_SCORE, Components
from iotctl.analysis.sensor_kinds.readable import Readable
from iotctl.analysis.still import run_lengths
from iotctl.model import Event, Kind

Floats = NDArray[np.float64]

HOUR = 3_600_000_000
_MERGED_ROWS = 12


@dataclass(frozen=True)
class Modelled:
    """A series beside its model; all (n,). time: int64, microseconds since 1970-01-01 UTC. scale: robust sigma.

    unit: of its values, empty where it is not known. noun: what a value is called. readable: which values are possible.
    """

    time: NDArray[np.int64]
    value: Floats
    expected: Floats
    scale: Floats
    score: Floats
    severity: Floats
    unit: str = ""
    noun: str = "reading"
    readable: Readable = field(default_factory=Readable)

    def u(self, start: int, end: int) -> Floats:
        """Residuals of rows [start, end) in robust sigma."""
        rows = slice(start, end)
        residuals: Floats = (self.value[rows] - self.expected[rows]) / self.scale[rows]
        return residuals


@dataclass(frozen=True)
class Stretch:
    """Rows [start, end) of one kind."""

    start: int
    end: int
    kind: Kind


def runs_of(odd: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """[start, end) of runs of odd rows; runs less than 13 rows apart are one."""
    rows = np.flatnonzero(odd)
    if not len(rows):
        return []
    cuts = np.flatnonzero(np.diff(rows) > _MERGED_ROWS + 1)
    starts, ends = rows[np.concatenate([[0], cuts + 1])], rows[np.concatenate([cuts, [len(rows) - 1]])] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def describe(
    series: Modelled, stretch: Stretch, threshold: float, at: int | None = None, components: Components | None = None
) -> Event:
    """The event of a stretch, with its sentence. at: the row of its extreme reading; None: the farthest from the model.

    components: their scores; the band and the sentence follow the component with the highest one.
    """
    rows = slice(stretch.start, stretch.end)
    if components is not None and components.usual:
        at, reach = _fired(series, components, stretch, threshold)
    else:
        u = series.u(stretch.start, stretch.end)
        at = stretch.start + int(np.argmax(np.abs(u))) if at is None else at
        band = threshold * float(series.scale[at])
        reach = _reach(series, float(series.expected[at]), -band, band)
    severity, run = float(series.severity[rows].max()), None
    if (
        stretch.kind is Kind.STUCK
    ):  # the sentence tells how long the value was held, and nothing of the readings beside it
        run = _longest_run(series.value, stretch)
        at = min(max(at, run.start), run.stop - 1)
        severity = max(severity, _rarity_of_run(series.value, run.stop - run.start))
    start, end = int(series.time[stretch.start]), int(series.time[stretch.end - 1])
    return Event(
        event_id=event_id(stretch.kind, start, end),
        kind=stretch.kind,
        start=start,
        end=end,
        rows=stretch.end - stretch.start,
        severity=severity,
        score=float(series.score[rows].max()),
        extreme=float(series.value[at]),
        expected=reach.expected,
        low=reach.low,
        high=reach.high,
        explanation=_explained(series, stretch, at, reach) if run is None else _held(series, run, reach, components),
    )


def _explained(series: Modelled, stretch: Stretch, at: int, reach: Reach) -> str:
    part = slice(stretch.start, stretch.end)
    rows = OddRows(
        series.value[part],
        series.expected[part],
        series.u(stretch.start, stretch.end),
        at=at - stretch.start,
        hours=float(series.time[stretch.end - 1] - series.time[stretch.start]) / HOUR,
    )
    return explain(stretch.kind, rows, reach, series.unit, series.noun)


def _held(series: Modelled, run: slice, reach: Reach, components: Components | None) -> str:
    count = run.stop - run.start
    limit = None
    if components is not None and "stuck" in components.scores:
        score = float(components.scores["stuck"][run].max())
        limit = math.ceil(STUCK_SCORE * count / score - 1e-6) if score > 0 else None
    hours = float(series.time[run.stop - 1] - series.time[run.start]) / HOUR
    return explain_stuck(float(series.value[run.start]), reach.band, count, hours, limit, series.unit)


def _rarity_of_run(value: Floats, count: int) -> float:
    """By how many decades a run of equal values is longer than the usual runs of the series."""
    _, lengths = run_lengths(value)
    return float(np.log10(count / np.median(lengths)))


def _longest_run(value: Floats, stretch: Stretch) -> slice:
    """The rows of the longest run of equal values in a stretch."""
    starts, length = run_lengths(value[stretch.start : stretch.end])
    longest = int(np.argmax(length))
    first = stretch.start + int(starts[longest])
    return slice(first, first + int(length[longest]))


def _fired(series: Modelled, components: Components, stretch: Stretch, threshold: float) -> tuple[int, Reach]:
    """The extreme row of a stretch, and the usual range there by the component that made it an event.

    The component judges a reading itself, a reading against its neighbours, or a mean or mean deviation over a window.
    If a window's mean is outside its usual range, then so is some reading. In a shift or drift, the extreme row is on
    the side to which the level moved; the step back at the end does not count.
    """
    rows = slice(stretch.start, stretch.end)
    u = series.u(stretch.start, stretch.end)
    moved = stretch.kind in (Kind.SHIFT, Kind.DRIFT)
    best = {
        name: float(components.scores[name][rows].max())
        for name in components.scores
        if name in components.usual and not (moved and name == "local")
    }
    fired = next(
        (name for name in ("point", "local") if best.get(name, 0.0) >= threshold), max(best, key=lambda n: best[n])
    )
    usual = components.usual[fired]
    if moved:
        at = stretch.start + int(np.argmax(u * np.sign(np.median(u)) if np.median(u) else np.abs(u)))
    elif fired in ("point", "local"):
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
    return at, _reach(series, expected, low, high, beside=fired == "local")


def _reach(series: Modelled, expected: float, low: float, high: float, *, beside: bool = False) -> Reach:
    """The usual range about the expected value, limited to values that the sensor can read."""
    can = series.readable
    at, low, high = can.bounded(expected, expected + low, expected + high)
    return Reach(at, low, high, beside, is_sent=at in (can.lowest, can.highest, *can.states))


def event_id(kind: Kind, start: int, end: int) -> str:
    """An id of 12 hex digits: the same for the same kind and times, on any machine."""
    # Only from exact values: the last digits of a float differ between processors.
    return hashlib.sha256(f"{kind} {start} {end}".encode()).hexdigest()[:12]

"""Lasting changes as events, each with a sentence that says what was before and what is after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iotctl.analysis.events.described import HOUR, Modelled, event_id
from iotctl.analysis.modelling.lasting import Lasting
from iotctl.analysis.scores.promised import a_year, by_score
from iotctl.analysis.scores.tails import MOST_DECADES
from iotctl.model import Event, Kind
from iotctl.words import difference, number, span

_DAY_HOURS, _MONTH_HOURS = 24.0, 30 * 24.0
# A change of 4 sigma has severity 1.
_SIGMAS_A_DECADE = 4.0
# The time of a change of slope or noise is known to about a day.
_ABOUT = 24 * HOUR


def lasting_events(
    changes: Sequence[Lasting], series: Modelled, threshold: float, least_change: float = 4.0
) -> list[Event]:
    """An event for each change, by start. series: the modelled series, in the unit of the changes.

    least_change: the size, in sigma, that a change reaches at most once a year by chance; 0 asks for every change.
    """
    events = []
    rows = len(series.time)
    for number_, change in enumerate(changes):
        later = [other.row for other in changes[number_ + 1 :] if other.kind is change.kind]
        last = min([*later, rows if change.until is None else change.until]) - 1
        at = int(series.time[change.row])
        first, end = at, at
        if change.kind is not Kind.STEP:
            before, after = np.searchsorted(series.time, [at - _ABOUT, at + _ABOUT]).tolist()
            first, end = int(series.time[before]), int(series.time[min(after, rows - 1)])
        # The band is that before the change: the change is judged against it.
        row = max(change.row - 1, 0)
        band = threshold * float(series.scale[row])
        moved = change.after - change.before if change.kind is Kind.STEP else 0.0
        reached = float(series.expected[change.row])
        expected = reached - moved
        events.append(
            Event(
                event_id=event_id(change.kind, first, end),
                kind=change.kind,
                start=first,
                end=end,
                rows=int(np.searchsorted(series.time, end, side="right") - np.searchsorted(series.time, first)),
                severity=min(change.size / _SIGMAS_A_DECADE, MOST_DECADES),
                score=change.size,
                extreme=reached,
                expected=expected,
                low=expected - band,
                high=expected + band,
                explanation=_explain(
                    change, band, _lasts((int(series.time[last]) - at) / HOUR, last, rows), series.unit
                ),
                a_year=a_year(by_score(change.size, least_change)) if least_change > 0 else 0.0,
            )
        )
    return events


def _lasts(hours: float, last: int, rows: int) -> str:
    return f"for {span(hours)}{', up to the last reading' if last == rows - 1 else ''}"


def _explain(change: Lasting, band: float, lasts: str, unit: str) -> str:
    match change.kind:
        case Kind.STEP:
            moved = change.after - change.before
            band = max(band, abs(moved) / 100)
            by = number(difference(change.after, change.before, band), band, unit)
            levels = f"from {number(change.before, band)} to {number(change.after, band, unit)}"
            return f"level steps {'up' if moved > 0 else 'down'} by {by}, {levels}, and stays there {lasts}"
        case Kind.SLOPE:
            # A level that moves by less than the usual range in a month is steady to a person.
            before, after = (0.0 if abs(s) * _MONTH_HOURS < band else s for s in (change.before, change.after))
            if before == after:
                before, after = change.before, change.after
            now = "stays steady" if after == 0 else f"{'rises' if after > 0 else 'falls'} by {_a_day(after, unit)}"
            was = "was steady" if before == 0 else f"{'rose' if before > 0 else 'fell'} by {_a_day(before, unit)}"
            return f"{now} {lasts}; it {was} before"
        case _:
            times = change.after / max(change.before, 1e-300)
            much = f"{times:.1f} times as much" if times > 1 else f"only {times:.2f} times as much"
            return f"varies {much} as before, {lasts}"


def _a_day(slope: float, unit: str) -> str:
    a_day = abs(slope) * _DAY_HOURS
    return f"{number(a_day, a_day, unit)} a day"

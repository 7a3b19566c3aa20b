"""Lasting changes as events, each with the sentence that says what was before and what is after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iotctl.analysis.described import HOUR, Modelled, event_id
from iotctl.analysis.kinds import number, span
from iotctl.analysis.lasting import Lasting
from iotctl.analysis.promised import a_year, by_score
from iotctl.analysis.tails import MOST_DECADES
from iotctl.model import Event, Kind

_DAY_HOURS = 24.0
# A change of 4 sigma has severity 1.
_SIGMAS_A_DECADE = 4.0
# Where a slope or a noise has changed is known to a day or so.
_ABOUT = 24 * HOUR


def lasting_events(
    changes: Sequence[Lasting], series: Modelled, threshold: float, least_change: float = 4.0
) -> list[Event]:
    """An event for each change, by start; series: what is modelled, in the unit of the changes.

    least_change: sigma of a change as it comes once a year at most; 0 where each is asked for, however usual.
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
        # The band is that before the change: it is what the change is news against.
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
                explanation=_explain(change, band, (int(series.time[last]) - at) / HOUR, series.unit),
                a_year=a_year(by_score(change.size, least_change)) if least_change > 0 else 0.0,
            )
        )
    return events


def _explain(change: Lasting, band: float, hours: float, unit: str) -> str:
    stays = f"and stays so for {span(hours)}"
    band = max(band, abs(change.after - change.before) / 100)
    match change.kind:
        case Kind.STEP:
            moved = change.after - change.before
            side = "above" if moved > 0 else "below"
            levels = f"from {number(change.before, band)} to {number(change.after, band, unit)}"
            return f"level steps {levels}, {number(abs(moved), band, unit)} {side}, {stays}"
        case Kind.SLOPE:
            return f"{_course(change.after, unit)} where it was {_course(change.before, unit)}, {stays}"
        case _:
            times = change.after / max(change.before, 1e-300)
            much = f"{times:.1f} times as much" if times > 1 else f"only {times:.2f} times as much"
            return f"varies {much} as before, {stays}"


def _course(slope: float, unit: str) -> str:
    a_day = slope * _DAY_HOURS
    if abs(a_day) < 1e-12:
        return "steady"
    return f"{'rising' if a_day > 0 else 'falling'} by {number(abs(a_day), abs(a_day), unit)} a day"

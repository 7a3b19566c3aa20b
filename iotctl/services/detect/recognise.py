"""Recognise: which of the found events are stored already, under which ids, and which deserve an alarm.

An event's id must not change while the event goes on, although its end, its kind and even its start change with new
readings. So an event is recognised by its time: if it overlaps a stored event of its family, it is that event.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iotctl.model import Event, Finding, Kind

_WEEK = 7 * 86_400_000_000
# 1970-01-01 was a Thursday: weeks begin on Monday.
_MONDAY = 3 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Recognised:
    """findings: the events found, in their order, with the ids under which they are stored.

    merged: stored id -> id of the finding that also covers it, because several events have become one.
    """

    findings: tuple[Finding, ...]
    merged: Mapping[str, str]


def recognise(found: Sequence[Event], stored: Sequence[Finding], sensor_uuid: str, slack: int) -> Recognised:
    """Give each found event the id of the stored event that it continues, or a new id.

    Events of one family (gaps; values outside limits; invalid ones; lasting changes; all others) are the same if they
    overlap or lie within slack (microseconds). Of several pairs, the longest overlap counts first, and each stored
    event once. Another part of a stored event gets its own id, but counts as known and has the same label. An id is 12
    hex digits of a hash of sensor, kind, start and end when first found: the same on any machine.
    """
    starts = np.array([known.event.start for known in stored], dtype=np.int64)
    ends = np.array([known.event.end for known in stored], dtype=np.int64)
    pairs: list[tuple[int, int, int]] = []
    for i, event in enumerate(found):
        near = np.flatnonzero((starts <= event.end + slack) & (ends >= event.start - slack)).tolist()
        pairs += [
            (min(event.end, int(ends[k])) - max(event.start, int(starts[k])), i, k)
            for k in near
            if _family(event.kind) == _family(stored[k].event.kind)
        ]
    continues: dict[int, int] = {}  # row of found -> row of stored
    continued: set[int] = set()
    part_of: dict[int, int] = {}
    covered_by: dict[int, int] = {}  # row of stored -> row of found
    for _, i, k in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        part_of.setdefault(i, k)
        covered_by.setdefault(k, i)
        if i not in continues and k not in continued:
            continues[i] = k
            continued.add(k)
    taken = {known.event.event_id for known in stored}
    findings = []
    for i, event in enumerate(found):
        if i in continues:
            known = stored[continues[i]]
            findings.append(replace(known, event=replace(event, event_id=known.event.event_id)))
            continue
        event_id = _event_id(sensor_uuid, event, taken)
        taken.add(event_id)
        whole = stored[part_of[i]] if i in part_of else Finding(event)
        findings.append(replace(whole, event=replace(event, event_id=event_id)))
    merged = {stored[k].event.event_id: findings[i].event.event_id for k, i in covered_by.items() if k not in continued}
    return Recognised(tuple(findings), merged)


def within_budget(findings: Sequence[Finding], others: Sequence[Finding], per_week: int) -> tuple[Finding, ...]:
    """The findings, with over_budget set on those beyond the budget of their week (from Monday, UTC, by start).

    Events that were within the budget before come first, because an alarm cannot be taken back. Then come the most
    severe. others: stored events of the sensor that were not found this time; they use the budget, too. Silenced events
    do not.
    """
    spent = Counter(
        _week(other.event) for other in others if other.known and not other.over_budget and not other.silenced
    )
    order = sorted(
        (row for row, finding in enumerate(findings) if not finding.silenced),
        key=lambda row: (
            not findings[row].known or findings[row].over_budget,
            -findings[row].event.severity,
            findings[row].event.start,
        ),
    )
    over = set()
    for row in order:
        week = _week(findings[row].event)
        if spent[week] >= per_week:
            over.add(row)
        spent[week] += 1
    return tuple(replace(finding, over_budget=row in over) for row, finding in enumerate(findings))


def _week(event: Event) -> int:
    return (event.start + _MONDAY) // _WEEK


def _family(kind: Kind) -> Kind | None:
    """The family of a kind; None for the kinds that can change into each other while an event grows."""
    if kind.lasts:
        return Kind.STEP
    if kind is Kind.SILENT:  # becomes a gap when the sensor sends again
        return Kind.GAP
    return kind if kind in (Kind.GAP, Kind.LIMIT, Kind.INVALID) else None


def _event_id(sensor_uuid: str, event: Event, taken: set[str]) -> str:
    # Only from exact values: the last digits of a float differ between processors.
    text = f"{sensor_uuid} {event.kind} {event.start} {event.end}"
    event_id = hashlib.sha256(text.encode()).hexdigest()[:12]
    while event_id in taken:
        # A stored event began like this one, and has changed since.
        event_id = hashlib.sha256(f"{text} {event_id}".encode()).hexdigest()[:12]
    return event_id

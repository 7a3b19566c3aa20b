"""Judge: what a run decides about a sensor's events, those found now and those saved before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iotctl.model import Detection, Event, Finding, Kind, Label
from iotctl.services.detect.recognise import recognise
from iotctl.services.detect.window import Window

# Later readings can change an event as long as a rolling window reaches from one to the other. The longest window of a
# score that makes events has 256 rows. An event that ended before that is final.
_OPEN_ROWS = 256

# Analysis joins events closer than this; so an event and its continuation in the next run are one, too.
_SLACK_ROWS = 12

_DAY = 86_400_000_000
WEEK = 7 * _DAY

# After ten days a shift becomes a regime, and so a lasting change.
_LASTS = 14 * _DAY

# The kinds that a lasting change can have before it has lasted.
_LEVELS = (Kind.SHIFT, Kind.DRIFT, Kind.VARIANCE)


@dataclass(frozen=True, slots=True)
class Judged:
    """findings: the events found, with the ids under which they are stored.

    merged: stored id -> id of the finding that replaces it. withdrawn: ids of stored events that later readings
    disprove. lasting: ids of stored events that have become lasting changes.
    """

    findings: tuple[Finding, ...]
    merged: Mapping[str, str]
    withdrawn: tuple[str, ...]
    lasting: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """The events that a run judges: those that reach into its window, and that are not final.

    opened, changed: where it begins, for events and for lasting changes. slack: the time between an event and its
    continuation. last: the last reading. All in microseconds, times since 1970-01-01 UTC.
    """

    window: Window
    opened: int
    changed: int
    slack: int
    last: int

    @classmethod
    def of(cls, detection: Detection, window: Window, watermark: int | None) -> Scope:
        """The scope of a run after a watermark; None: the run judges everything."""
        time = detection.time
        if not len(time):
            return cls(window, 0, 0, 0, 0)
        slack = _SLACK_ROWS * int(np.median(np.diff(time))) if len(time) > 1 else 0
        opened = changed = int(time[0])
        if watermark is not None:
            row = int(np.searchsorted(time, watermark, side="right"))
            opened = int(time[max(0, row - _OPEN_ROWS)])
            changed = min(opened, watermark - _LASTS)
        return cls(window, opened, changed, slack, int(time[-1]))

    def has(self, event: Event) -> bool:
        """Whether the run judges an event."""
        return event.end >= (self.changed if event.kind.lasts else self.opened) and self.window.has(event)

    @property
    def known_from(self) -> int:
        """Stored events that end before this are not needed."""
        return self.changed - self.slack - WEEK

    def is_over(self, event: Event) -> bool:
        """Whether an event has ended, by the readings so far."""
        return event.end < self.last - self.slack


def judge(
    found: Sequence[Event],
    seen: Sequence[Event],
    changes: Sequence[int],
    stored: Sequence[Finding],
    scope: Scope,
    sensor_uuid: str,
) -> Judged:
    """What becomes of the found and the stored events of one sensor.

    seen: all events that the run has found, in scope or not. changes: the times of all regime changes that it has
    found, also of those that are too small for an event: an event at such a time is not withdrawn.

    If the level or noise of an event has stayed, then it becomes the lasting change, with the same id. A stored event
    in scope that is not found any more is withdrawn, except if a person has called it true.
    """
    recognised = recognise(found, stored, sensor_uuid, scope.slack)
    findings, merged = list(recognised.findings), dict(recognised.merged)
    kept = {finding.event.event_id for finding in findings} | set(merged)
    withdrawn, lasting = [], []
    for former in stored:
        event = former.event
        if event.event_id in kept or not scope.window.has(event) or _is_seen(event, seen, scope.slack):
            continue
        at = _what_it_became(event, findings, scope.slack)
        if at is not None and not findings[at].known:
            findings[at] = replace(former, event=replace(findings[at].event, event_id=event.event_id))
            lasting.append(event.event_id)
        elif at is not None:
            merged[event.event_id] = findings[at].event.event_id
        elif scope.has(event) and _may_be_withdrawn(former) and not _is_change(event, changes, scope.slack):
            withdrawn.append(event.event_id)
    return Judged(tuple(findings), merged, tuple(withdrawn), frozenset(lasting))


def is_to_be_told(finding: Finding, judged: Judged, scope: Scope) -> bool:
    """Whether a scheduled run tells of a finding: when it is new, and once more when it is over or lasting."""
    event = finding.event
    if finding.told != 1 or finding.told_end is None:
        return finding.told == 0
    if event.event_id in judged.lasting:
        return True
    return event.end > finding.told_end + scope.slack and scope.is_over(event)


def _may_be_withdrawn(former: Finding) -> bool:
    """Whether an event rests only on detection: no person has confirmed it, and it is not about missing readings."""
    return former.label is not Label.TRUE and former.event.kind is not Kind.SILENT and former.withdrawn_at is None


def _is_seen(event: Event, seen: Sequence[Event], slack: int) -> bool:
    """Whether a detection has an event of the same family at the same time."""
    return any(
        other.start <= event.end + slack and other.end >= event.start - slack and other.kind.lasts == event.kind.lasts
        for other in seen
    )


def _is_change(event: Event, changes: Sequence[int], slack: int) -> bool:
    """Whether a regime changes during an event of the level; a shift may show up to a day later."""
    if not event.kind.lasts and event.kind not in _LEVELS:
        return False
    before = max(slack, _DAY) if event.kind in _LEVELS else slack
    return any(event.start - before <= moment <= event.end + slack for moment in changes)


def _what_it_became(event: Event, findings: Sequence[Finding], slack: int) -> int | None:
    """The row of the lasting change of which an event was the beginning or a part; None if there is none."""
    reach = _LASTS if event.kind in _LEVELS else slack
    for row, finding in enumerate(findings):
        change = finding.event
        if change.kind.lasts and change.start - slack <= event.end and event.start <= change.end + reach:
            return row
    return None

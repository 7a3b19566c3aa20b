"""Judge: what a run decides about the events of a sensor, found now or saved before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from iotctl.model import Detection, Event, Finding, Kind, Label
from iotctl.services.detect.recognise import recognise
from iotctl.services.detect.window import Window

# An event before a watermark can change as long as readings behind it lie in its windows: the longest rolling window
# of the scores that make events is 256 rows. What ended before that has been judged for good.
_OPEN_ROWS = 256

# Events closer than this are one in analysis; so are an event and its continuation in the next run.
_SLACK_ROWS = 12

_DAY = 86_400_000_000
WEEK = 7 * _DAY

# That a change lasts shows after ten days, when what was a shift has become a regime.
_LASTS = 14 * _DAY

# What a change that lasts looks like before it has lasted.
_LEVELS = (Kind.SHIFT, Kind.DRIFT, Kind.VARIANCE)


@dataclass(frozen=True, slots=True)
class Judged:
    """findings: the events found, under the ids that they are kept under.

    merged: stored id -> id of the finding that takes its place. withdrawn: ids of stored events that are none.
    lasting: ids of stored events that have turned out to be changes that last.
    """

    findings: tuple[Finding, ...]
    merged: Mapping[str, str]
    withdrawn: tuple[str, ...]
    lasting: frozenset[str]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run decides on: events that reach into its window, and that no former run has judged for good.

    opened, changed: from when on, for events and for changes that last; slack: between an event and its continuation;
    last: of the readings. All in microseconds, times since 1970-01-01 UTC.
    """

    window: Window
    opened: int
    changed: int
    slack: int
    last: int

    @classmethod
    def of(cls, detection: Detection, window: Window, watermark: int | None) -> Scope:
        """The scope of a run behind a watermark; None: a run that judges everything."""
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
        """Whether the run decides on an event."""
        return event.end >= (self.changed if event.kind.lasts else self.opened) and self.window.has(event)

    @property
    def known_from(self) -> int:
        """The end of the earliest stored event that may matter."""
        return self.changed - self.slack - WEEK

    def is_over(self, event: Event) -> bool:
        """Whether an event has ended, as far as the readings go."""
        return event.end < self.last - self.slack


def judge(
    found: Sequence[Event],
    seen: Sequence[Event],
    changes: Sequence[int],
    stored: Sequence[Finding],
    scope: Scope,
    sensor_uuid: str,
) -> Judged:
    """The events found in a scope beside those stored, of one sensor.

    seen: all events that the run has seen, in scope or not. changes: the times at which it has seen a regime change,
    whether that is an event or just too small for one: of what was told there nothing is taken back.

    An event whose level, or noise, has stayed becomes the change that lasts, under the same id. What is stored, in
    scope, and seen no more is withdrawn, but for what a person has called true.
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
    """Whether a scheduled run tells of a finding: when it is new, and once more where it has grown.

    That is when it is over, or when it has turned out to last.
    """
    event = finding.event
    if finding.told != 1 or finding.told_end is None:
        return finding.told == 0
    if event.event_id in judged.lasting:
        return True
    return event.end > finding.told_end + scope.slack and scope.is_over(event)


def _may_be_withdrawn(former: Finding) -> bool:
    """Whether it stands by detection alone: by no person's word, and not by what the sensor has not sent yet."""
    return former.label is not Label.TRUE and former.event.kind is not Kind.SILENT and former.withdrawn_at is None


def _is_seen(event: Event, seen: Sequence[Event], slack: int) -> bool:
    """Whether a detection has an event of the same family there."""
    return any(
        other.start <= event.end + slack and other.end >= event.start - slack and other.kind.lasts == event.kind.lasts
        for other in seen
    )


def _is_change(event: Event, changes: Sequence[int], slack: int) -> bool:
    """Whether a regime changes within an event of the level; a shift may show only within a day."""
    if not event.kind.lasts and event.kind not in _LEVELS:
        return False
    before = max(slack, _DAY) if event.kind in _LEVELS else slack
    return any(event.start - before <= moment <= event.end + slack for moment in changes)


def _what_it_became(event: Event, findings: Sequence[Finding], slack: int) -> int | None:
    """The row of the change that lasts which an event was the beginning of, or a part of, if there is one."""
    reach = _LASTS if event.kind in _LEVELS else slack
    for row, finding in enumerate(findings):
        change = finding.event
        if change.kind.lasts and change.start - slack <= event.end and event.start <= change.end + reach:
            return row
    return None

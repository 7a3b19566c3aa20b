"""Which events a run judges, which it tells, and what happens to saved events: each case by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.model import Event, Finding, Kind, Label
from iotctl.services.detect.judge import Judged, Scope, is_to_be_told, judge
from iotctl.services.detect.window import Window

MINUTE = 60_000_000
HOUR, DAY = 60 * MINUTE, 1440 * MINUTE
STEP = 10 * MINUTE

EVERYTHING = Window(None, None, None, None)
# A run on day 60 behind a watermark of day 59: events that ended in the 256 rows before it are open.
SCOPE = Scope(EVERYTHING, opened=59 * DAY - 256 * STEP, changed=45 * DAY, slack=12 * STEP, last=60 * DAY)


def event(kind: Kind, start: float, end: float, event_id: str = "new") -> Event:
    """An event from one day to another."""
    return Event(event_id, kind, int(start * DAY), int(end * DAY), 5, 1.0, 8.0, 30.0, 20.0, 14.0, 26.0, "odd")


def kept(kind: Kind, start: float, end: float, event_id: str = "old", **known: object) -> Finding:
    """A stored event that has been told once."""
    finding = Finding(event(kind, start, end, event_id), found_at=1, told=1, told_end=int(end * DAY))
    return replace(finding, **known)  # type: ignore[arg-type]


def test_a_change_that_lasts_is_judged_ten_days_later_and_a_spike_is_not() -> None:
    value = np.random.default_rng(1).normal(50, 1, 60 * 144)
    value[40 * 144 :] += 10
    found = detect(STEP * np.arange(len(value)), value)
    (step,) = found.events
    assert step.kind is Kind.STEP
    assert Scope.of(found, EVERYTHING, 50 * DAY).has(step)
    assert not Scope.of(found, EVERYTHING, 55 * DAY).has(step)
    assert not Scope.of(found, EVERYTHING, 50 * DAY).has(replace(step, kind=Kind.SPIKE))


@pytest.mark.parametrize(
    ("former", "is_withdrawn"),
    [
        (kept(Kind.SPIKE, 59, 59), True),
        (kept(Kind.GAP, 58.9, 59), True),
        (kept(Kind.SPIKE, 50, 50), False),  # judged for good
        (kept(Kind.STEP, 50, 50), True),
        (kept(Kind.SPIKE, 59, 59, label=Label.TRUE), False),
        (kept(Kind.SPIKE, 59, 59, label=Label.FALSE), True),
        (kept(Kind.SILENT, 58, 59), False),
        (kept(Kind.SPIKE, 59, 59, withdrawn_at=3), False),  # already
    ],
)
def test_what_a_run_sees_no_more_is_withdrawn(former: Finding, is_withdrawn: bool) -> None:
    judged = judge([], [], (), [former], SCOPE, "sensor")
    assert judged.withdrawn == (("old",) if is_withdrawn else ())
    outside = replace(SCOPE, window=Window(70 * DAY, None, None, None))
    assert judge([], [], (), [former], outside, "sensor").withdrawn == ()


def test_what_is_seen_but_was_judged_before_stands() -> None:
    former = kept(Kind.SHIFT, 55, 57.5)
    assert judge([], [former.event], (), [former], SCOPE, "sensor").withdrawn == ()
    assert judge([], [event(Kind.STEP, 57, 57)], (), [former], SCOPE, "sensor").withdrawn == ("old",)


@pytest.mark.parametrize(
    ("kind", "changes", "is_withdrawn"),
    [
        (Kind.STEP, (59 * DAY + HOUR,), False),
        (Kind.STEP, (58 * DAY,), True),
        (Kind.SHIFT, (59 * DAY,), False),
        (Kind.SHIFT, (58 * DAY + HOUR,), False),
        (Kind.SHIFT, (58 * DAY - HOUR,), True),
        (Kind.SPIKE, (59 * DAY,), True),
    ],
)
def test_a_change_that_is_just_too_small_by_now_is_not_taken_back(
    kind: Kind, changes: tuple[int, ...], is_withdrawn: bool
) -> None:
    judged = judge([], [], changes, [kept(kind, 59, 59)], SCOPE, "sensor")
    assert judged.withdrawn == (("old",) if is_withdrawn else ())


def test_a_withdrawn_event_that_is_seen_again_comes_back_under_its_id_and_is_not_told_again() -> None:
    former = kept(Kind.BURST, 59, 59.1, withdrawn_at=3)
    found = event(Kind.BURST, 59, 59.1)
    judged = judge([found], [found], (), [former], SCOPE, "sensor")
    assert [finding.event.event_id for finding in judged.findings] == ["old"]
    assert not is_to_be_told(judged.findings[0], judged, SCOPE)


def test_a_shift_that_stays_becomes_a_step_under_its_id_with_its_later_parts_and_is_told_once_more() -> None:
    found = event(Kind.STEP, 50, 50)
    stored = [
        kept(Kind.SPIKE, 49, 49, "before"),
        kept(Kind.SHIFT, 50, 53, "shift", label=Label.TRUE),
        kept(Kind.DRIFT, 54, 58, "part"),
        kept(Kind.SPIKE, 59, 59, "spike"),
    ]
    spike = stored[-1].event
    judged = judge([found, spike], [found, spike], (), stored, SCOPE, "sensor")
    step, other = judged.findings
    assert (step.event.event_id, step.event.kind, step.label) == ("shift", Kind.STEP, Label.TRUE)
    assert other.event.event_id == "spike"
    assert judged.merged == {"part": "shift"}
    assert judged.withdrawn == ()
    assert is_to_be_told(step, judged, SCOPE)
    again = judge([found, spike], [found, spike], (), [replace(step, told=2)], SCOPE, "sensor")
    step = again.findings[0]
    assert step.event.event_id == "shift"
    assert not is_to_be_told(step, again, SCOPE)


@pytest.mark.parametrize(
    ("told", "told_end", "end", "expected"),
    [
        (0, None, 59.99, True),
        (1, 58.0, 59.99, False),  # goes on
        (1, 58.0, 59.5, True),
        (1, 59.48, 59.5, False),  # has hardly grown
        (2, 58.0, 59.5, False),
    ],
)
def test_an_event_is_told_when_it_is_new_and_once_more_when_it_has_grown_and_is_over(
    told: int, told_end: float | None, end: float, expected: bool
) -> None:
    finding = Finding(event(Kind.SHIFT, 57, end), told=told, told_end=None if told_end is None else int(told_end * DAY))
    assert is_to_be_told(finding, Judged((), {}, (), frozenset()), SCOPE) is expected

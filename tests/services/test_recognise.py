"""Which found event is which stored one: known answers on hand-made events."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from iotctl.model import Event, Finding, Kind, Label
from iotctl.services.detect.recognise import recognise, within_budget
from tests.sensors import DAY, START, uuid_of

UUID = uuid_of("a")


def event(start: int, end: int, kind: Kind = Kind.SHIFT, severity: float = 1.0) -> Event:
    return Event("from-analysis", kind, start, end, 1, severity, 9.0, 1.0, 0.0, -1.0, 1.0, "because")


def kept(finding: Finding, label: Label | None = None) -> Finding:
    """As the database has it after a run."""
    return replace(finding, found_at=1, label=label)


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.event.event_id for finding in findings]


def test_an_id_depends_on_sensor_kind_start_and_end_alone() -> None:
    (first,) = recognise([event(5, 9)], [], UUID, 0).findings
    (again,) = recognise([event(5, 9, severity=3.0)], [], UUID, 0).findings
    assert len(first.event.event_id) == 12
    assert int(first.event.event_id, 16) >= 0
    assert ids((first,)) == ids((again,))
    others = [
        recognise([event(5, 9)], [], uuid_of("b"), 0),
        recognise([event(5, 9, Kind.DRIFT)], [], UUID, 0),
        recognise([event(5, 8)], [], UUID, 0),
    ]
    assert len({first.event.event_id, *(ids(other.findings)[0] for other in others)}) == 4


def test_an_event_that_goes_on_keeps_its_id_whatever_becomes_of_its_kind() -> None:
    stored: list[Finding] = []
    seen = set()
    for end, kind in ((10, Kind.SPIKE), (20, Kind.BURST), (90, Kind.SHIFT), (300, Kind.DRIFT)):
        recognised = recognise([event(10, end, kind)], stored, UUID, 0)
        stored = [kept(finding) for finding in recognised.findings]
        seen.add(stored[0].event.event_id)
        assert (stored[0].event.end, stored[0].event.kind) == (end, kind)
    assert len(seen) == 1


def test_gaps_and_limits_are_never_taken_for_what_lies_over_them() -> None:
    stored = [kept(finding) for finding in recognise([event(10, 20, Kind.GAP)], [], UUID, 0).findings]
    found = [event(10, 20, Kind.GAP), event(20, 30), event(20, 25, Kind.LIMIT)]
    gap, shift, limit = recognise(found, stored, UUID, 5).findings
    assert gap.known
    assert gap.event.event_id == stored[0].event.event_id
    assert not shift.known
    assert not limit.known


def test_slack_bridges_a_hole_between_an_event_and_its_continuation() -> None:
    stored = [kept(finding) for finding in recognise([event(10, 20)], [], UUID, 0).findings]
    assert recognise([event(25, 40)], stored, UUID, 5).findings[0].known
    assert not recognise([event(26, 40)], stored, UUID, 5).findings[0].known


def test_two_events_that_become_one_leave_the_longer_ones_id_and_the_other_points_to_it() -> None:
    stored = [kept(one) for one in recognise([event(10, 15), event(40, 90)], [], UUID, 0).findings]
    recognised = recognise([event(10, 120)], stored, UUID, 0)
    short, long = ids(tuple(stored))
    assert ids(recognised.findings) == [long]
    assert recognised.merged == {short: long}


def test_a_part_that_splits_off_has_an_id_of_its_own_and_the_label_of_the_whole() -> None:
    (whole,) = recognise([event(10, 100)], [], UUID, 0).findings
    recognised = recognise([event(10, 20), event(50, 100)], [kept(whole, Label.EXPECTED)], UUID, 0)
    part, rest = recognised.findings
    assert rest.event.event_id == whole.event.event_id
    assert part.event.event_id != whole.event.event_id
    assert part.known
    assert part.label is Label.EXPECTED


def test_an_id_that_a_changed_event_still_has_is_not_given_again() -> None:
    (first,) = recognise([event(10, 10, Kind.SPIKE)], [], UUID, 0).findings
    grown = kept(replace(first, event=replace(first.event, end=100)))
    part, rest = recognise([event(10, 10, Kind.SPIKE), event(20, 100)], [grown], UUID, 0).findings
    assert rest.event.event_id == first.event.event_id
    assert part.event.event_id != first.event.event_id


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.sampled_from(list(Kind))), max_size=12),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.sampled_from(list(Kind))), max_size=12),
    st.integers(0, 3),
)
def test_ids_are_unique_and_recognising_again_changes_nothing(
    before: list[tuple[int, int, Kind]], after: list[tuple[int, int, Kind]], slack: int
) -> None:
    stored = [kept(f) for f in recognise([event(s, s + n, k) for s, n, k in before], [], UUID, slack).findings]
    recognised = recognise([event(s, s + n, k) for s, n, k in after], stored, UUID, slack)
    found = ids(recognised.findings)
    assert len(found) == len(set(found)) == len(after)
    assert not set(recognised.merged) & set(found)
    kept_ids = {finding.event.event_id for finding in stored}
    for finding in recognised.findings:
        near = any(
            finding.event.start <= other.event.end + slack and other.event.start <= finding.event.end + slack
            for other in stored
        )
        if finding.event.event_id in kept_ids:
            assert near
            assert finding.known


def test_the_budget_keeps_the_most_severe_of_each_week() -> None:
    monday = START + 4 * DAY  # 2015-01-05
    severities = {0: 1.0, 1: 5.0, 6: 3.0, 7: 0.5}  # day after monday -> severity; 7 is the next week
    findings = [Finding(event(monday + day * DAY, monday + day * DAY, severity=s)) for day, s in severities.items()]
    left = within_budget(findings, [], 2)
    assert [finding.over_budget for finding in left] == [True, False, False, False]


def test_alarms_that_were_given_use_up_the_budget_and_silenced_ones_do_not() -> None:
    monday = START + 4 * DAY
    given_before = kept(Finding(event(monday, monday, severity=0.4)))
    worse = Finding(event(monday + DAY, monday + DAY, severity=9.0))
    assert [f.over_budget for f in within_budget([given_before, worse], [], 1)] == [False, True]
    assert [f.over_budget for f in within_budget([worse], [given_before], 1)] == [True]
    silenced = replace(given_before, label=Label.FALSE)
    assert [f.over_budget for f in within_budget([silenced, worse], [], 1)] == [False, False]
    assert [f.over_budget for f in within_budget([worse], [silenced], 1)] == [False]

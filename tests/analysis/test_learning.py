"""What verdicts teach: they halve and double a rate within bounds, and hold events back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from iotctl.analysis.learning import Taught, Verdict
from iotctl.model import Event, Kind, Label

DAY = 86_400_000_000
SPIKE = Event("a", Kind.SPIKE, 100 * DAY, 100 * DAY, 1, 1.0, 9.0, 32.0, 20.0, 14.0, 26.0, "", a_year=0.4)


def taught(*labels: Label, kin: float = 0.0) -> Taught:
    verdicts = tuple(Verdict(replace(SPIKE, event_id=str(number)), label) for number, label in enumerate(labels))
    return Taught(verdicts, {Kind.SPIKE: kin} if kin else {})


@pytest.mark.parametrize(
    ("labels", "times"),
    [
        ([], 1.0),
        ([Label.FALSE], 1 / 2),
        ([Label.TRUE], 2.0),
        ([Label.EXPECTED], 1 / 2**0.5),
        ([Label.FALSE, Label.TRUE], 1.0),
        ([Label.FALSE] * 2, 1 / 4),
        ([Label.FALSE] * 20, 1 / 10),  # no less than a tenth
        ([Label.TRUE] * 20, 10**0.5),  # no more than three times
    ],
)
def test_false_alarms_halve_the_rate_of_their_kind_and_true_ones_double_it(labels: list[Label], times: float) -> None:
    one = taught(*labels)
    assert 10 ** one.decades(Kind.SPIKE) == pytest.approx(times, rel=0.01)
    assert one.weighed(SPIKE).a_year == pytest.approx(0.4 / times, rel=0.01)
    assert one.decades(Kind.SHIFT) == 0
    shift = replace(SPIKE, kind=Kind.SHIFT)
    assert one.weighed(shift) is shift


def test_facts_have_no_rate() -> None:
    for kind in (Kind.GAP, Kind.SILENT, Kind.LIMIT, Kind.INVALID):
        fact = replace(SPIKE, kind=kind)
        assert Taught((Verdict(fact, Label.FALSE),), {kind: -0.3}).decades(kind) == 0


def test_related_sensors_move_it_by_one_label_at_most() -> None:
    assert 10 ** taught(kin=-0.075).decades(Kind.SPIKE) == pytest.approx(0.84, abs=0.01)
    assert 10 ** taught(kin=-5.0).decades(Kind.SPIKE) == pytest.approx(0.5, rel=0.01)
    assert 10 ** taught(Label.TRUE, kin=-5.0).decades(Kind.SPIKE) == pytest.approx(1.0, rel=0.01)
    assert taught(kin=0.3).most == pytest.approx(0.3)
    assert taught(Label.FALSE).most == 0


def test_an_event_is_kept_back_by_what_is_like_it_unless_one_like_it_was_true() -> None:
    again = replace(SPIKE, event_id="new", start=SPIKE.start + 9 * DAY, end=SPIKE.end + 9 * DAY)
    false, true = (Verdict(replace(SPIKE, event_id=label.value), label) for label in (Label.FALSE, Label.TRUE))
    assert Taught((false,)).like(again) == false
    assert Taught((false, true)).like(again) is None
    assert Taught((true,)).like(again) is None
    assert Taught((false,)).like(replace(again, extreme=80.0)) is None
    other = Verdict(replace(SPIKE, event_id="other", extreme=80.0), Label.TRUE)  # not like the event that comes again
    assert Taught((false, other)).like(replace(again, extreme=24.0)) is None  # but the one that comes again is like it
    assert Taught(()).like(again) is None

"""What verdicts on events teach of a sensor: how closely to look for a kind of event, and what not to tell again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from iotctl.analysis.likeness import is_like
from iotctl.model import Event, Kind, Label

# A false alarm halves the rate that is allowed of its kind, a true one doubles it; an expected event was seen rightly,
# and is unwanted all the same.
A_LABEL = 0.3
_DECADES = {Label.TRUE: A_LABEL, Label.FALSE: -A_LABEL, Label.EXPECTED: -A_LABEL / 2}
# Of what a verdict teaches its own sensor, and how much all others together may.
_KIN_PART, _MOST_BY_KIN = 0.25, A_LABEL
# A tenth, and three times the promised rate.
LEAST, MOST = -1.0, 0.5
# No rate is allowed of these: they are told as they are.
FACTS = (Kind.GAP, Kind.SILENT, Kind.LIMIT, Kind.INVALID)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said of an event."""

    event: Event
    label: Label


@dataclass(frozen=True, slots=True)
class Taught:
    """What is known of one sensor from verdicts.

    own: verdicts on its events. kin: kind -> decades that verdicts on related sensors stand for, before the bounds.
    """

    own: tuple[Verdict, ...] = ()
    kin: Mapping[Kind, float] = field(default_factory=dict)

    def decades(self, kind: Kind) -> float:
        """How many decades more (less: negative) of false alarms of a kind are allowed than was promised."""
        if kind in FACTS:
            return 0.0
        own = decades_of(self.own).get(kind, 0.0)
        kin = min(max(self.kin.get(kind, 0.0), -_MOST_BY_KIN), _MOST_BY_KIN)
        return min(max(own + kin, LEAST), MOST)

    @property
    def most(self) -> float:
        """The highest of all kinds, 0 at least."""
        return max([0.0, *(self.decades(kind) for kind in kinds_of(self))])

    def weighed(self, event: Event) -> Event:
        """The event with its rate as it counts here: lower where people want more of its kind, else higher."""
        decades = self.decades(event.kind)
        return replace(event, a_year=event.a_year * 10.0**-decades) if decades else event

    def like(self, event: Event) -> Verdict | None:
        """The newest verdict that keeps an event back: on one like it, where no true one is like it; None for none."""
        near = [verdict for verdict in self.own if is_like(event, verdict.event)]
        if any(not verdict.label.silences for verdict in near):
            return None
        return max(near, key=lambda verdict: verdict.event.start, default=None)


def decades_of(verdicts: tuple[Verdict, ...]) -> dict[Kind, float]:
    """What verdicts on a sensor's events add up to, in decades of the rate, by kind; without bounds."""
    total: dict[Kind, float] = {}
    for verdict in verdicts:
        total[verdict.event.kind] = total.get(verdict.event.kind, 0.0) + _DECADES[verdict.label]
    return total


def for_kin(decades: float) -> float:
    """What is left of decades on the way to a related sensor."""
    return _KIN_PART * decades


def kinds_of(taught: Taught) -> list[Kind]:
    """The kinds of event that something is known of, in the order of kinds."""
    known = {verdict.event.kind for verdict in taught.own} | set(taught.kin)
    return [kind for kind in Kind if kind in known]

"""What verdicts on events teach about a sensor: how many events of a kind to tell, and which not to tell again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from iotctl.analysis.likeness import is_like
from iotctl.model import Event, Kind, Label

# A false alarm halves the allowed rate of its kind, a true one doubles it. An expected event is right, but not wanted.
A_LABEL = 0.3
_DECADES = {Label.TRUE: A_LABEL, Label.FALSE: -A_LABEL, Label.EXPECTED: -A_LABEL / 2}
# How much of a verdict related sensors learn; and how much all of them together may teach a sensor.
_KIN_PART, _MOST_BY_KIN = 0.25, A_LABEL
# The lowest and the highest allowed rate: a tenth, and three times the promised one.
LEAST, MOST = -1.0, 0.5
# These kinds have no rate: they are always told.
FACTS = (Kind.GAP, Kind.SILENT, Kind.LIMIT, Kind.INVALID)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person said about an event."""

    event: Event
    label: Label


@dataclass(frozen=True, slots=True)
class Taught:
    """What verdicts teach about one sensor.

    own: verdicts on its events. kin: kind -> decades from verdicts on related sensors, before the bounds.
    """

    own: tuple[Verdict, ...] = ()
    kin: Mapping[Kind, float] = field(default_factory=dict)

    def decades(self, kind: Kind) -> float:
        """The allowed rate of false alarms of a kind over the promised one, in decades; negative for less."""
        if kind in FACTS:
            return 0.0
        own = decades_of(self.own).get(kind, 0.0)
        kin = min(max(self.kin.get(kind, 0.0), -_MOST_BY_KIN), _MOST_BY_KIN)
        return min(max(own + kin, LEAST), MOST)

    @property
    def most(self) -> float:
        """The decades of the highest kind, at least 0."""
        return max([0.0, *(self.decades(kind) for kind in kinds_of(self))])

    def weighed(self, event: Event) -> Event:
        """The event with its rate as it counts for this sensor: lower where people want more of its kind."""
        decades = self.decades(event.kind)
        return replace(event, a_year=event.a_year * 10.0**-decades) if decades else event

    def like(self, event: Event) -> Verdict | None:
        """The newest verdict that keeps an event back, because it is on a similar one; None where there is none.

        A similar event that was called true keeps no event back.
        """
        near = [verdict for verdict in self.own if is_like(event, verdict.event)]
        if any(not verdict.label.silences for verdict in near):
            return None
        return max(near, key=lambda verdict: verdict.event.start, default=None)


def decades_of(verdicts: tuple[Verdict, ...]) -> dict[Kind, float]:
    """The sum of verdicts on a sensor's events, in decades of the rate, by kind; without bounds."""
    total: dict[Kind, float] = {}
    for verdict in verdicts:
        total[verdict.event.kind] = total.get(verdict.event.kind, 0.0) + _DECADES[verdict.label]
    return total


def for_kin(decades: float) -> float:
    """The part of decades that counts for a related sensor."""
    return _KIN_PART * decades


def kinds_of(taught: Taught) -> list[Kind]:
    """The kinds of event with verdicts, in the order of kinds."""
    known = {verdict.event.kind for verdict in taught.own} | set(taught.kin)
    return [kind for kind in Kind if kind in known]

"""Faults of the data path: sensors that are silent, or stuck, between the same two moments."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.analysis.incidents.common_cause import reading_step
from iotctl.model import Event, Kind

_DAY = 86_400_000_000

_ABSENT, _STUCK = (Kind.GAP, Kind.SILENT), (Kind.STUCK,)
# Two sensors begin or end at most so many steps apart: one for their readings, and one for a missing reading.
_STEPS_APART = 2.0
# So many sensors at least fall silent and come back together; fewer are chance.
_FEWEST = 3


@dataclass(slots=True)
class _Group:
    """Events that begin and end together: their indices, starts and ends (sorted), and the longest step of readings."""

    members: list[int]
    starts: list[int]
    ends: list[int]
    step: float

    def takes(self, event: Event, step: float) -> bool:
        """Whether the event begins and ends with the median of the group. The first event may be an odd one."""
        middle = len(self.members) // 2
        apart = max(abs(event.start - self.starts[middle]), abs(event.end - self.ends[middle]))
        return apart <= _STEPS_APART * max(self.step, step)

    def add(self, index: int, event: Event, step: float) -> None:
        self.members.append(index)
        self.starts.append(event.start)
        insort(self.ends, event.end)
        self.step = max(self.step, step)


def at_once(sensors: Sequence[int], events: Sequence[Event]) -> list[list[int]]:
    """Groups of three sensors or more that fail and return at the same time, as indices of events.

    events: in order of start. sensors: the index of each event's sensor.
    """
    groups = [group for kinds in (_ABSENT, _STUCK) for group in _alike(events, kinds)]
    return [group for group in groups if len({sensors[i] for i in group}) >= _FEWEST]


def _alike(events: Sequence[Event], kinds: Sequence[Kind]) -> list[list[int]]:
    groups: list[_Group] = []
    open_groups: list[_Group] = []
    for i, event in enumerate(events):
        if event.kind not in kinds:
            continue
        step = reading_step(event)
        open_groups = [group for group in open_groups if group.starts[-1] >= event.start - _DAY]
        fitting = next((group for group in open_groups if group.takes(event, step)), None)
        if fitting is None:
            fitting = _Group([], [], [], 0.0)
            groups.append(fitting)
            open_groups.append(fitting)
        fitting.add(i, event, step)
    return [group.members for group in groups]

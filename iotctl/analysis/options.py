"""The options of detection."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.model import Method


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """false_alarms: about the most that a sensor has in a year. threshold (robust sigma), min_severity (0 is usual, +1
    per decade of rarity): the least that an event has at one false alarm a year.

    limits: physical limits of the value, lowest and highest. reference: a period known to be good, [start, end) in
    microseconds since 1970-01-01 UTC; the usual is then learnt only from this period. least_change: sigma from which a
    lasting change is an event; 0 gives all, however usual they are. timezone: the clock of days and weeks.
    holidays: calendars such as DE-BW; their public holidays may be like Sundays.
    """

    method: Method = Method.PIECEWISE
    false_alarms: float = 1.0
    threshold: float = 6.0
    min_severity: float = 0.3
    limits: tuple[float, float] | None = None
    reference: tuple[int, int] | None = None
    least_change: float = 4.0
    timezone: str = "UTC"
    holidays: tuple[str, ...] = ()

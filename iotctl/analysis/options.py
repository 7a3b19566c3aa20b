"""What a user may choose about detection."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.model import Method


@dataclass(frozen=True, slots=True)
class DetectOptions:
    """false_alarms: of which a sensor has at most about so many a year. threshold, min_severity: what an event has at
    one false alarm a year at least: robust sigma, and 0 is usual, +1 per decade of rarity.

    limits: physical limits of the value, lowest and highest. reference: a period known to be good, [start, end) in
    microseconds since 1970-01-01 UTC; what is usual is then learnt from it alone. least_change: sigma from which a
    lasting change is an event; 0 lists all, however usual they are. timezone: whose clock a day and a week go by.
    holidays: calendars such as DE-BW, whose public holidays may be like Sundays.
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

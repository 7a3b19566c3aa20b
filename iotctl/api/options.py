"""The options of detection, as Python arguments."""

from __future__ import annotations

from typing import Literal

from iotctl.analysis import DetectOptions
from iotctl.api.times import Moment, bounds
from iotctl.errors import UsageError
from iotctl.model import Method

Limits = tuple[float | None, float | None]
Period = tuple[Moment, Moment]
MethodName = Literal["piecewise", "ruptures"]

USUAL = DetectOptions()


def options_of(
    *,
    timezone: str,
    holidays: str | None,
    false_alarms: float,
    limits: Limits | None,
    reference: Period | None,
    threshold: float,
    min_severity: float,
    method: MethodName,
) -> DetectOptions:
    """The options for the analysis; see detect for each of them. Raises UsageError, ConfigurationError."""
    from iotctl.calendars import known_calendars

    if not false_alarms > 0:
        raise UsageError("false_alarms is not above 0.", hint="It is a number a year, such as 1 or 0.1.")
    if not (threshold > 0 and min_severity >= 0):
        raise UsageError("threshold or min_severity is too low.", hint="threshold is above 0, min_severity at least 0.")
    if method not in list(Method):
        raise UsageError(f"There is no method {method!r}.", hint=f"One of: {', '.join(Method)}")
    return DetectOptions(
        method=Method(method),
        false_alarms=false_alarms,
        threshold=threshold,
        min_severity=min_severity,
        limits=None if limits is None else _limits(limits),
        reference=None if reference is None else _period(reference, timezone),
        timezone=timezone,
        holidays=known_calendars(holidays or ""),
    )


def _limits(limits: Limits) -> tuple[float, float]:
    low, high = limits
    found = float("-inf") if low is None else float(low), float("inf") if high is None else float(high)
    if not found[0] < found[1]:
        raise UsageError("The lower limit is not below the upper one.", hint="Write limits=(low, high); None for none.")
    return found


def _period(reference: Period, timezone: str) -> tuple[int, int]:
    start, end = bounds(*reference, timezone)
    if start is None or end is None:
        raise UsageError("A reference period has a start and an end.", hint="Write reference=(start, end).")
    return start, end

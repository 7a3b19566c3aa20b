"""Whether an event is like another one of the same sensor, so that one verdict holds for both."""

from __future__ import annotations

from iotctl.model import Event, Kind

# Stretches of odd readings: a few rows decide which of these kinds an event is.
_STRETCHES = (Kind.SPIKE, Kind.BURST, Kind.SHIFT, Kind.DRIFT)
# Each silence is told once, whatever was said of the last one.
_NEVER = (Kind.SILENT,)

# An event may be up to so many times as far off as the other; any smaller event is like it. The farthest of many
# scattered readings is chance. Scores are not compared: residuals are clipped, so that scores stop growing.
LARGEST, _LARGEST_SPREAD = 1.75, 2.0
# It may be up to so many times longer or shorter; a row or two make no difference.
_LONGEST, _SHORTEST, _FEW_ROWS = 2.0, 1 / 3, 2
# Short events have a time of day; events longer than half a day have none.
_HOUR = 3_600_000_000
_DAY, _NEAR, _LONG = 24 * _HOUR, 3 * _HOUR, 12 * _HOUR


def is_like(event: Event, known: Event) -> bool:
    """Whether an event is like a known one: same kind, same side, same hour, about as long, and not larger.

    Both are of one sensor.
    """
    if event.kind in _NEVER or not _same_kind(event.kind, known.kind):
        return False
    if event.kind is Kind.INVALID:
        return abs(event.extreme - known.extreme) <= 1e-9 * abs(known.extreme)
    if event.kind.lasts:
        return _same_side(event, known) and event.score <= LARGEST * known.score
    about_as_long = _SHORTEST <= (event.rows + _FEW_ROWS) / (known.rows + _FEW_ROWS) <= _LONGEST
    if event.kind is Kind.GAP:
        length, longest = event.end - event.start, _LONGEST * (known.end - known.start)
        return length <= longest and _same_hour(event, known)
    if event.kind is Kind.VARIANCE and _away(event) > _LARGEST_SPREAD * _away(known):
        return False
    if event.kind not in (Kind.STUCK, Kind.VARIANCE) and not (
        _same_side(event, known) and _away(event) <= LARGEST * _away(known)
    ):
        return False
    return about_as_long and _same_hour(event, known)


def _same_kind(kind: Kind, other: Kind) -> bool:
    return kind is other or (kind in _STRETCHES and other in _STRETCHES)


def _same_side(event: Event, known: Event) -> bool:
    return (event.extreme - event.expected) * (known.extreme - known.expected) >= 0


def _away(event: Event) -> float:
    return abs(event.extreme - event.expected)


def _same_hour(event: Event, known: Event) -> bool:
    """Whether both begin, or end, at about the same hour. UTC is good enough: summer time is only one hour."""
    if max(event.end - event.start, known.end - known.start) >= _LONG:
        return True
    return min(_apart(event.start, known.start), _apart(event.end, known.end)) <= _NEAR


def _apart(moment: int, other: int) -> int:
    away = abs(moment - other) % _DAY
    return min(away, _DAY - away)

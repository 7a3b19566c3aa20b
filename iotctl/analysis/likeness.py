"""Whether an event is like another one of the same sensor, so that a verdict on the one holds for the other."""

from __future__ import annotations

from iotctl.model import Event, Kind

# Stretches of readings that are off: which of these an event is called is a matter of a few rows.
_STRETCHES = (Kind.SPIKE, Kind.BURST, Kind.SHIFT, Kind.DRIFT)
# A sensor that is silent is told once, whatever was said of its last silence.
_NEVER = (Kind.SILENT,)

# An event may be so many times as far off; smaller ones are like it. How far the farthest of many scattered readings is
# is a matter of chance. Scores say less: they stop growing with the size, as residuals are clipped.
LARGEST, _LARGEST_SPREAD = 1.75, 2.0
# So many times as long at most, and as short; a row or two is no difference.
_LONGEST, _SHORTEST, _FEW_ROWS = 2.0, 1 / 3, 2
# Short events come at a time of day; longer ones than half a day have none.
_HOUR = 3_600_000_000
_DAY, _NEAR, _LONG = 24 * _HOUR, 3 * _HOUR, 12 * _HOUR


def is_like(event: Event, known: Event) -> bool:
    """Whether an event is of the kind of a known one, to the same side, not larger, about as long, and at its hour.

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
    """Whether one begins, or ends, at about the hour of the other; UTC will do, as an hour of summer time is little."""
    if max(event.end - event.start, known.end - known.start) >= _LONG:
        return True
    return min(_apart(event.start, known.start), _apart(event.end, known.end)) <= _NEAR


def _apart(moment: int, other: int) -> int:
    away = abs(moment - other) % _DAY
    return min(away, _DAY - away)

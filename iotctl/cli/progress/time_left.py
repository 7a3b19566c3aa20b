"""The time left, when enough work is done to estimate it."""

from __future__ import annotations

# Before this, the start of workers and the first file count too much: 1 of 10,000 sensors in 5 s gave 14 hours.
_LEAST_SECONDS = 3.0
_LEAST_PART = 0.02


def time_left(done: float, total: float, seconds: float) -> str:
    """A text such as '1:05:10 left'; empty while too little is done. seconds: duration of the work so far."""
    if seconds < _LEAST_SECONDS or done < total * _LEAST_PART or not 0 < done < total:
        return ""
    left = round((total - done) / done * seconds)
    minutes, rest = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"

"""How long work still takes, once enough of it is done to say so."""

from __future__ import annotations

# Before that the start of workers and the first file count for more than what follows: 1 of 10,000 sensors in 5 s said
# 14 hours.
_LEAST_SECONDS = 3.0
_LEAST_PART = 0.02


def time_left(done: float, total: float, seconds: float) -> str:
    """What is left, such as 1:05:10 left; no text while too little is done. seconds: that the work has taken."""
    if seconds < _LEAST_SECONDS or done < total * _LEAST_PART or not 0 < done < total:
        return ""
    left = round((total - done) / done * seconds)
    minutes, rest = divmod(left, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} left" if hours else f"{minutes}:{rest:02} left"

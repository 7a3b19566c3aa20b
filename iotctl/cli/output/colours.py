"""Colours of cells on terminals, by severity, score and state."""

from __future__ import annotations

from enum import StrEnum


class Colour(StrEnum):
    """A colour as terminals know it (ECMA-48, select graphic rendition)."""

    RED = "31"
    GREEN = "32"
    YELLOW = "33"
    GREY = "90"

    def of(self, text: str) -> str:
        """The text in this colour."""
        return f"\x1b[{self.value}m{text}\x1b[0m"


# Lowest severity of each colour; +1 is ten times as rare.
_SEVERE, _NOTABLE = 3.0, 1.0

# A score goes from 0 to 100.
_GOOD, _FAIR = 90.0, 50.0

_STATES = {
    **dict.fromkeys(("ok", "done", "loaded", "fresh", "true"), Colour.GREEN),
    **dict.fromkeys(("partly", "interrupted", "running", "stale", "no readings"), Colour.YELLOW),
    **dict.fromkeys(("silent", "failed", "killed", "NO", "data path"), Colour.RED),
    **dict.fromkeys(("false", "expected"), Colour.GREY),
}


def by_severity(severity: object) -> Colour | None:
    """The colour of a severity."""
    if not isinstance(severity, int | float) or severity < _NOTABLE:
        return None
    return Colour.RED if severity >= _SEVERE else Colour.YELLOW


def by_score(score: object) -> Colour | None:
    """The colour of a quality score."""
    if not isinstance(score, int | float):
        return None
    return Colour.GREEN if score >= _GOOD else Colour.YELLOW if score >= _FAIR else Colour.RED


def by_state(state: object) -> Colour | None:
    """The colour of the name of a state."""
    return _STATES.get(str(state))

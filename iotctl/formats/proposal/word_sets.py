"""Sets of words from a text."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, divided by blanks and line ends."""
    return frozenset(text.split())

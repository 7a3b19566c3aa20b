"""Sets of words, written one behind the other."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, which are divided by blanks and line ends."""
    return frozenset(text.split())

"""Text on a terminal: measure its width, pad, shorten and wrap it, and share a width among columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

BETWEEN = "  "

# Words that stay on a line with the next word: a number with its unit, a day with its time, an option with its value.
_HOLDS_ON = re.compile(r"[(~<>+-]?\d(?:[\d.,]*\d)?|\d{4}-\d\d-\d\d|--[a-z-]+")

# Of a path that is too wide, the end is kept, from a slash on.
_PATH = re.compile(r"/|[a-z0-9]+://")

# The least width of a column of text.
_LEAST = 12

# A column of paths has room for their last parts, up to this width.
_LEAST_PATH = 32


def width(text: str) -> int:
    """The columns of a terminal that a text takes. Letters of some scripts take two, combining accents none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """The text filled with blanks to a width, on the right or (right=True) on the left."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def shortened(text: str, columns: int) -> str:
    """The text, with … if it is too wide: in the middle, because names differ at their ends. Paths keep their end."""
    if width(text) <= columns:
        return text
    if _PATH.match(text):
        ends = (text[at:] for at, char in enumerate(text) if char == "/" and text[at:].strip("/"))
        fitting = next((end for end in ends if width(end) < columns), None)
        if fitting is not None:
            return f"…{fitting}"
    head = columns // 2
    return _first(text, head) + "…" + _first(text[::-1], columns - 1 - head)[::-1]


def wrapped(text: str, columns: int, *, breaks: bool = True) -> list[str]:
    """The text in lines that end between words; at least one line. A number and its unit stay together.

    breaks: break words that are wider than a line; if False, they stay whole and can be copied.
    """
    lines = [""]
    for word in _words(text, columns):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width(joined) <= columns:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while breaks and width(word) > columns:
            lines[-1] = _first_cells(_first(word, columns))
            word = word[len(lines[-1]) :]
            lines.append("")
        lines[-1] = word
    return lines


def _words(text: str, columns: int) -> Iterator[str]:
    """The words of a text. Words that belong together are joined if they fit a line."""
    held = ""
    for word in text.split():
        if held and width(f"{held} {word}") > columns:
            yield held
            held = ""
        held = f"{held} {word}" if held else word
        if not _HOLDS_ON.fullmatch(word):
            yield held
            held = ""
    if held:
        yield held


def shares(wanted: Sequence[int], least: Sequence[int], columns: int) -> list[int] | None:
    """The widths of a table's columns; None if they do not fit side by side.

    wanted: their full widths. least: the least width of each. The widest columns are made narrower first.
    """
    room = columns - len(BETWEEN) * (len(wanted) - 1)
    for most in range(max(wanted, default=0), -1, -1):
        found = [min(one, max(most, few)) for one, few in zip(wanted, least, strict=True)]
        if sum(found) <= room:
            return found
    return None


def least_of(texts: Sequence[str]) -> int:
    """The least width of a column of texts. Paths need room for their last part."""
    names = (len("…/") + width(text.rstrip("/").rpartition("/")[2]) for text in texts if _PATH.match(text))
    return min(max([_LEAST, *names]), _LEAST_PATH)


def _first_cells(text: str) -> str:
    """The first part of a broken word. In a row of a file, it ends with a whole cell."""
    ends = (text.rfind(delimiter) + 1 for delimiter in ";|\t,")
    return text[: next((end for end in ends if end > len(text) // 2), len(text))]


def _first(text: str, columns: int) -> str:
    """As many of the first letters as fit; at least one."""
    count = 1
    while count < len(text) and width(text[: count + 1]) <= columns:
        count += 1
    return text[:count]

"""Text on a terminal: measure its width, pad, shorten and wrap it, and share a width among columns."""

from __future__ import annotations

from collections.abc import Sequence

BETWEEN = "  "

# The least width of a column of text.
_LEAST = 12


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
    """The text, with … in its middle if it is too wide. Names and paths differ at their ends."""
    if width(text) <= columns:
        return text
    head = columns // 2
    return _first(text, head) + "…" + _first(text[::-1], columns - 1 - head)[::-1]


def wrapped(text: str, columns: int, *, breaks: bool = True) -> list[str]:
    """The text in lines that end between words; at least one line.

    breaks: break words that are wider than a line; if False, they stay whole and can be copied.
    """
    lines = [""]
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width(joined) <= columns:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        while breaks and width(word) > columns:
            lines[-1] = _first(word, columns)
            word = word[len(lines[-1]) :]
            lines.append("")
        lines[-1] = word
    return lines


def shares(wanted: Sequence[int], texts: Sequence[bool], columns: int) -> list[int] | None:
    """The widths of a table's columns; None if they do not fit side by side.

    wanted: their full widths. texts: which columns may be made narrower; the widest ones are made narrower first.
    """
    room = columns - len(BETWEEN) * (len(wanted) - 1)
    room -= sum(one for one, is_text in zip(wanted, texts, strict=True) if not is_text)
    flexible = [one for one, is_text in zip(wanted, texts, strict=True) if is_text]
    most = next(
        (most for most in range(max(flexible, default=0), 0, -1) if sum(min(one, most) for one in flexible) <= room), 0
    )
    if room < 0 or most < min(_LEAST, max(flexible, default=0)):
        return None
    return [min(one, most) if is_text else one for one, is_text in zip(wanted, texts, strict=True)]


def _first(text: str, columns: int) -> str:
    """As many of the first letters as fit; at least one."""
    count = 1
    while count < len(text) and width(text[: count + 1]) <= columns:
        count += 1
    return text[:count]

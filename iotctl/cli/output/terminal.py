"""Terminals: size and colours, and text without control characters."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import TextIO

# The width of a terminal that does not report one.
_USUAL_COLUMNS = 80


@dataclass(frozen=True, slots=True)
class Screen:
    """The terminal of stdout. width, height: in characters. is_coloured: whether it shows colours."""

    width: int
    height: int
    is_coloured: bool


def screen() -> Screen | None:
    """The terminal of stdout; None if stdout is a pipe or a file. NO_COLOR and TERM=dumb turn colours off."""
    if not sys.stdout.isatty():
        return None
    size = shutil.get_terminal_size()
    return Screen(size.columns, size.lines, not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb")


def columns_of(stream: TextIO) -> int | None:
    """The width of the terminal of a stream; None if it goes to a pipe or a file."""
    if not stream.isatty():
        return None
    try:
        seen = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        seen = 0
    return int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdecimal() else seen or _USUAL_COLUMNS


def printable(text: str) -> str:
    """The text with control characters escaped, including line ends."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def size(number: float) -> str:
    """Bytes for people: 1.5 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"

"""Text for terminals: nothing that a file name or a server's message could make the terminal do."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with control characters, line ends among them, escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def size(number: float) -> str:
    """Bytes for people: 1.5 GB."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} B" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"

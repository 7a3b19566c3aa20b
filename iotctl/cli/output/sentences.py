"""Sentences on a terminal: lines that end between words, and commands that can be copied."""

from __future__ import annotations

import re

from iotctl.cli.output.fit import width, wrapped

# A sentence that ends in a command, or a command alone.
_COMMAND = re.compile(r"(?:(?P<before>.*:) )?(?P<command>iotctl (?:(?![,;.:] ).)+)")

# A word of a shell command: blanks within quotes do not end it, and an option includes its value.
_SHELL_WORD = re.compile(r"(?:--[a-z-]+ (?!-))?(?:'[^']*'|[^\s'])+")

_FURTHER = "  "
_GOES_ON = " \\"


def folded(text: str, columns: int | None) -> list[str]:
    """A line in lines that fit a terminal; unchanged if it fits, or if there is no terminal (None).

    Further lines are indented by two columns. A command at the end has its own lines, which a shell reads as one. A
    word that is wider than the terminal, such as a path, stays whole.
    """
    if columns is None or width(text) <= columns:
        return [text]
    margin = " " * (len(text) - len(text.lstrip(" ")))
    further = margin + _FURTHER
    found = _COMMAND.fullmatch(text.strip(" "))
    if found is None:
        return _wrapped(text, margin, further, columns)
    before = _wrapped(found["before"], margin, further, columns) if found["before"] else []
    first, *more = _command_lines(found["command"], columns - len(further))
    return [*before, (further if before else margin) + first, *(further + line for line in more)]


def _wrapped(text: str, margin: str, further: str, columns: int) -> list[str]:
    first, *more = wrapped(text, max(columns - len(margin), 1), breaks=False)
    rest = wrapped(" ".join(more), max(columns - len(further), 1), breaks=False) if more else []
    return [margin + first, *(further + line for line in rest)]


def _command_lines(command: str, columns: int) -> list[str]:
    """A command in lines that a shell reads as one."""
    lines = [""]
    for word in _SHELL_WORD.findall(command):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1] and width(joined) > columns - len(_GOES_ON):
            lines[-1] += _GOES_ON
            lines.append(word)
        else:
            lines[-1] = joined
    return lines

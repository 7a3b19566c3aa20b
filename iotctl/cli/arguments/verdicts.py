"""Verdicts on events: from arguments, ids from a pipe, and the file that a page saves."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from iotctl.errors import FileError, UsageError
from iotctl.model import Label

STDIN = "-"

_FORM = 'Write {"verdicts": [{"event_id": "3f0c5a9be1d2", "verdict": "false"}]}, as the pages of detect do.'
_MOST_CHARACTERS = 64 * 1024 * 1024


class VerdictChoice(StrEnum):
    """What a person can say of an event; none removes the label."""

    TRUE = "true"
    FALSE = "false"
    EXPECTED = "expected"
    NONE = "none"

    @property
    def label(self) -> Label | None:
        """The label that is saved."""
        return None if self is VerdictChoice.NONE else Label(self.value)


def verdict_of(text: str) -> VerdictChoice:
    """A verdict by its word. Raises UsageError."""
    try:
        return VerdictChoice(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a label.", hint=f"Use one of: {', '.join(VerdictChoice)}") from None


def split_words(words: Sequence[str]) -> tuple[list[str], VerdictChoice]:
    """Ids, and the verdict after them; - reads ids from stdin. Raises UsageError."""
    if not words:
        raise UsageError("Name events and a label.", hint="Example: iotctl anomalies label 3f0c5a9be1d2 false")
    *ids, last = words
    verdict = verdict_of(last)
    if STDIN in ids:
        ids = [event_id for event_id in ids if event_id != STDIN] + ids_from(_read(STDIN), "stdin")
    return list(dict.fromkeys(ids)), verdict


def ids_from(text: str, where: str) -> list[str]:
    """Ids, one per line; or the column event_id of a CSV with a header, as printed by anomalies and detect.

    Raises UsageError if there is no id.
    """
    lines = text.splitlines()
    header = next(csv.reader(lines[:1]), [])
    if "event_id" in header:
        at = header.index("event_id")
        ids = [row[at] for row in csv.reader(lines[1:]) if len(row) > at]
    else:
        ids = [line.strip() for line in lines]
    if not (found := [event_id for event_id in ids if event_id]):
        raise UsageError(f"There are no ids in {where}.", hint="Give one per line, or the CSV of: iotctl anomalies")
    return found


def verdicts_from(path: str) -> dict[str, Label | None]:
    """Event id -> label, from the JSON file that a page saves; - is stdin. Raises FileError, UsageError."""
    where = "stdin" if path == STDIN else path
    try:
        content = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise FileError(f"The verdicts are not JSON: {error}.", where=where, hint=_FORM) from None
    entries = content.get("verdicts") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise FileError("There are no verdicts in the file.", where=where, hint=_FORM)
    found: dict[str, Label | None] = {}
    for number, entry in enumerate(entries, 1):
        event_id, word = (entry.get("event_id"), entry.get("verdict")) if isinstance(entry, dict) else (None, None)
        if not isinstance(event_id, str) or not isinstance(word, str) or word not in tuple(VerdictChoice):
            raise FileError(f"Verdict {number} has no event_id, or no verdict such as false.", where=where, hint=_FORM)
        label = VerdictChoice(word).label
        if found.setdefault(event_id, label) is not label:
            raise FileError(f"There are two verdicts on {event_id!r}.", where=where, hint="Leave out one of them.")
    return found


def _read(path: str) -> str:
    try:
        if path == STDIN:
            return sys.stdin.read(_MOST_CHARACTERS)
        with Path(path).open(encoding="utf-8-sig") as file:
            return file.read(_MOST_CHARACTERS)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise FileError(f"The verdicts cannot be read: {reason}.", where=path, hint=_FORM) from None

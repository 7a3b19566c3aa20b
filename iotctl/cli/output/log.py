"""What the program says on stderr: lines for people, or one JSON object per line for machines."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from iotctl.cli.output.terminal import printable
from iotctl.secrets import hidden


class LogFormat(StrEnum):
    """How lines on stderr look."""

    TEXT = "text"
    JSON = "json"


class Level(StrEnum):
    """How much a line matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass
class _Log:
    form: LogFormat = LogFormat.TEXT
    run_id: str = field(default_factory=lambda: os.urandom(6).hex())
    is_verbose: bool = False
    is_quiet: bool = False


_log = _Log()


def use_format(form: LogFormat) -> None:
    """Say everything from here on in this format."""
    _log.form = form


def use_verbose() -> None:
    """From here on say details as well."""
    _log.is_verbose = True


def use_quiet() -> None:
    """From here on say warnings and errors alone."""
    _log.is_quiet = True


def is_quiet() -> bool:
    """Whether only warnings and errors are wanted."""
    return _log.is_quiet


def is_json() -> bool:
    """Whether lines are JSON objects."""
    return _log.form is LogFormat.JSON


def run_id() -> str:
    """What tells this run's lines, and its row in the history, from others: 12 hex digits."""
    return _log.run_id


def say_detail(message: str) -> None:
    """A line for those who asked for more by --verbose."""
    if _log.is_verbose:
        say(message)


def say(message: str, level: Level = Level.INFO, **more: str | int | float | None) -> None:
    """A line to stderr, without a secret; where nobody reads it any more, the work goes on.

    more: further fields, left out where None, of the JSON object alone: file, rows, where, hint, traceback.
    """
    if _log.is_quiet and level is Level.INFO:
        return
    message = hidden(message)
    line = printable(message)
    if is_json():
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        given = {
            name: hidden(value) if isinstance(value, str) else value
            for name, value in more.items()
            if value is not None
        }
        line = json.dumps({"time": now, "level": level, "run": _log.run_id, "message": message} | given)
    with suppress(BrokenPipeError):
        print(line, file=sys.stderr, flush=True)

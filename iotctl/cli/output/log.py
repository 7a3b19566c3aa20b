"""Lines on stderr: text for people, or one JSON object per line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from iotctl.cli.output.sentences import folded
from iotctl.cli.output.terminal import columns_of, printable
from iotctl.secrets import hidden


class LogFormat(StrEnum):
    """The format of lines on stderr."""

    TEXT = "text"
    JSON = "json"


class Level(StrEnum):
    """The importance of a line."""

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
    """Use this format from now on."""
    _log.form = form


def use_verbose() -> None:
    """Print details from now on."""
    _log.is_verbose = True


def use_quiet() -> None:
    """Print only warnings and errors from now on."""
    _log.is_quiet = True


def is_quiet() -> bool:
    """Whether only warnings and errors are wanted."""
    return _log.is_quiet


def is_verbose() -> bool:
    """Whether details are wanted."""
    return _log.is_verbose


def is_json() -> bool:
    """Whether lines are JSON objects."""
    return _log.form is LogFormat.JSON


def run_id() -> str:
    """The id of this run in its lines and in iotctl runs: 12 hex digits."""
    return _log.run_id


def say_detail(message: str) -> None:
    """Print a line to stderr with --verbose."""
    if _log.is_verbose:
        say(message)


def say(message: str, level: Level = Level.INFO, **more: str | int | float | None) -> None:
    """Print a line to stderr without secrets, in lines that fit a terminal. If stderr is closed, the work goes on.

    more: more fields, only for the JSON object: file, rows, where, hint, traceback. None is left out.
    """
    if _log.is_quiet and level is Level.INFO:
        return
    message = hidden(message)
    line = "\n".join(folded(printable(message), columns_of(sys.stderr)))
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


def show_lines(lines: Sequence[str]) -> None:
    """Lines for people to stderr, without a secret, and each in lines that fit a terminal."""
    columns = columns_of(sys.stderr)
    shown = (one for line in lines for one in folded(printable(hidden(line)), columns))
    with suppress(BrokenPipeError):
        print("\n".join(shown), file=sys.stderr, flush=True)

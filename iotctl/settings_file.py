"""The settings file of iotctl init: a comment for each setting, and most of them not set."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from iotctl.env_files import PREFIX
from iotctl.errors import ConfigurationError, UsageError, cannot_write
from iotctl.settings import Settings, unusable

_WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=?&~-]*")


def check_values(values: Mapping[str, str]) -> None:
    """Raises ConfigurationError, without the value, if a setting cannot have it. values: by the names of fields."""
    for name, value in values.items():
        if "${" in value or not value.isprintable():
            raise ConfigurationError(
                f"{PREFIX}{name.upper()} cannot be written into a file.",
                hint="Line breaks and ${ are not possible there. Set it in the environment.",
            )
    try:
        Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]  # texts, as in a file
    except ValidationError as error:
        raise unusable(error, is_set=False) from None


def settings_text(values: Mapping[str, str]) -> str:
    """The text of a file with these settings, and all others as comments. values: by the names of fields."""
    lines = ["# Settings of iotctl, written by iotctl init. The environment goes before this file."]
    for name, field in Settings.model_fields.items():
        lines += ["", *(f"# {line}" for line in textwrap.wrap(field.description or "", _WIDTH))]
        setting = f"{PREFIX}{name.upper()}="
        lines.append(setting + _quoted(values[name]) if name in values else f"#{setting}")
    return "\n".join(lines) + "\n"


def already_there(path: Path) -> UsageError:
    """The error for a file that must not be replaced."""
    return UsageError(f"There is a file {path} already; nothing was written.", hint="To replace it: --force")


def write_settings(path: Path, text: str, *, replace: bool) -> None:
    """Write a file that only its user can read; it appears whole or not at all.

    Raises UsageError if it exists and must not be replaced, IotctlError if it cannot be written.
    """
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        file = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as opened:
                opened.write(text)
            if replace:
                unfinished.replace(path)
            else:
                path.hardlink_to(unfinished)  # fails if the file exists by now
        finally:
            unfinished.unlink(missing_ok=True)
    except FileExistsError:
        raise already_there(path) from None
    except OSError as error:
        raise cannot_write(path, error) from error


def _quoted(value: str) -> str:
    """A value as dotenv and docker compose read it."""
    if _PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\\" not in value:
        return f"'{value}'"
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

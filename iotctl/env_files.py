"""Finds the .env file of the settings, and checks the names of settings."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from dotenv import dotenv_values
from platformdirs import user_data_path

from iotctl.errors import ConfigurationError
from iotctl.near_names import near_names

PREFIX = "IOTCTL_"

# Names the file to read instead of any other; --env-file sets it.
ENV_FILE_VARIABLE = "IOTCTL_ENV_FILE"

# Names that are not settings: those of the tests, and those that Kubernetes sets if a service is called iotctl.
_OTHERS = re.compile(rf"{ENV_FILE_VARIABLE}|IOTCTL_TEST_.*|IOTCTL_(SERVICE|PORT)(_.*)?")


def default_home() -> Path:
    """The default folder of the embedded server. Raises RuntimeError for a user without a home."""
    return user_data_path("iotctl", appauthor=False)


def env_file() -> Path | None:
    """The file of the settings: the named one, else .env here, else .env in IOTCTL_HOME; None if there is none.

    A .env without a setting of iotctl belongs to another program, and is skipped. Raises ConfigurationError if the
    named file does not exist, or a file cannot be read.
    """
    named = os.environ.get(ENV_FILE_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise ConfigurationError(f"There is no file {named}.", hint="Check --env-file, or IOTCTL_ENV_FILE.")
        return path
    home = os.environ.get("IOTCTL_HOME")
    folders = (Path(), Path(home).expanduser() if home else default_home())
    return next((path for path in (folder / ".env" for folder in folders) if _is_ours(path)), None)


def check_names(known: Collection[str], path: Path | None) -> None:
    """Raises ConfigurationError for an unknown name of a setting, in the environment or in a file.

    known: in capitals, with the prefix. Without this check, a mistyped name would silently leave the default: another
    database, for example.
    """
    _check(os.environ, "in the environment", known)
    if path is not None:
        _check(_names(path), f"in {path}", known)


def where_set(name: str) -> str:
    """Where a setting is set, for people."""
    if name in {upper.upper() for upper in os.environ}:
        return "in the environment"
    path = env_file()
    return "in the environment" if path is None else f"in {path}"


def _check(names: Iterable[str], where: str, known: Collection[str]) -> None:
    for name in names:
        upper = name.upper()
        if upper.startswith(PREFIX) and upper not in known and not _OTHERS.fullmatch(upper):
            near = near_names(upper, known, 1)
            hint = f"Did you mean {near[0]}?" if near else "Remove it, or see .env.example for the names."
            raise ConfigurationError(f"There is no setting {name}.", where=where, hint=hint)


def _is_ours(path: Path) -> bool:
    try:
        return path.is_file() and any(name.upper().startswith(PREFIX) for name in _names(path))
    except PermissionError:  # a folder that cannot be read
        return False


def _names(path: Path) -> list[str]:
    """The names in a file. Raises ConfigurationError if it cannot be read, PermissionError for its folder."""
    try:
        return list(dotenv_values(path, interpolate=False))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror}.", hint="Check its owner and mode, or use another folder."
        ) from error

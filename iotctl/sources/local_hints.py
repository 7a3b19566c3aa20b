"""Hints for a path on this machine that does not exist, or is a folder."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from iotctl.near_names import near_names
from iotctl.sources.names import is_hidden

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_VARIABLE = re.compile(r"\$\{?\w|%\w+%")

# In a larger folder, only this many names are compared with the wrong one.
_MOST_NAMES = 2000


def whole_path(path: Path) -> str | None:
    """The whole path of a relative path, which shows the folder that was searched; else None."""
    try:
        return None if path.is_absolute() else str(path.absolute())
    except OSError:  # the working directory is gone
        return None


def path_hint(path: str) -> str:
    """The hint for a path that does not exist."""
    if _WINDOWS.match(path):
        return "This is a path of Windows. In WSL, C:\\data\\a.csv is /mnt/c/data/a.csv."
    if _VARIABLE.search(path):
        return "Variables such as $HOME are not replaced here. Write the whole path; it may begin with ~/."
    if path.lower().startswith("s3:"):
        return "An object in a store is s3://BUCKET/KEY, with two slashes."
    place = Path(path)
    near = near_names(place.name, _names_in(place.parent), 2)
    return f"Did you mean {' or '.join(str(place.parent / name) for name in near)}?" if near else "Check the path."


def files_in(folder: Path) -> str:
    """The hint for a folder in place of a file."""
    names = [name for name in _names_in(folder) if not is_hidden(name)]
    return f"Name a file, such as {folder / names[0]}" if names else "Name a file."


def _names_in(folder: Path) -> Sequence[str]:
    """The first names in a folder, in order; empty if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, _MOST_NAMES))
    except OSError:
        return ()

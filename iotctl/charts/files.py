"""Charts and pages as files: each file appears only when it is complete."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from iotctl.errors import ConfigurationError, UsageError, cannot_write

_SUFFIXES = (".png", ".svg", ".html")


def check_chart(path: Path) -> None:
    """Check that a chart can be written under this name.

    Raises UsageError for another suffix than .png, .svg or .html, ConfigurationError where pictures are not installed,
    IotctlError where nothing can be written.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(
            f"A chart cannot be written as {path.name}.",
            hint=f"Name it {path.stem}.html (a page to zoom into), {path.stem}.png or {path.stem}.svg.",
        )
    _check_place(path)
    if not is_page(path):
        check_pictures(f", or name a page: {path.stem}.html")


def _check_place(path: Path) -> None:
    """Raises IotctlError where the folders above a file cannot be made, or no file can be put there."""
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise cannot_write(path, NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise cannot_write(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def check_pictures(instead: str = "") -> None:
    """Raises ConfigurationError where pictures are not installed; pages need only iotctl itself.

    instead: the end of the hint, after the command that installs them: what else to do.
    """
    if any(find_spec(name) is None for name in ("altair", "vl_convert")):
        raise ConfigurationError(
            "Pictures (PNG, SVG) are not installed.", hint=f"Run: pip install 'iotctl[plot]'{instead}"
        )


def is_page(path: Path) -> bool:
    """Whether a chart of this name is a page, and not a picture."""
    return path.suffix.lower() == ".html"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen incomplete. Raises IotctlError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)

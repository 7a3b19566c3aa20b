"""Charts and pages as files: each appears under its name at once, or not at all."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from iotctl.errors import ConfigurationError, IotctlError, UsageError

_SUFFIXES = (".png", ".svg", ".html")


def check_chart(path: Path) -> None:
    """Be sure that a chart can be written under this name.

    Raises UsageError for another suffix than .png, .svg or .html, ConfigurationError where pictures are not installed.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"A chart cannot be written as {path.name}.", hint=f"Use one of: {', '.join(_SUFFIXES)}")
    if not is_page(path):
        check_pictures(f", or name a page: {path.stem}.html")


def check_pictures(instead: str = "") -> None:
    """Raises ConfigurationError where pictures are not installed; pages need nothing more than iotctl itself.

    instead: what else to do, behind the command that installs them.
    """
    if any(find_spec(name) is None for name in ("altair", "vl_convert")):
        raise ConfigurationError(
            "Pictures (PNG, SVG) are not installed.", hint=f"Run: pip install 'iotctl[plot]'{instead}"
        )


def is_page(path: Path) -> bool:
    """Whether a chart of this name is a page, and not a picture."""
    return path.suffix.lower() == ".html"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody sees half of it. Raises IotctlError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise IotctlError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)

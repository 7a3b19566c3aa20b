"""Chooses one of several layouts for a file, by the name of the file."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from iotctl.errors import FileError
from iotctl.formats.containers.suffixes import unpacked
from iotctl.formats.layouts.layout import Layout


def layout_of(layouts: Sequence[Layout], where: str) -> Layout:
    """The first layout without patterns, or with a pattern that matches the file's name. A pattern with a / matches the
    end of the path.

    Raises FileError if no layout matches.
    """
    for layout in layouts:
        if not layout.files or fits(layout, where):
            return layout
    known = ", ".join(pattern for layout in layouts for pattern in layout.files)
    raise FileError(
        "No layout matches this file's name.", where=where, hint=f"The layouts' patterns (files = ...) are: {known}"
    )


def fits(layout: Layout, where: str) -> bool:
    """Whether a pattern of a layout matches a file's name, with or without the suffix of its compression."""
    return any(
        fnmatch("/".join(name.parts[-(pattern.count("/") + 1) :]), pattern)
        for pattern in layout.files
        for name in (PurePosixPath(where), unpacked(where))
    )

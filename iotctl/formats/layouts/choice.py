"""Which of several layouts a file has, by its name."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from iotctl.errors import FileError
from iotctl.formats.containers.suffixes import unpacked
from iotctl.formats.layouts.layout import Layout


def layout_of(layouts: Sequence[Layout], where: str) -> Layout:
    """The first layout that has no patterns, or one that fits the file's name; a pattern with a / fits the path's end.

    Raises FileError where none does.
    """
    for layout in layouts:
        if not layout.files or fits(layout, where):
            return layout
    known = ", ".join(pattern for layout in layouts for pattern in layout.files)
    raise FileError(
        "No layout fits this file's name.", where=where, hint=f"The layouts' patterns (files = ...) are: {known}"
    )


def fits(layout: Layout, where: str) -> bool:
    """Whether one of a layout's patterns fits a file's name, with the suffix of its compression or without."""
    return any(
        fnmatch("/".join(name.parts[-(pattern.count("/") + 1) :]), pattern)
        for pattern in layout.files
        for name in (PurePosixPath(where), unpacked(where))
    )

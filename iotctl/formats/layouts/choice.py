"""Which of several layouts a file has, by its name."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from iotctl.errors import FileError
from iotctl.formats.layouts.layout import Layout
from iotctl.formats.options import COMPRESSIONS


def layout_of(layouts: Sequence[Layout], where: str) -> Layout:
    """The first layout that has no patterns, or one that fits the file's name; a pattern with a / fits the path's end.

    Raises FileError where none does.
    """
    path = PurePosixPath(where)
    plain = path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path
    for layout in layouts:
        for pattern in layout.files or ("*",):
            depth = pattern.count("/") + 1
            if any(fnmatch("/".join(name.parts[-depth:]), pattern) for name in (path, plain)):
                return layout
    known = ", ".join(pattern for layout in layouts for pattern in layout.files)
    raise FileError(
        "No layout fits this file's name.", where=where, hint=f"The layouts' patterns (files = ...) are: {known}"
    )

"""Globs: patterns on names, the same for sensors and files."""

from __future__ import annotations

from fnmatch import fnmatchcase

HINT = "* stands for any text, ? for one character, [12] for one of these; capitals count."


def is_glob(text: str) -> bool:
    """Whether a text may stand for several names."""
    return bool(set("*?[") & set(text))


def glob_fits(glob: str, name: str) -> bool:
    """Whether a name fits: * any text, also with /, ? one character, [12] one of these; a name always fits itself."""
    return name == glob or fnmatchcase(name, glob)

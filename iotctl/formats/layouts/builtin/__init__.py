"""The layouts that come with iotctl, a TOML file each. To add a layout, put its file here."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from iotctl.formats.layouts.layout import STANDARD, Layout
from iotctl.formats.layouts.layout_file import read_layouts

_SUFFIX = ".toml"


def builtin_names() -> list[str]:
    """The names of all of them, sorted."""
    found = [entry.name.removesuffix(_SUFFIX) for entry in files(__name__).iterdir() if entry.name.endswith(_SUFFIX)]
    return sorted([*found, STANDARD.name])


@cache
def builtin_layouts(name: str) -> tuple[Layout, ...]:
    """The layouts of a name. Raises KeyError if there is none."""
    if name == STANDARD.name:
        return (STANDARD,)
    if name not in builtin_names():
        raise KeyError(name)
    return read_layouts((files(__name__) / f"{name}{_SUFFIX}").read_text("utf-8"), name)

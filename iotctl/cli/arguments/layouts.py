"""The option --layout: a layout file, the name of one that comes with iotctl, or auto."""

from __future__ import annotations

from pathlib import Path

from iotctl.errors import FileError, UsageError
from iotctl.formats.layouts.layout import AUTO, STANDARD, Layout
from iotctl.formats.layouts.layout_file import read_layouts
from iotctl.near_names import near_names


def chosen_layouts(wanted: str | None) -> tuple[Layout, ...]:
    """The layouts that an option or setting names; the standard layout if it names none.

    Raises UsageError if there is no such file or name, and FileError if the file cannot be used.
    """
    from iotctl.formats.layouts.builtin import builtin_layouts, builtin_names

    if not wanted:
        return (STANDARD,)
    if wanted == AUTO.name:
        return (AUTO,)
    if wanted in builtin_names():
        return builtin_layouts(wanted)
    path = Path(wanted)
    try:
        return read_layouts(path.read_text("utf-8-sig"), wanted)
    except (FileNotFoundError, NotADirectoryError):
        near = near_names(wanted, builtin_names(), 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"There is no layout file or layout {wanted!r}.",
            hint=f"{meant}Make one with: iotctl inspect FILE --save layout.toml. Names: {', '.join(builtin_names())}",
        ) from None
    except IsADirectoryError:
        raise UsageError(f"{wanted} is a folder, not a layout file.", hint="Name a layout file in it.") from None
    except UnicodeDecodeError:
        raise FileError("The layout file is not UTF-8 text.", where=wanted, hint="Save it as UTF-8.") from None
    except OSError as error:
        raise FileError(
            f"The layout file cannot be read: {error.strerror}.", where=wanted, hint="Check its owner and mode."
        ) from error

"""The option --layout: a layout file, the name of one that comes with iotctl, or auto."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from iotctl.formats.layouts.layout import Layout

LayoutOption = Annotated[
    str | None,
    typer.Option(
        "--layout",
        metavar="FILE|NAME|auto",
        help="How the files are written: a file of iotctl inspect --save, a name such as home-assistant, or auto (look"
        " at each file; one in doubt is not loaded). IOTCTL_LAYOUT where left out, and else"
        " timestamp;sensor_uuid;sensor_value.",
    ),
]


def chosen_layouts(wanted: str | None) -> tuple[Layout, ...]:
    """The layouts that an option or setting names; the standard one where it names none.

    Raises UsageError where there is no such file and no such name, and FileError where the file cannot be used.
    """
    from iotctl.errors import FileError, UsageError
    from iotctl.formats.layouts.builtin import builtin_layouts, builtin_names
    from iotctl.formats.layouts.layout import AUTO, STANDARD
    from iotctl.formats.layouts.layout_file import read_layouts

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
        raise UsageError(
            f"There is no layout file or layout {wanted!r}.",
            hint=f"Make one with iotctl inspect FILE --save {wanted or 'layout.toml'}; names are: "
            + ", ".join(builtin_names()),
        ) from None
    except UnicodeDecodeError:
        raise FileError("The layout file is not UTF-8 text.", where=wanted, hint="Save it as UTF-8.") from None
    except OSError as error:
        raise FileError(
            f"The layout file cannot be read: {error.strerror}.", where=wanted, hint="Check its owner and mode."
        ) from error

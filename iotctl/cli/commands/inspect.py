"""iotctl inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iotctl.cli.options import ForceOption, SummaryOutput, TimezoneOption
from iotctl.cli.output.inspection import as_json as inspection_json
from iotctl.cli.output.inspection import as_text
from iotctl.cli.output.rows import replaced_file
from iotctl.cli.output.terminal import screen
from iotctl.errors import FileError, UsageError
from iotctl.formats import ReadOptions
from iotctl.formats.layouts.layout import Layout
from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.formats.proposal.proposal import Hints
from iotctl.model import DecimalSign
from iotctl.moments import known_zone
from iotctl.services.inspect import inspect_file
from iotctl.settings import read_settings, store_settings


def inspect(
    output: SummaryOutput,
    uri: Annotated[str, typer.Argument(metavar="FILE", help="s3://bucket/key or a path.")],
    timezone: TimezoneOption = None,
    day_first: Annotated[
        bool | None,
        typer.Option(
            "--day-first/--month-first", help="Whether 03/02/2021 is 3 February or 2 March.", show_default=False
        ),
    ] = None,
    null: Annotated[
        list[str] | None,
        typer.Option(metavar="TOKEN", help="A text or number that means no value: --null=-999. May be repeated."),
    ] = None,
    sensor: Annotated[
        str | None,
        typer.Option(metavar="PATTERN", help="A sensor's name: '{device}.{field}', '{file.stem}', or a plain name."),
    ] = None,
    decimal: Annotated[
        DecimalSign,
        typer.Option(metavar="SIGN", help="The decimal sign: auto (from all numbers), point, or comma."),
    ] = DecimalSign.AUTO,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Encoding of the text, if the one found is wrong: cp1252, latin-1, cp850."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="LAYOUT.toml", help="Write the layout to this file. You can edit it.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Show the form of a file, the layout that fits it, the doubts, and its first readings.

    Each doubt names the option that settles it. Exit code 1: a doubt must be settled first, or the layout gives no
    reading; then nothing is saved. The database is not used.

    Example: iotctl inspect plant/boiler.csv --timezone Europe/Berlin --save layout.toml
    """
    settings = read_settings()
    if timezone is not None:
        known_zone(timezone, "--timezone")
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError:
            raise UsageError(
                f"There is no encoding {encoding!r}.", hint="Use a name that Python knows, such as cp1252."
            ) from None
    if save is not None and save.exists() and not force:
        raise UsageError(f"{save} exists already.", hint="Choose another name, or replace it with --force.")
    hints = Hints(
        timezone=timezone,
        day_first=day_first,
        nulls=tuple(null or ()),
        sensor=sensor,
        encoding=encoding,
        decimal={DecimalSign.POINT: ".", DecimalSign.COMMA: ","}.get(decimal),
    )
    seen = inspect_file(uri, store_settings(settings), hints, ReadOptions(timezone=timezone or settings.timezone))
    layout = seen.proposal.layout
    usable = seen.preview is not None and seen.preview.readings > 0
    saved = _save(layout, save) if save is not None and usable and layout is not None else None
    typer.echo(
        inspection_json(seen, saved)
        if output.is_json
        else as_text(seen, uri, saved, timezone or settings.timezone, screen())
    )
    if not usable:
        blocking = next((doubt for doubt in seen.proposal.doubts if doubt.blocks), None)
        problem = blocking.text if blocking else "the layout gives no reading"
        hint = "See what the file holds, and write a layout by hand: docs/reference/layouts.md"
        if blocking and blocking.option:
            hint = f"{'Use:' if blocking.choices else 'It needs'} {blocking.option}"
        raise FileError(f"No layout is proposed: {problem}.", where=uri, hint=hint)


def _save(layout: Layout, path: Path) -> Path:
    with replaced_file(path) as file:
        file.write(layout_toml(layout).encode())
    return path

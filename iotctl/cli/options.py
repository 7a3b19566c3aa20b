"""Options that several commands have: one name and one wording for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from iotctl.cli.output.rows import Format


def format_option(panel: str | None = None) -> Any:
    """--format, in a panel of the help."""
    return typer.Option("--format", help="table on a terminal, csv in a pipe where left out.", rich_help_panel=panel)


def output_option(panel: str | None = None) -> Any:
    """--output, in a panel of the help."""
    return typer.Option("-o", "--output", help="A file, or - for stdout.", rich_help_panel=panel)


FormatOption = Annotated[Format | None, format_option()]
OutputOption = Annotated[Path | None, output_option()]
LimitOption = Annotated[int | None, typer.Option(min=1, help="At most so many.")]

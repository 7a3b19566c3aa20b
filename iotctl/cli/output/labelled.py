"""Lines with a label before a text that is wrapped to the terminal."""

from __future__ import annotations

import typer

from iotctl.cli.output.colours import Colour
from iotctl.cli.output.fit import width, wrapped
from iotctl.cli.output.terminal import screen


def show_labelled(label: str, text: str, colour: Colour | None = None) -> None:
    """Print a label and a text. On a terminal, all lines of the text begin in the same column.

    colour: of the label, if the terminal has colours.
    """
    on = screen()
    room = 0 if on is None else on.width - width(label)
    first, *more = wrapped(text, room, breaks=False) if room > 0 else [text]
    shown = label if on is None or colour is None or not on.is_coloured else colour.of(label)
    typer.echo(shown + first)
    for line in more:
        typer.echo(" " * width(label) + line)

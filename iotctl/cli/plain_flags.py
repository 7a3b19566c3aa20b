"""Commands with help that shows flags without a type (--all), and wraps its text to the terminal."""

from __future__ import annotations

import inspect
from typing import Any

from typer.core import TyperCommand, TyperGroup


class PlainCommand(TyperCommand):
    """A command."""

    def __init__(self, *arguments: Any, **words: Any) -> None:
        """See Command."""
        super().__init__(*arguments, **words)
        self.help = _filled(self.help)

    # Any: some versions of typer contain click, others import it.
    def get_params(self, ctx: Any) -> Any:
        """See Command."""
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A command with subcommands."""

    def __init__(self, *arguments: Any, **words: Any) -> None:
        """See Command."""
        super().__init__(*arguments, **words)
        self.help = _filled(self.help)

    def get_params(self, ctx: Any) -> Any:
        """See Command."""
        return _plain(super().get_params(ctx))


def _plain(parameters: Any) -> Any:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    return parameters


def _filled(text: str | None) -> str | None:
    """The text with each paragraph in one line, so that it is wrapped to the terminal and not as in the source."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

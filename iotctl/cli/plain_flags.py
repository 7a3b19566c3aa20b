"""Commands whose help shows a flag as a flag (--all, without a word on its type), and fills its lines."""

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

    # Any: click is a part of typer in some versions and apart in others.
    def get_params(self, ctx: Any) -> Any:
        """See Command."""
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A command with commands below it."""

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
    """The text with each paragraph in one line: the terminal breaks it, not the docstring's 120 columns."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

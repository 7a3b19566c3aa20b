"""Commands with help that shows flags without a type (--all) and wraps its text, and with iotctl's own errors."""

from __future__ import annotations

import inspect
from typing import Any

from typer.core import TyperCommand, TyperGroup

from iotctl.cli.wrong_words import TyperUsageError, no_command, wrong_words


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

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """See Command. Raises UsageError."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except TyperUsageError as error:
            raise wrong_words(error, ctx, words) from error


class PlainGroup(TyperGroup):
    """A command with subcommands."""

    def __init__(self, *arguments: Any, **words: Any) -> None:
        """See Command."""
        super().__init__(*arguments, **words)
        self.help = _filled(self.help)

    def get_params(self, ctx: Any) -> Any:
        """See Command."""
        return _plain(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """See Group. Raises UsageError."""
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except TyperUsageError as error:
            if not words:  # that is the help
                raise
            raise wrong_words(error, ctx, words) from error

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See Group. Raises UsageError."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise no_command(args[0], ctx)
        return super().resolve_command(ctx, args)


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

"""Commands whose help shows a flag as a flag: --all, without a word on its type."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


class PlainCommand(TyperCommand):
    """A command."""

    # Any: click is a part of typer in some versions and apart in others.
    def get_params(self, ctx: Any) -> Any:
        """See Command."""
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """A command with commands below it."""

    def get_params(self, ctx: Any) -> Any:
        """See Command."""
        return _plain(super().get_params(ctx))


def _plain(parameters: Any) -> Any:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False) and parameter.metavar is None:
            parameter.metavar = ""
    return parameters

"""Commands with subcommands, where list is the default: iotctl anomalies sensor_00000."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from iotctl.cli.plain_flags import PlainGroup
from iotctl.cli.wrong_words import no_command


class ListByDefault(PlainGroup):
    """Without a subcommand, the arguments are those of list."""

    # Any: some versions of typer contain click, others import it.
    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """See Group."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            words = list(takewhile(lambda word: not word.startswith("-"), args))
            if len(words) > 1 and not ctx.resilient_parsing:  # list takes one: the first is a name of a command
                raise no_command(words[0], ctx)
            args = ["list", *args]
        return super().parse_args(ctx, args)

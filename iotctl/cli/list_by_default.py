"""Commands with subcommands, where list is the default: iotctl anomalies sensor_00000."""

from __future__ import annotations

from typing import Any

from iotctl.cli.plain_flags import PlainGroup


class ListByDefault(PlainGroup):
    """Without a subcommand, the arguments are those of list."""

    # Any: some versions of typer contain click, others import it.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See Group."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)

"""The page of all commands, from their help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from tests.docs.commands import Parameter, described_commands, program_options
from tests.docs.markdown import cell, generated, table

BEFORE = """
`iotctl COMMAND --help` says the same on the terminal. Data go to stdout, everything else goes to stderr. The
[exit codes](exit-codes.md) are the same for all commands.

Some options are for every command. Write them before it: `iotctl OPTION COMMAND`. `--verbose`, `--quiet` and
`--env-file` may also follow it.
"""


def command_page() -> str:
    """docs/reference/commands.md."""
    parts = [generated("Commands"), BEFORE, _parameters("Options of the program", program_options())]
    for panel, commands in groupby(described_commands(), key=lambda command: command.panel):
        parts.append(f"\n## {panel}\n")
        for command in commands:
            parts.append(f"\n### {command.words}\n\n```\n{command.usage}\n```\n")
            parts += [f"\n{paragraph}\n" for paragraph in command.paragraphs]
            if command.examples:
                parts.append("\n```\n" + "\n".join(command.examples) + "\n```\n")
            parts.append(_parameters("Arguments", command.arguments))
            for group, options in groupby(_in_groups(command.options), key=lambda option: option.panel):
                parts.append(_parameters(group or "Options", options))
    return "".join(parts)


def _in_groups(options: Sequence[Parameter]) -> list[Parameter]:
    """The options by group, in the order in which the groups first come; those without one are the last."""
    groups = list(dict.fromkeys(one.panel for one in options if one.panel))
    return sorted(options, key=lambda one: groups.index(one.panel) if one.panel else len(groups))


def _parameters(kind: str, parameters: Iterable[Parameter]) -> str:
    rows = [
        [f"`{cell(one.written)}`", cell(one.meaning) + (f" Default: `{cell(one.default)}`." if one.default else "")]
        for one in parameters
    ]
    return "\n" + table([kind, ""], rows) if rows else ""

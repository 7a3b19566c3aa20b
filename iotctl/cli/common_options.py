"""The options of every command: --verbose, --quiet, --env-file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from iotctl.cli.output.log import is_quiet, is_verbose, use_quiet, use_verbose
from iotctl.errors import UsageError

ON_EVERY_COMMAND = "On every command"


def _say_more(wanted: bool) -> None:
    if wanted:
        use_verbose()
        _check_both()


def _say_less(wanted: bool) -> None:
    if wanted:
        use_quiet()
        _check_both()


def _check_both() -> None:
    if is_quiet() and is_verbose():
        raise UsageError("--quiet and --verbose contradict each other.", hint="Leave out one of them.")


def _use_env_file(path: Path | None) -> None:
    if path is not None:
        from iotctl.env_files import ENV_FILE_VARIABLE

        os.environ[ENV_FILE_VARIABLE] = str(path.absolute())


VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        callback=_say_more,
        expose_value=False,
        help="Show which database, store and settings are used.",
        rich_help_panel=ON_EVERY_COMMAND,
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "-q",
        "--quiet",
        callback=_say_less,
        expose_value=False,
        help="Print only warnings and errors: no progress, no summary on stderr.",
        rich_help_panel=ON_EVERY_COMMAND,
    ),
]
EnvFileOption = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        callback=_use_env_file,
        expose_value=False,
        help="Read settings from this file, not from .env here or in IOTCTL_HOME.",
        rich_help_panel=ON_EVERY_COMMAND,
    ),
]


def _common_options(verbose: VerboseOption = False, quiet: QuietOption = False, env_file: EnvFileOption = None) -> None:
    """Has the options that each command gets."""


def add_common_options(command: Any) -> None:
    """Add these options to a command, or to each of its subcommands. Any: as in command_table."""
    for below in getattr(command, "commands", {}).values():
        add_common_options(below)
    if hasattr(command, "commands"):
        return
    alone = typer.Typer(add_completion=False)
    alone.command()(_common_options)
    command.params.extend(get_command(alone).params)

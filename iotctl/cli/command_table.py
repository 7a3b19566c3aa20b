"""The commands: name, module, group in the help, and one line of help."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Any

import typer
from typer.main import get_group

from iotctl.cli.common_options import add_common_options
from iotctl.cli.option_groups import with_groups
from iotctl.cli.plain_flags import PlainCommand, PlainGroup


class Panel(StrEnum):
    """The groups of commands in the help."""

    BEGIN = "Start"
    LOAD = "Load files"
    READ = "Read"
    FIND = "Find what is wrong"
    KEEP = "Maintain the database"


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: a function, or a typer.Typer with commands of its own, in a module of iotctl.cli.commands.

    Module and function have the command's name, with _ instead of -; a typer.Typer is called app.
    """

    name: str
    panel: Panel
    summary: str

    def load(self) -> Any:
        """The command, from its module. Any: some versions of typer contain click, others import it."""
        own_name = self.name.replace("-", "_")
        module = import_module(f"iotctl.cli.commands.{own_name}")
        app = getattr(module, "app", None)
        found = with_groups(getattr(module, own_name)) if app is None else app
        return _made(self, found)


COMMANDS = (
    Entry("init", Panel.BEGIN, "Write a file of settings, and check them."),
    Entry("demo", Panel.BEGIN, "Show everything on made-up data, in a minute."),
    Entry("doctor", Panel.BEGIN, "Check settings, database and store."),
    Entry("inspect", Panel.LOAD, "Show what a file is, and write a layout for it."),
    Entry("load-mapping", Panel.LOAD, "Load names, units, limits, labels of sensors."),
    Entry("ingest", Panel.LOAD, "Load readings from files; again: only new ones."),
    Entry("runs", Panel.LOAD, "List the runs of ingest, and how they ended."),
    Entry("rejects", Panel.LOAD, "List the rows that were not loaded, and why."),
    Entry("conflicts", Panel.LOAD, "List readings with two values at one time."),
    Entry("verify", Panel.LOAD, "Compare the files with what is in the database."),
    Entry("forget", Panel.LOAD, "Remove what files had loaded."),
    Entry("sensors", Panel.READ, "List the sensors, and whether they send."),
    Entry("query", Panel.READ, "Print readings of a time range."),
    Entry("detect", Panel.FIND, "Find spikes, shifts, drifts, gaps and more."),
    Entry("anomalies", Panel.FIND, "List saved events, and label them."),
    Entry("incidents", Panel.FIND, "Group saved events of many sensors by cause."),
    Entry("quality", Panel.FIND, "Score how complete and sound readings are."),
    Entry("status", Panel.KEEP, "Show what is loaded, and how large it is."),
    Entry("policy", Panel.KEEP, "Show or set how long readings are kept."),
    Entry("compact", Panel.KEEP, "Compress late readings now."),
    Entry("plan", Panel.KEEP, "Estimate what a number of readings needs."),
)


class LazyCommands(PlainGroup):
    """Lists the commands from the table, and imports only the module of the command that is called.

    get_command returns a stand-in with name, group and a line for the help; resolve_command returns the real command.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """See Group."""
        name, listed, rest = super().resolve_command(ctx, args)
        entry = next((entry for entry in COMMANDS if entry.name == name), None)
        return name, listed if entry is None else entry.load(), rest


def list_commands(app: typer.Typer) -> None:
    """Add the commands of the table to an app of the class LazyCommands."""
    for entry in COMMANDS:
        app.command(entry.name, short_help=entry.summary, rich_help_panel=entry.panel)(_not_loaded)


def all_commands() -> Iterator[Any]:
    """Every command, loaded; for the reference pages and for tests."""
    return (entry.load() for entry in COMMANDS)


def _made(entry: Entry, found: Any) -> Any:
    alone = typer.Typer()
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=entry.name, short_help=entry.summary, rich_help_panel=entry.panel)
    else:
        alone.command(entry.name, cls=PlainCommand, short_help=entry.summary, rich_help_panel=entry.panel)(found)
    made = get_group(alone).commands[entry.name]
    add_common_options(made)
    return made


def _not_loaded() -> None:
    """Stands for a command in the help."""

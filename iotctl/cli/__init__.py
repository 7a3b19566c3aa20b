"""The command line, with a thin file per command. Only this package uses typer, rich and exit codes."""

from iotctl.cli.app import main

__all__ = ["main"]

"""The command line: a file per subcommand, thin; the one place with typer, rich and exit codes."""

from iotctl.cli.app import main

__all__ = ["main"]

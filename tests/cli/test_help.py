"""Help is correct: every example parses, and the shell completes commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from pkgutil import iter_modules

import pytest
from typer.core import TyperCommand, TyperGroup

from iotctl.cli import commands as command_files
from iotctl.cli.command_table import COMMANDS as TABLE
from iotctl.cli.command_table import Entry, all_commands
from tests.cli.conftest import Iotctl
from tests.process import COMMAND

# The words that lead to a command.
Words = tuple[str, ...]


def by_path(
    commands: Iterable[TyperCommand | TyperGroup], *path: str
) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Every command, with the words that lead to it."""
    for command in commands:
        assert command.name is not None
        if isinstance(command, TyperGroup):
            yield from by_path(command.commands.values(), *path, command.name)  # type: ignore[arg-type]
        else:
            yield (*path, command.name), command


COMMANDS = dict(by_path(all_commands()))


def test_every_file_of_a_command_is_in_the_table() -> None:
    parts = {"anomaly_labels"}  # of iotctl anomalies
    files = {module.name for module in iter_modules(command_files.__path__)} - parts
    assert files == {entry.name.replace("-", "_") for entry in TABLE}


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.name)
def test_the_list_of_commands_has_one_line_for_each(entry: Entry) -> None:
    # 80 columns, less the frame and the longest name.
    assert len(entry.summary) <= 80 - 6 - max(len(other.name) for other in TABLE)
    assert entry.summary.endswith(".")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_parses(path: Words) -> None:
    examples = re.findall(r"Example: (iotctl [^\n]+)", COMMANDS[path].help or "")
    assert examples
    for example in examples:
        # A shell's redirections are its own.
        program, *words = shlex.split(example.split(" > ")[0].split(" | ")[0])
        assert (program, tuple(words[: len(path)])) == ("iotctl", path)
        # Raises where an option is unknown, an argument missing, or a value of the wrong kind.
        COMMANDS[path].make_context(path[-1], words[len(path) :])


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_says_what_it_does(path: Words) -> None:
    for parameter in COMMANDS[path].params:
        said = getattr(parameter, "help", None)
        assert said, f"{' '.join(path)} {parameter.name}"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_terminal_breaks_the_lines_of_the_help(path: Words) -> None:
    assert not [paragraph for paragraph in (COMMANDS[path].help or "").split("\n\n") if "\n" in paragraph]


def test_an_example_runs_as_written(iotctl: Iotctl) -> None:
    ended = iotctl("runs", "--limit", "5", "--format", "json")
    assert (ended.returncode, ended.stdout) == (0, "[]\n")


def test_the_shell_completes_commands_and_options(environment: dict[str, str], iotctl: Iotctl) -> None:
    shown = iotctl("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "complete" in shown.stdout
    # What bash does with it: the script asks the program, with the words typed so far.
    script = shown.stdout + (
        'COMP_WORDS=(iotctl in); COMP_CWORD=1; _iotctl_completion iotctl; echo "${COMPREPLY[@]}";'
        'COMP_WORDS=(iotctl runs --fo); COMP_CWORD=2; _iotctl_completion iotctl; echo "${COMPREPLY[@]}"'
    )
    path = f"{COMMAND.parent}{os.pathsep}{environment['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", script], env=environment | {"PATH": path}, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines() == ["init inspect ingest incidents", "--format"]

"""Help that works as written: every example parses, and the shell completes commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from iotctl.cli.app import app
from tests.cli.conftest import Iotctl
from tests.process import COMMAND


def commands(group: TyperGroup, *path: str) -> Iterator[tuple[tuple[str, ...], TyperCommand]]:
    """Every command below a group, with the words that lead to it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, *path, name)
        else:
            assert isinstance(command, TyperCommand)
            yield (*path, name), command


COMMANDS = dict(commands(get_group(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_parses(path: tuple[str, ...]) -> None:
    examples = re.findall(r"Example: (iotctl [^\n]+)", COMMANDS[path].help or "")
    assert examples
    for example in examples:
        # A shell's redirections are its own.
        program, *words = shlex.split(example.split(" > ")[0].split(" | ")[0])
        assert (program, tuple(words[: len(path)])) == ("iotctl", path)
        # Raises where an option is unknown, an argument missing, or a value of the wrong kind.
        COMMANDS[path].make_context(path[-1], words[len(path) :])


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        said = getattr(parameter, "help", None)
        assert said, f"{' '.join(path)} {parameter.name}"


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
    assert ended.stdout.splitlines() == ["ingest inspect incidents", "--format"]

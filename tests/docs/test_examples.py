"""Each command on a page is valid: its words, options and kinds of values."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.test_help import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

# Options of the program itself, which stand before the command.
PROGRAM = re.compile(r"^iotctl (--log-format (json|text) |--debug |--env-file \S+ )+")


def shown_commands(page: Path) -> list[str]:
    """The commands in a page's blocks of code, and those of a line that are set as code in a sentence."""
    text = page.read_text()
    lines = [
        line for block in re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE) for line in block.split("\n")
    ]
    lines += re.findall(r"`(iotctl [a-z][^`\n]*)`", text)
    parts = [part.strip() for line in lines for part in re.split(r" [|>] |; | #|\$ ", line)]
    # A page has them alone, within the container, or as a line of cron.
    before = r"(?:docker exec -it iot-app |[\d*]+(?: \*){4} +)?"
    return [
        match[1] for part in parts if (match := re.fullmatch(before + "(iotctl .*)", part)) and "[OPTIONS]" not in part
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_program_takes_each_command_of_a_page(page: Path) -> None:
    for line in shown_commands(page):
        words = shlex.split(PROGRAM.sub("iotctl ", line))[1:]
        if words[0] == "COMMAND" or words[0].startswith("--") or "..." in words:
            continue
        path = next((path for path in by_length(words) if path in COMMANDS or (*path, "list") in COMMANDS), None)
        assert path is not None, line
        if len(words) == len(path) and line in named_in_a_sentence(page):
            continue  # the command's name, not a call of it
        if words[len(path) :] == ["--help"]:
            continue  # it prints and ends
        command = COMMANDS.get(path) or COMMANDS[*path, "list"]
        command.make_context(path[-1], words[len(path) :])


def by_length(words: list[str]) -> list[tuple[str, ...]]:
    """The words that may be a command's: the longer ones first."""
    return [tuple(words[:2]), tuple(words[:1])]


def named_in_a_sentence(page: Path) -> set[str]:
    """What a page sets as code in a sentence."""
    return {" ".join(one.split()) for one in re.findall(r"`(iotctl [^`]*)`", page.read_text())}

"""Write a man page for the program and one for each command: python -m tests.docs.man_pages FOLDER."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from iotctl import __version__
from iotctl.settings import Settings
from tests.docs.commands import Command, Parameter, described_commands, program_options


def pages() -> dict[str, str]:
    """The texts of all pages by their file names."""
    commands = list(described_commands())
    return {"iotctl.1": _program(commands)} | {
        f"iotctl-{command.words.replace(' ', '-')}.1": _command(command) for command in commands
    }


def _program(commands: Iterable[Command]) -> str:
    lines = [
        _head("iotctl", "find what is wrong with sensors, from files"),
        _section("SYNOPSIS"),
        ".B iotctl\n.I COMMAND\n[\\fIOPTIONS\\fR]",
        _section("DESCRIPTION"),
        _text(
            "Loads sensor files from S3, MinIO or a folder into PostgreSQL or TimescaleDB, gives the readings of a"
            " sensor back by time, and finds what is wrong with it. Each command has a page of its own."
        ),
        _section("COMMANDS"),
    ]
    lines += [_item(f"iotctl-{one.words.replace(' ', '-')}(1)", one.summary) for one in commands]
    lines += [_section("OPTIONS"), *(_parameter(one) for one in program_options())]
    lines.append(_section("ENVIRONMENT"))
    lines += [_item(f"IOTCTL_{name.upper()}", field.description or "") for name, field in Settings.model_fields.items()]
    lines.append(_section("FILES"))
    lines.append(_item(".env", "Settings, in the working directory or in IOTCTL_HOME. The environment goes before it."))
    return "\n".join(lines) + "\n"


def _command(command: Command) -> str:
    usage = command.usage.removeprefix(f"iotctl {command.words}")
    name = f"iotctl-{command.words.replace(' ', '-')}"
    lines = [_head(name, command.summary.rstrip(".")), _section("SYNOPSIS")]
    lines += [f".B iotctl {command.words}", _text(usage.strip()), _section("DESCRIPTION")]
    lines.append("\n.PP\n".join(_text(paragraph) for paragraph in command.paragraphs))
    for title, parameters in (("ARGUMENTS", command.arguments), ("OPTIONS", command.options)):
        if parameters:
            lines += [_section(title), *(_parameter(one) for one in parameters)]
    if command.examples:
        lines += [_section("EXAMPLES"), ".EX", *(_text(example) for example in command.examples), ".EE"]
    lines += [_section("SEE ALSO"), ".BR iotctl (1)"]
    return "\n".join(lines) + "\n"


def _parameter(one: Parameter) -> str:
    return _item(one.written, one.meaning + (f" Default: {one.default}." if one.default else ""))


def _head(name: str, summary: str) -> str:
    return f'.TH "{name.upper()}" 1 "" "iotctl {__version__}"\n.SH NAME\n{_text(name)} \\- {_text(summary)}'


def _section(title: str) -> str:
    return f".SH {title}"


def _item(term: str, meaning: str) -> str:
    return f".TP\n.B {_text(term)}\n{_text(meaning)}"


def _text(text: str) -> str:
    """A text as roff takes it for itself: no backslash, minus or line that would be a request."""
    escaped = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def main() -> None:
    """Write all pages into the folder that the argument names; it is made where it is missing."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()

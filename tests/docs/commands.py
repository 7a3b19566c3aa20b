"""Every command of the program in words: what it does, its arguments and options, an example."""

from __future__ import annotations

import enum
import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from typer.main import get_group

from iotctl.cli.app import app
from iotctl.cli.command_table import COMMANDS, all_commands
from iotctl.cli.common_options import ON_EVERY_COMMAND


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument or an option: how it is written, what it means, and what holds without it, or ""; its group."""

    written: str
    meaning: str
    default: str
    panel: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the words that lead to it, its group in the help, and what its help says."""

    words: str
    panel: str
    summary: str
    usage: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]
    arguments: tuple[Parameter, ...]
    options: tuple[Parameter, ...]


def described_commands() -> Iterator[Command]:
    """All commands in the order of the help; those below another one behind it."""
    for entry, command in zip(COMMANDS, all_commands(), strict=True):
        for words, one in _with_those_below((entry.name,), command):
            summary = entry.summary if len(words) == 1 else (one.get_short_help_str(200) or "")
            yield _described(words, one, entry.panel, summary)


def program_options() -> tuple[Parameter, ...]:
    """The options of the program itself, which stand before the command."""
    program = get_group(app)
    hints = get_type_hints(inspect.unwrap(program.callback), include_extras=True) if program.callback else {}
    return tuple(
        _option(one, hints[one.name])
        for one in program.params
        if one.name in hints and not getattr(one, "hidden", False)
    )


def _with_those_below(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """A command and those below it; of a group only those below it, as it does nothing by itself."""
    below = getattr(command, "commands", None)
    if below is None:
        yield words, command
        return
    for name, one in below.items():
        yield from _with_those_below((*words, name), one)


def _described(words: tuple[str, ...], command: Any, panel: str, summary: str) -> Command:
    text = command.help or ""
    examples = tuple(re.findall(r"Example: (iotctl [^\n]+)", text))
    prose = re.sub(r"Example: iotctl [^\n]+", "", text)
    parts = [" ".join(part.split()) for part in re.split(r"\n\s*\n|\f", prose)]
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = tuple(_argument(one) for one in shown if one.param_type_name == "argument")
    signature = inspect.signature(command.callback)
    usage = " ".join(["iotctl", *words, *(one.written for one in arguments), "[OPTIONS]"])
    return Command(
        words=" ".join(words),
        panel=panel,
        summary=summary,
        usage=usage,
        paragraphs=tuple(part for part in parts if part),
        examples=examples,
        arguments=arguments,
        options=tuple(
            _option(one, signature.parameters[one.name].annotation)
            for one in shown
            if one.param_type_name == "option" and one.rich_help_panel != ON_EVERY_COMMAND
        ),
    )


def _argument(parameter: Any) -> Parameter:
    if parameter.metavar:
        return Parameter(parameter.metavar, _meaning(parameter), "", "")
    name = parameter.name.upper() + ("..." if parameter.nargs == -1 else "")
    return Parameter(name if parameter.required else f"[{name}]", _meaning(parameter), "", "")


def _option(parameter: Any, kind: Any) -> Parameter:
    value = "" if parameter.is_flag else f" {parameter.metavar or _value_name(kind)}"
    written = ", ".join(sorted(parameter.opts, key=len)) + value
    if parameter.secondary_opts:
        written += " / " + ", ".join(parameter.secondary_opts)
    return Parameter(written, _meaning(parameter), _default(parameter), parameter.rich_help_panel or "")


def _value_name(kind: Any) -> str:
    """The word for a value: its choices, N, NUMBER, FILE or TEXT. Versions of typer differ in what they say of it."""
    if get_origin(kind) is Annotated:
        return _value_name(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType, list, tuple):
        return _value_name(next(one for one in get_args(kind) if one is not types.NoneType))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return "|".join(str(one.value) for one in kind)
    return {int: "N", float: "NUMBER", Path: "FILE"}.get(kind, "TEXT")


def _meaning(parameter: Any) -> str:
    return " ".join((parameter.help or "").split())


def _default(parameter: Any) -> str:
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    default = parameter.default
    if not parameter.show_default or parameter.is_flag or default in (None, "", (), []) or callable(default):
        return ""
    return str(getattr(default, "value", default))

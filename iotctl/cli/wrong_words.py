"""Errors for wrong words of a command: what is wrong, in which command, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from iotctl.errors import UsageError
from iotctl.near_names import near_names

# typer's class of these errors. Any below: some versions of typer contain click, others import it.
TyperUsageError: Any = typer.BadParameter.__base__

_EXTRA = re.compile(r"\(([^()]*)\)\s*$")
_EXAMPLE = re.compile(r"Example: (iotctl .*)")


def wrong_words(error: Any, ctx: Any, words: Sequence[str]) -> UsageError:
    """The UsageError for an error of typer. ctx: of the command. words: the words after its name."""
    where = str(ctx.command_path)
    match type(error).__name__:
        case "NoSuchOption":
            return _no_option(_as_typed(str(error.option_name), words), ctx, where)
        case "MissingParameter":
            return UsageError(f"{_name(error.param)} is missing.", where=where, hint=_example(ctx))
        case "BadOptionUsage" if "argument" in error.message:
            return UsageError(
                f"{error.option_name} needs a value.",
                where=where,
                hint=_help_of(error.option_name, ctx) or _example(ctx),
            )
        case "BadParameter" if error.param is not None:
            return _wrong_value(error, ctx, where)
    extra = _EXTRA.search(error.format_message())
    if extra is not None and "extra" in error.message:
        form = " ".join([where, *ctx.command.collect_usage_pieces(ctx)])
        return UsageError(f"Too many words: {extra[1]}.", where=where, hint=f"Its form: {form}")
    return UsageError(f"{error.format_message().rstrip('.')}.", where=where, hint=f"See: {where} --help")


def no_command(wanted: str, ctx: Any) -> UsageError:
    """The error for an unknown command."""
    where = str(ctx.command_path)
    near = near_names(wanted, ctx.command.commands)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"There is no command {wanted!r}.", where=where, hint=f"{meant}All commands: {where} --help")


def _no_option(wanted: str, ctx: Any, where: str) -> UsageError:
    above = ctx.parent
    if above is not None and wanted in set(_option_names(above.command)):
        hint = f"It goes before the command: {above.command_path} {wanted} {ctx.info_name}"
    else:
        plain = f"--{wanted.lstrip('-').replace('_', '-')}"
        near = near_names(plain, {*_option_names(ctx.command), *ctx.help_option_names}, 2)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        hint += f"All options: {where} --help"
    return UsageError(f"There is no option {wanted}.", where=where, hint=hint)


def _wrong_value(error: Any, ctx: Any, where: str) -> UsageError:
    from iotctl.wrong_values import advice_on, one_of, wrong_with

    name = _name(error.param)
    details = _details(error)
    if details is None:
        return UsageError(
            f"{name}: {error.message.rstrip('.')}.", where=where, hint=_help_of(name, ctx) or f"See: {where} --help"
        )
    value = str(details["input"])
    known = [str(one) for one in getattr(error.param, "choices", None) or _choices(str(details["msg"]))]
    if known:
        return UsageError(f"{name} {value!r} is not known.", where=where, hint=one_of(known, value))
    hint = advice_on(details, value) or _help_of(name, ctx)
    return UsageError(f"{name} {value} {wrong_with(details)}.", where=where, hint=hint)


def _details(error: Any) -> Any:
    """pydantic's message, which newer versions of typer use."""
    cause = error.__cause__
    return cause.errors(include_url=False)[0] if hasattr(cause, "errors") else None


def _choices(message: str) -> list[str]:
    _, found, names = message.partition("is not one of ")
    return re.findall(r"'([^']*)'", names) if found else []


def _as_typed(option: str, words: Sequence[str]) -> str:
    """The word with an option: for -json, typer names -j."""
    return next((word for word in words if word.startswith(option) and not word.startswith("--")), option)


def _option_names(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (name for name in [*parameter.opts, *parameter.secondary_opts] if name.startswith("-"))


def _name(parameter: Any) -> str:
    """The long form of an option, or the name of an argument in the help."""
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper())
    return str(max(parameter.opts, key=len))


def _help_of(option: str, ctx: Any) -> str | None:
    found = next((one for one in ctx.command.params if option in one.opts), None)
    return str(found.help) if found is not None and found.help else None


def _example(ctx: Any) -> str:
    found = _EXAMPLE.search(ctx.command.help or "")
    return f"Such as: {found[1]}" if found else f"See: {ctx.command_path} --help"

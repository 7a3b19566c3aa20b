"""Groups of options as dataclasses: a command takes one parameter for a group."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import wraps
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from typer.models import ParameterInfo


def with_groups(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of each dataclass as separate parameters, as typer needs them.

    A text in the annotation, Annotated[SensorChoice, "Which readings"], is the panel of the options in the help.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {}
    flat: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        group, panel = _group_of(hints[name])
        if group is None:
            flat.append(_parameter(name, hints[name], parameter.default))
        else:
            groups[name] = group
            flat.extend(_parameters(group, panel))

    @wraps(command)
    def called(**words: Any) -> None:
        made = {
            name: group(**{one.name: words.pop(one.name) for one in fields(group)}) for name, group in groups.items()
        }
        command(**words, **made)

    called.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in flat}
    return called


def _group_of(hint: Any) -> tuple[Any, str | None]:
    """The dataclass of a parameter (None if it has none), and the panel of its options."""
    kind, *more = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    panel = next((text for text in more if isinstance(text, str)), None)
    return (kind if is_dataclass(kind) else None), panel


def _parameters(group: Any, panel: str | None) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield _parameter(field.name, _in_panel(hints[field.name], panel), _default(field))


def _parameter(name: str, hint: Any, default: Any) -> inspect.Parameter:
    # Keyword-only: then a parameter with a default may come before one without.
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _in_panel(hint: Any, panel: str | None) -> Any:
    kind, *more = get_args(hint)
    shown = [copy(one) for one in more]
    for one in shown:
        if isinstance(one, ParameterInfo) and panel is not None and one.rich_help_panel is None:
            one.rich_help_panel = panel
    return Annotated[(kind, *shown)]


def _default(field: Field[Any]) -> Any:
    return inspect.Parameter.empty if field.default is MISSING else field.default

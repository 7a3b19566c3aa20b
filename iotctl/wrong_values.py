"""What is wrong with a value that somebody typed, in words: of an option or of a setting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from iotctl.near_names import near_names

_KINDS = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "a text",
}
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


class WrongValueError(ValueError):
    """A value that a check refuses. Its text ends a sentence that begins with the name. hint: what to write."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint


def wrong_with(details: Mapping[str, Any]) -> str:
    """What is wrong, as the end of a sentence that begins with the name: "is not a whole number".

    details: one of pydantic's errors, with its context. The value is not quoted.
    """
    kind, context = str(details["type"]), details.get("ctx", {})
    if kind in _KINDS:
        return f"is not {_KINDS[kind]}"
    match kind:
        case "greater_than_equal":
            return f"is below {context['ge']:g}"
        case "greater_than":
            return f"is not above {context['gt']:g}"
        case "less_than_equal":
            return f"is above {context['le']:g}"
        case "enum":
            return "is not one of " + ", ".join(choices_of(details))
        case "value_error" if isinstance(context["error"], WrongValueError):
            return str(context["error"])
        case _:
            return "cannot be used: " + str(details["msg"]).removeprefix("Value error, ").rstrip(".")


def advice_on(details: Mapping[str, Any], value: str | None = None) -> str | None:
    """What to write instead, where that can be told. value: as it was typed, where it may be shown."""
    kind, context = str(details["type"]), details.get("ctx", {})
    if value is not None and _DECIMAL_COMMA.fullmatch(value.strip()):
        return f"Write a point, not a comma: {value.strip().replace(',', '.')}"
    if isinstance(context.get("error"), WrongValueError):
        return str(context["error"].hint)
    if kind in _KINDS:
        return {"true or false": "Write true or false."}.get(_KINDS[kind], f"Write {_KINDS[kind]}, such as 4.")
    if kind == "enum":
        return "Use one of: " + ", ".join(choices_of(details))
    if "ge" in context:
        return f"The least is {context['ge']:g}."
    if "le" in context:
        return f"The most is {context['le']:g}."
    return None


def choices_of(details: Mapping[str, Any]) -> list[str]:
    """The values that an enum may have."""
    return re.findall(r"'([^']*)'", str(details["ctx"]["expected"]))


def one_of(names: Iterable[str], wanted: str) -> str:
    """What to write in place of a name that is not there: the near ones, and all of them."""
    known = list(names)
    near = near_names(wanted, known, 1)
    meant = f"Did you mean {near[0]}? " if near else ""
    return f"{meant}{'It is' if meant else 'Use'} one of: {', '.join(known)}"

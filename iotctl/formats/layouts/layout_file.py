"""Layout files: TOML with the names of Layout, one layout at the top level or several as [[layout]]."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from iotctl.errors import FileError
from iotctl.formats.layouts.checks import problems
from iotctl.formats.layouts.layout import Layout
from iotctl.near_names import near_names
from iotctl.wrong_values import wrong_with

_SEVERAL = "layout"
_HINT = "To write a layout to start from: iotctl inspect FILE --save layout.toml"
_SHOWN = 80
_UNKNOWN = "unexpected_keyword_argument"

_NAME = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_NAME}(?:\s*\.\s*{_NAME})*)\s*=")

Path = tuple[str | int, ...]


def read_layouts(text: str, where: str) -> tuple[Layout, ...]:
    """The layouts of a layout file, in order.

    where: the file's name, for messages. Raises FileError with line and key if a layout is wrong.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileError(f"This is not TOML: {error}.", where=where, hint=_HINT) from None
    tables = content.get(_SEVERAL, content)
    several = isinstance(tables, list)
    if several and len(content) > 1:
        other = next(key for key in content if key != _SEVERAL)
        raise _wrong(text, where, (other,), f"is outside of [[{_SEVERAL}]], but must be in one of them")
    layouts = []
    for number, table in enumerate(tables if several else [tables]):
        begin: Path = (_SEVERAL, number) if several else ()
        try:
            layout = _adapter().validate_python(table)
        except ValidationError as error:
            # An unknown key is often a mistyped one, which is then also missing.
            first = min(error.errors(), key=lambda found: found["type"] != "unexpected_keyword_argument")
            path = (*begin, *first["loc"])
            known = _keys_of(first["loc"][:-1]) if first["type"] == _UNKNOWN else ()
            raise _wrong(text, where, path, _plain(first), known) from None
        for path, problem in problems(layout):
            raise _wrong(text, where, (*begin, *path), problem)
        layouts.append(layout)
    if not layouts:
        raise FileError("There is no layout in this file.", where=where, hint=_HINT)
    return tuple(layouts)


@cache
def _adapter() -> TypeAdapter[Layout]:
    return TypeAdapter(Layout)


def _plain(details: Mapping[str, Any]) -> str:
    known = {
        _UNKNOWN: "is not a key of a layout",
        "missing": "is missing",
        "tuple_type": 'must be a list, such as ["a", "b"]',
        "dataclass_type": "must be a table",
    }
    return known.get(str(details["type"])) or wrong_with(details)


def _wrong(text: str, where: str, path: Path, problem: str, known: Sequence[str] = ()) -> FileError:
    """known: the possible keys at this place."""
    key = ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
    line = _line_of(text, path)
    place = f"{where}, line {line}" if line else where
    near = near_names(str(path[-1]), known, 1)
    meant = f"Did you mean {near[0]}? " if near else f"Keys there: {', '.join(known)}. " if known else ""
    return FileError(
        f"{key[:_SHOWN]} {problem}.", where=place, hint=f"{meant}docs/reference/layouts.md describes each key."
    )


def _keys_of(path: Path) -> Sequence[str]:
    """The keys of the table at a path below a layout; empty if there is no such table."""
    table: type = Layout
    for part in path:
        if isinstance(part, str):
            kinds = _kinds(get_type_hints(table).get(part))
            found = next((kind for kind in kinds if is_dataclass(kind)), None)
            if not isinstance(found, type):
                return ()
            table = found
    return [field.name for field in fields(table)]


def _kinds(hint: object) -> Iterator[object]:
    """A type, and the types that it consists of."""
    yield hint
    for part in get_args(hint):
        yield from _kinds(part)


def _line_of(text: str, path: Path) -> int | None:
    """The line of a key, or of the table that should have it; None if neither is found."""
    nearest = None
    for line, found in _keys(text):
        if found == path:
            return line
        if found and path[: len(found)] == found and nearest is None:
            nearest = line
    return nearest


def _keys(text: str) -> Iterator[tuple[int, Path]]:
    """The tables and keys of a TOML text, each with its line. Values are not read."""
    table: Path = ()
    counts: dict[Path, int] = {}
    for line, written in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]", written):
            table = _placed(_names(header[2]), counts)
            if header[1] == "[[":
                at = table[:-1] if table and isinstance(table[-1], int) else table
                counts[at] = counts.get(at, -1) + 1
                table = (*at, counts[at])
            yield line, table
        elif key := _KEY.match(written):
            yield line, (*table, *_names(key[1]))


def _placed(names: Sequence[str], counts: dict[Path, int]) -> Path:
    """The path of a table, with the number of its entry in an array."""
    path: Path = ()
    for name in names:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    return path


def _names(dotted: str) -> list[str]:
    return [part.strip().strip("\"'") for part in re.findall(r"\"[^\"]*\"|'[^']*'|[^.]+", dotted)]

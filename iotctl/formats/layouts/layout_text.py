"""Writes a layout as TOML, with comments for the person who edits it. layout_file reads it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields

from iotctl.formats.layouts.layout import Layout, QualityLayout, TextLayout, TimeLayout, ValueLayout

_COMMENTS = {
    "files": "the names of files with this layout; without it, all files",
    "records": "the path of the array with the records",
    "sensor": "a sensor's name: fields in braces; {field} is the name of the value below, {file.stem} that of the file",
    "other_values": "every other field with numbers is also a value",
    "ignored": "fields that are not values",
    "missing": "texts and numbers that mean no value",
    "text.delimiter": 'one character, or "blanks" for any number of blanks and tabs',
    "text.thousands": "the sign between groups of digits",
    "text.skip_lines": "lines before the column names, or before the rows if there are no names",
    "text.skip_until": "the line of the column names is the first that this regular expression matches",
    "text.comment": "lines that begin like this are skipped",
    "text.header": "no line of column names; they are in columns",
    "text.below_header": "lines below the column names that are not rows",
    "text.short_rows": "fields that a row lacks at its end are missing values",
    "time.fields": "read as one text, with a blank between them",
    "time.format": "iso, epoch-s, epoch-ms, epoch-us, epoch-ns, excel, matlab, elapsed-s, or one of strptime",
    "time.timezone": "the zone of times without one: Europe/Berlin, UTC, +01:00",
    "time.timezone_field": "the field that names the zone",
    "time.interval_end": "of a text such as 10:00 - 10:15 the end counts, not the start",
    "time.since": "the moment from which the elapsed time counts",
    "quality.good": "readings of another quality are left out and counted",
    "preamble": "fields from the lines before the rows: the first group of a regular expression",
    "path": "fields from the file's path: the first group of a regular expression",
    "values": "one for each field that is a value; also name, unit, unit_field, scale, part, divided_by, quality, time",
}
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def layout_toml(layout: Layout, columns: int = 120) -> str:
    """The layout as TOML for read_layouts, without keys that have their default. columns: of a line with a comment."""
    tables: list[tuple[str, object]] = [
        ("text", layout.text),
        ("time", layout.time),
        ("quality", layout.quality),
        ("preamble", layout.preamble),
        ("path", layout.path),
    ]
    lines = list(_pairs(layout, "", columns, leave_out={name for name, _ in tables} | {"values"}))
    for name, part in tables:
        if part and part != TextLayout():
            lines += ["", *_comment(name, columns), f"[{name}]"]
            if isinstance(part, TextLayout | TimeLayout | QualityLayout):
                lines += _pairs(part, f"{name}.", columns)
            else:
                assert isinstance(part, Mapping)
                lines += [f"{_key(key)} = {_string(text)}" for key, text in part.items()]
    for number, value in enumerate(layout.values):
        comment = [] if number else _comment("values", columns)
        lines += ["", *comment, "[[values]]", *_pairs(value, "values.", columns)]
    return "\n".join(lines).strip("\n") + "\n"


def _pairs(
    part: Layout | TextLayout | TimeLayout | QualityLayout | ValueLayout,
    prefix: str,
    columns: int,
    leave_out: set[str] | None = None,
) -> Iterator[str]:
    """The lines of a table's keys, without keys that have their default."""
    for member in fields(part):
        found = getattr(part, member.name)
        # Name and form tell what the file is about, and most people change the sensor.
        told = not prefix and member.name in {"form", "sensor"}
        if member.name in (leave_out or ()) or (found == member.default and not told):
            continue
        comment = _COMMENTS.get(prefix + member.name)
        text = f"{member.name} = {_value(found)}"
        if comment and len(text) + len(comment) + 4 > columns:
            yield from _comment(prefix + member.name, columns)
            comment = None
        yield f"{text}  # {comment}" if comment else text


def _comment(name: str, columns: int) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(_COMMENTS.get(name, ""), columns - 2)]


def _value(found: object) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, int | float):
        return repr(found)
    if isinstance(found, tuple):
        return "[" + ", ".join(_value(item) for item in found) + "]"
    return _string(str(found))


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _string(name, literal=False)


def _string(text: str, *, literal: bool = True) -> str:
    """A string. With a backslash, as in most patterns, it is in single quotes, where nothing is escaped."""
    if literal and "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char == "\t":
        return "\\t"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"

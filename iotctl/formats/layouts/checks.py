"""Rules for layouts beyond the types of keys."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from math import isfinite

from iotctl.formats.layouts.layout import BLANKS, FIELD, Form, Layout
from iotctl.formats.times.formats import time_grammar
from iotctl.sensor_ids import normal_name
from iotctl.timezones import zone_name

# These are parts of lines, quotes, numbers and times.
_NO_DELIMITERS = {"\n", "\r", "\0", '"', *string.digits}


# The path of a key, and what is wrong with its value.
Problem = tuple[tuple[str | int, ...], str]


def problems(layout: Layout) -> Iterator[Problem]:
    """The problems of a layout: the path of the key, and a message."""
    yield from _of_text(layout)
    yield from _of_columns(layout)
    yield from _of_time(layout)
    yield from _of_values(layout)
    yield from _of_names(layout)
    yield from _of_patterns(layout)
    if layout.quality is not None and not layout.quality.good:
        yield ("quality", "good"), "is empty: no reading would be good"


def _of_text(layout: Layout) -> Iterator[Problem]:
    text = layout.text
    if len(text.delimiter.encode()) != 1 and text.delimiter != BLANKS:
        yield ("text", "delimiter"), f'is {text.delimiter!r}, but must be one character, or "{BLANKS}"'
    if text.delimiter in _NO_DELIMITERS:
        yield ("text", "delimiter"), f"is {text.delimiter!r}, which cannot divide fields"
    if text.decimal not in {".", ","}:
        yield ("text", "decimal"), f'is {text.decimal!r}, but must be "." or ","'
    if text.thousands and (len(text.thousands) != 1 or text.thousands == text.decimal or text.thousands.isdigit()):
        yield ("text", "thousands"), "must be one character, and not a digit or the decimal sign"
    try:
        b"text".decode(text.encoding, "replace")
    except (LookupError, UnicodeError):
        yield ("text", "encoding"), f"is {text.encoding!r}, which is not an encoding that Python knows"


def _of_columns(layout: Layout) -> Iterator[Problem]:
    text = layout.text
    for name in ("skip_lines", "below_header"):
        if getattr(text, name) < 0:
            yield ("text", name), "must not be negative"
    if not text.header and not text.columns and layout.form is Form.CSV:
        yield ("text", "columns"), "are needed if header is false: the names of the columns, in their order"
    if len(set(text.columns)) < len(text.columns):
        doubled = next(name for name in text.columns if text.columns.count(name) > 1)
        yield ("text", "columns"), f"have the name {doubled!r} twice"


def _of_time(layout: Layout) -> Iterator[Problem]:
    time = layout.time
    if not time.fields:
        yield ("time", "fields"), "names no field"
    for key in ("format", "since_format"):
        try:
            time_grammar(getattr(time, key), decimal=layout.text.decimal)
        except ValueError as error:
            yield ("time", key), f"cannot be used: {error}"
    if time.timezone is not None:
        try:
            zone_name(time.timezone)
        except ValueError as error:
            yield ("time", "timezone"), f"cannot be used: {error}"


def _of_values(layout: Layout) -> Iterator[Problem]:
    if not layout.values and not layout.other_values:
        yield ("values",), "is empty: name at least one field, or set other_values = true"
    for number, value in enumerate(layout.values):
        if value.part < 0:
            yield ("values", number, "part"), "must not be negative"
        if value.scale == 0 or not isfinite(value.scale):
            yield ("values", number, "scale"), "must not be 0" if value.scale == 0 else "must be a number"
        if value.name is not None and not normal_name(value.name):
            yield ("values", number, "name"), "is blank"
        if value.part and not value.divided_by:
            yield ("values", number, "divided_by"), "must not be empty if part is set"


def _of_names(layout: Layout) -> Iterator[Problem]:
    """Two values of one record must not be one sensor."""
    names = [normal_name(value.name or value.field) for value in layout.values]
    if (len(names) > 1 or layout.other_values) and FIELD not in layout.sensor_fields():
        yield ("sensor",), "lacks {field}: several values of one record would be one sensor"
    for number, name in enumerate(names):
        if name in names[:number]:
            yield ("values", number, "field"), f"gives the name {name!r} a second time"


def _of_patterns(layout: Layout) -> Iterator[Problem]:
    for at, pattern in [
        (("text", "skip_until"), layout.text.skip_until),
        *((("preamble", name), pattern) for name, pattern in layout.preamble.items()),
        *((("path", name), pattern) for name, pattern in layout.path.items()),
    ]:
        try:
            groups = re.compile(pattern).groups
        except re.error as error:
            yield at, f"is not a regular expression: {error}"
            continue
        if at[0] != "text" and not groups:
            yield at, "has no group (...) that marks the wanted part"

"""One line of InfluxDB line protocol: measurement,tag=a temperature=21.5,running=true 1668560400000000000."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from iotctl.formats.containers.blocks import MAX_LINE_BYTES
from iotctl.formats.csv.split import BadRow, is_text
from iotctl.formats.records.written_values import Number
from iotctl.model import RejectReason

MEASUREMENT, TIME = "measurement", "time"

_PART = r"(?:[^\\\s,=]|\\.)"
_HEAD = re.compile(rf"((?:[^\\\s,]|\\.)+)((?:,{_PART}+={_PART}+)*)")
_TAG = re.compile(rf",({_PART}+)=({_PART}+)")
_FIELD = re.compile(rf'({_PART}+)=("(?:[^"\\]|\\.)*"|[^",\s\\]+)')
_LINE = re.compile(
    rf'((?:[^\\\s]|\\.)+)[ ]+((?:{_PART}+=(?:"(?:[^"\\]|\\.)*"|[^",\s\\]+),?)+)(?:[ ]+(-?\d{{1,19}}))?[ ]*'
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"(-?\d+)[iu]", re.ASCII)
BOOLEANS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)
_UNESCAPED = re.compile(r"\\([, =])")
_UNESCAPED_TEXT = re.compile(r'\\(["\\])')


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a line: measurement and tags."""

    measurement: str
    tags: dict[str, str]


def parse_head(text: str) -> Head:
    """The measurement and the tags. Raises BadRow if the text is not a beginning of a line."""
    match = _HEAD.fullmatch(text)
    if match is None:
        raise BadRow(RejectReason.FIELDS)
    tags = [(unescaped(name), unescaped(value)) for name, value in _TAG.findall(match[2])]
    found = Head(unescaped(match[1]), dict(tags))
    if len(found.tags) < len(tags) or {MEASUREMENT, TIME} & found.tags.keys():
        raise BadRow(RejectReason.FIELDS)
    return found


def parse_line(line: bytes, head_of: Callable[[str], Head]) -> dict[str, object]:
    """The fields of a line. head_of: parse_head, or a cache of it. Raises BadRow if the line cannot be read."""
    if len(line) > MAX_LINE_BYTES:
        raise BadRow(RejectReason.TOO_LONG)
    text = line.decode("utf-8", "surrogateescape").rstrip("\r")
    if not is_text(text):
        raise BadRow(RejectReason.ENCODING)
    match = _LINE.fullmatch(text)
    if match is None:
        raise BadRow(RejectReason.QUOTE if _is_open(text) else RejectReason.FIELDS)
    head = head_of(match[1])
    found: dict[str, object] = {MEASUREMENT: head.measurement, **head.tags}
    count = len(found)
    fields = match[2]
    place = 0
    while place <= len(fields):
        field = _FIELD.match(fields, place)
        if field is None or fields[field.end() : field.end() + 1] not in ("", ","):
            raise BadRow(RejectReason.FIELDS)
        found[unescaped(field[1])] = _value(field[2])
        count += 1
        place = field.end() + 1
    if match[3] is None:
        raise BadRow(RejectReason.TIME)
    found[TIME] = Number(match[3])
    if len(found) <= count:  # a name occurs twice
        raise BadRow(RejectReason.FIELDS)
    return found


def unescaped(text: str) -> str:
    """A name without its backslashes."""
    return _UNESCAPED.sub(r"\1", text) if "\\" in text else text


def unescaped_text(text: str) -> str:
    """A text without its backslashes. text: the part between the quotes."""
    return _UNESCAPED_TEXT.sub(r"\1", text)


def _value(text: str) -> object:
    if text.startswith('"'):
        return unescaped_text(text[1:-1])
    if (boolean := BOOLEANS.get(text)) is not None:
        return boolean
    if integer := _INTEGER.fullmatch(text):
        return Number(integer[1])
    if _NUMBER.fullmatch(text):
        return Number(text)
    raise BadRow(RejectReason.VALUE)


def _is_open(text: str) -> bool:
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text)) % 2 == 1

"""Recognises the record form of a file by its content."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.formats.containers.content import is_office, is_parquet
from iotctl.formats.layouts.layout import Form
from iotctl.formats.options import OpenAt
from iotctl.formats.proposal.text_sample import TextSample

_HEAD_BYTES = 1024
_LOOKED_AT = 200
_MOST = 0.9

_PART = r"(?:[^\\\s,=]|\\.)"
_FIELD = rf'{_PART}+=(?:"(?:[^"\\]|\\.)*"|[^",\s\\]+)'
_LINE_PROTOCOL = re.compile(rf"(?:[^\\\s,]|\\.)+(?:,{_PART}+={_PART}+)*[ ]+{_FIELD}(?:,{_FIELD})*(?:[ ]+-?\d{{1,19}})?")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]')


@dataclass(frozen=True, slots=True)
class FoundForm:
    """form: as Layout has it; records: the path of the array with the records; words: for people.

    others: the paths of further arrays of objects. inner: of JSON, the fields of a record that are arrays with more
    than one thing to read, which no layout reads.
    """

    form: Form
    words: str
    records: str = ""
    others: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()


def binary_form(open_at: OpenAt) -> FoundForm | None:
    """The form of a file that is not text; None if it is text, or cannot be read."""
    with open_at(0) as stored:
        head = stored.read(_HEAD_BYTES)
    if is_parquet(head):
        return FoundForm(Form.PARQUET, "Parquet")
    if is_office(head):
        return FoundForm(Form.XLSX, "Excel workbook (xlsx)")
    return None


def text_form(sample: TextSample) -> FoundForm:
    """The form of a text; lines of fields if it is nothing else."""
    lines = [line for line in sample.lines[: 10 * _LOOKED_AT] if line.strip()][:_LOOKED_AT]
    first = lines[0].lstrip() if lines else ""
    if first.startswith("[") and re.match(r"\[\s*(?:[\[{\]]|$)", first):
        return FoundForm(Form.JSON, "JSON, an array of objects", inner=_inner_arrays(_document(sample, lines)))
    if first.startswith("{"):
        return _object_form(sample, lines)
    if _is_influx_csv(lines):
        return FoundForm(Form.INFLUX_CSV, "annotated CSV of InfluxDB")
    rows = [line for line in lines if not line.startswith("#")]
    if rows and sum(bool(_LINE_PROTOCOL.fullmatch(line.strip())) for line in rows) >= _MOST * len(rows):
        return FoundForm(Form.LINE_PROTOCOL, "line protocol of InfluxDB")
    return FoundForm(Form.CSV, "lines of fields (csv)")


def _is_influx_csv(lines: Sequence[str]) -> bool:
    """Whether annotations, or the columns of a query result, come first."""
    if not lines:
        return False
    if lines[0].startswith(("#datatype,", "#group,", "#default,")):
        return True
    names = lines[0].split(",")
    return names[:3] == ["", "result", "table"] and ("_time" in names or "_value" in names)


def _object_form(sample: TextSample, lines: Sequence[str]) -> FoundForm:
    first = _loaded(lines[0])
    if isinstance(first, dict) and len(lines) > 1 and lines[1].lstrip().startswith("{"):
        return _lines_form(first)
    whole = first if first is not None and len(lines) == 1 else _document(sample, lines)
    if isinstance(whole, dict):
        paths = _arrays(whole)
        if paths:
            words, inner = f"JSON, the array {paths[0]} of an object", _inner_arrays(_at(whole, paths[0]))
            return FoundForm(Form.JSON, words, paths[0], tuple(paths[1:]), inner)
        return _lines_form(whole)
    return FoundForm(Form.JSON, "JSON, one object per line")


def _lines_form(first: dict[str, object]) -> FoundForm:
    match first:
        case {"metric": dict(), "values": list(), "timestamps": list()}:
            return FoundForm(Form.JSON_SERIES, "JSON, one series per line (VictoriaMetrics)")
        case _:
            return FoundForm(Form.JSON, "JSON, one object per line", inner=_inner_arrays([first]))


def _loaded(text: str) -> object:
    """The JSON of a text; None if the text is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _document(sample: TextSample, lines: Sequence[str]) -> object:
    """The JSON document of a file; of a large file what its first lines have of it."""
    return _loaded("\n".join(sample.lines)) if sample.complete else _begun("\n".join(lines))


def _begun(text: str) -> object:
    """The JSON of a text that is cut: up to its last whole element, as if its brackets were closed there."""
    closing: list[str] = []
    end, closed = 0, ""
    for token in _JSON_TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                closing.append("]" if token[0] == "[" else "}")
            case "]" | "}" if closing:
                closing.pop()
                end, closed = token.end(), "".join(reversed(closing))
            case ",":
                end, closed = token.start(), "".join(reversed(closing))
    return _loaded(text[:end] + closed)


def _arrays(found: dict[str, object]) -> list[str]:
    """The paths of arrays with records in an object: the longest array, and arrays with the same fields."""
    sizes: dict[str, int] = {}
    fields: dict[str, set[str]] = {}
    waiting: list[tuple[str, object]] = list(found.items())
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, dict):
            waiting += [(f"{path}.{name}", inner) for name, inner in value.items()]
            columns = [len(inner) for inner in value.values() if isinstance(inner, list)]
            # {"time": [...], "temperature": [...]}: the records are across the arrays.
            if len(columns) > 1 and len(set(columns)) == 1 and columns[0]:
                sizes[path], fields[path] = columns[0], set(value)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            sizes[path], fields[path] = len(value), {name for item in value for name in item}
    if not sizes:
        return []
    longest = max(sizes, key=sizes.__getitem__)
    return [longest, *(path for path in sizes if path != longest and fields[path] == fields[longest])]


def _at(found: object, path: str) -> object:
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _inner_arrays(records: object) -> tuple[str, ...]:
    """The fields of the first record that are arrays of arrays, of objects, or of several numbers; none if the records
    are no array of objects."""
    first = records[0] if isinstance(records, list) and records else None
    waiting: list[tuple[str, object]] = list(first.items()) if isinstance(first, dict) else []
    found = []
    while waiting:
        path, value = waiting.pop(0)
        if isinstance(value, dict):
            waiting += [(f"{path}.{name}", inner) for name, inner in value.items()]
        elif isinstance(value, list) and value:
            numbers = len(value) > 1 and all(isinstance(item, int | float) for item in value)
            if numbers or all(isinstance(item, list | dict) for item in value):
                found.append(path)
    return tuple(found)

"""JSON as records: an object per line, joined objects, an array of objects, or an object of columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.bad_rows import joined_bad_rows
from iotctl.formats.containers.compression import Text
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.text_blocks import (
    is_finished,
    open_plain_text,
    open_text_blocks,
    reject_text,
    unfinished,
)
from iotctl.formats.records.json_array import ArrayElements, Elements
from iotctl.formats.records.json_document import ArrayStart, find_array
from iotctl.formats.records.json_objects import JsonObjects
from iotctl.formats.records.json_texts import load_json
from iotctl.formats.records.records import RecordFile, Records, choose_fields

_MOST_COLUMN_BYTES = 64 * 1024 * 1024


def read_json(source: RecordFile) -> Iterator[Records]:
    """The objects of a file as records, see ReadRecords.

    If layout.records names an array, or the text begins with a bracket, these are the objects of the array, and line
    counts them from 1. An object with an array for each field is also read. Else there is an object per line.
    """
    with open_plain_text(source.file, source.open_at) as (text, offset):
        head = text.head[offset:].lstrip()
        is_array = bool(source.layout.records) or head.startswith(b"[")
        if is_array or _are_joined(head):
            yield from _read_array(source, text, offset, is_array=is_array)
            return
        if head.split(b"\n", 1)[0].strip() == b"{" and not source.start.offset:
            raise FileError(
                "This is one JSON object over many lines.",
                where=source.file.uri,
                hint='Name the array with the records in the layout, such as: records = "data.rows"',
            )
    yield from _read_lines(source)


def _are_joined(head: bytes) -> bool:
    """Whether objects follow one another on a line, as from Firehose."""
    line = head.split(b"\n", 1)[0].decode("latin-1")
    try:
        _, end = json.JSONDecoder().raw_decode(line)
    except (ValueError, RecursionError):
        return False
    return line[end:].lstrip().startswith("{")


def _reader(source: RecordFile) -> JsonObjects:
    layout = source.layout
    return JsonObjects(layout.record_fields(), layout.as_written(), layout.named_values(), layout.text.decimal)


def _read_lines(source: RecordFile) -> Iterator[Records]:
    reader = _reader(source)
    with open_text_blocks(source.file, source.open_at, source.options, source.start) as blocks:
        for block in blocks:
            end = block.offset
            for found in reader.read(block.data, block.line):
                end = block.end if found.next_line == block.next_line else end + found.length
                columns = choose_fields(found.columns, source.layout, len(found.line))
                yield Records(columns, found.line, found.bad, block.lines, end, found.next_line)
        blocks.check_end()


@dataclass(frozen=True, slots=True)
class _ElementLines:
    """Objects of an array. first_line: the number of the first one."""

    elements: Elements
    first_line: int

    def text(self, line: int) -> str:
        """See FileLines."""
        return reject_text(Lines(self.elements.data)[line - self.first_line])

    def offset(self, line: int) -> int:
        """See FileLines."""
        return int(self.elements.begin[line - self.first_line])


def _read_array(source: RecordFile, text: Text, offset: int, *, is_array: bool) -> Iterator[Records]:
    where, path = source.file.uri, source.layout.records
    finished = is_finished(source.file, text, source.options)
    found = find_array(text, path, where, finished=finished) if is_array else ArrayStart(0, b"")
    if found is None:
        return
    if found.is_object:
        yield from _read_columns(source, text, found, finished=finished)
        return
    offset, begun, line = offset + found.offset, found.begun, source.start.line
    if source.start.offset:
        offset, begun = source.start.offset, b""
        text.go_to(offset)
    reader = _reader(source)
    elements = ArrayElements(text, offset, source.options.block_bytes, begun, path, where, is_array=is_array)
    for some in elements:
        lines = _ElementLines(some, line)
        for objects in reader.read(some.data, line):
            behind = objects.next_line - lines.first_line
            end = some.end if behind == len(some.begin) else int(some.begin[behind])
            columns = choose_fields(objects.columns, source.layout, len(objects.line))
            yield Records(columns, objects.line, objects.bad, lines, end, objects.next_line)
            line = objects.next_line
    if not elements.is_ended:
        if not finished:
            raise unfinished(where)
        raise FileError(
            "The JSON ends within its records.",
            where=f"{where}, record {line}",
            hint="Rows committed before stay. Fetch the file again from its source.",
        )


@dataclass(frozen=True, slots=True)
class _ColumnLines:
    """The records of an object of columns. The offset of a record is its number, from 0."""

    columns: dict[str, list[object]]

    def text(self, line: int) -> str:
        """See FileLines."""
        record = {name: values[line - 1] for name, values in self.columns.items()}
        return reject_text(json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace"))

    def offset(self, line: int) -> int:
        """See FileLines."""
        return line - 1


def _read_columns(source: RecordFile, text: Text, found: ArrayStart, *, finished: bool) -> Iterator[Records]:
    """The records of {"time": [...], "temperature": [...]}; positions count them."""
    where = source.file.uri
    written = found.begun + text.read(_MOST_COLUMN_BYTES)
    try:
        content = load_json(written)
    except ValueError:
        if not finished:
            raise unfinished(where) from None
        raise FileError(
            "The JSON object with the records cannot be read, or is larger than 64 MiB.",
            where=where,
            hint="Write it as one object per line.",
        ) from None
    columns = {
        name: [None if isinstance(value, dict | list) else value for value in values]
        for name, values in content.items()
        if isinstance(values, list)
    }
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        named = ", ".join(f"{name} {len(values)}" for name, values in columns.items()) or "none"
        raise FileError(
            f"The arrays of the JSON object have different lengths: {named[:200]}.",
            where=where,
            hint="records in the layout names an array of objects, or an object with an array for each field.",
        )
    count, first = lengths.pop(), source.start.offset
    if first >= count:
        return
    reader = _reader(source)
    arrays = {name: reader.column(name, values[first:]) for name, values in columns.items()}
    line: NDArray[np.int64] = np.arange(first + 1, count + 1, dtype=np.int64)
    yield Records(
        choose_fields(arrays, source.layout, len(line)),
        line,
        joined_bad_rows([]),
        _ColumnLines(columns),
        count,
        count + 1,
    )

"""JSON objects, one per line, as columns: by pyarrow as a whole if possible, else line by line.

The name of a field is the keys that lead to it, with dots between them; a key itself may have dots. Elements of an
array are named by their number, from 0, if a layout asks for one; else arrays are not fields.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.json as pa_json
from numpy.typing import NDArray

from iotctl.formats.bad_rows import BadRows, listed_bad_rows
from iotctl.formats.containers.blocks import MAX_LINE_BYTES, line_pieces
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.text_blocks import is_blank
from iotctl.formats.csv.split import BadRow, is_text
from iotctl.formats.records.json_texts import Doubled, decode_line, decoder
from iotctl.formats.records.written_values import TYPES, ValueKind, column_of, kind_of
from iotctl.model import RejectReason

_SAMPLE_LINES = 20

# With deeper nesting, pyarrow would abort the process.
_MOST_BRACKETS = 500

# The keys that lead to a field.
_Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of some lines. columns: field -> (n,), null if an object does not have it. line: int64 (n,).

    bad: lines that are not objects, or have a field twice. length: of the lines in bytes. next_line: the number of the
    line after them.
    """

    columns: Mapping[str, pa.Array]
    line: NDArray[np.int64]
    bad: BadRows
    length: int
    next_line: int


class JsonObjects:
    """Reads lines of JSON objects: 700,000 a second, 150,000 if a field has both numbers and texts.

    fields: the fields to read, None for all. as_written: fields for names; their numbers with decimals are read as
    texts. values: fields in which true and false are always 1 and 0. decimal: the decimal sign of numbers in columns
    that also have texts.
    """

    def __init__(
        self,
        fields: Sequence[str] | None,
        as_written: Collection[str] = (),
        values: Collection[str] = (),
        decimal: str = ".",
    ) -> None:
        self._fields = None if fields is None else tuple(fields)
        self._as_written = frozenset(as_written)
        self._values = frozenset(values)
        self._decimal = decimal
        self._kinds: dict[_Path, ValueKind] = {}
        self._indexed = any(part.isdigit() for field in fields or () for part in field.split("."))

    def read(self, data: bytes, first_line: int) -> Iterator[Objects]:
        """The objects of whole lines, in pieces."""
        if not self._kinds:
            self._learn(data)
        if (found := self._whole(data, first_line)) is not None:
            yield found
            return
        for piece in line_pieces(data):
            found = (len(piece) < len(data) and self._whole(piece, first_line)) or self._careful(piece, first_line)
            yield found
            first_line = found.next_line

    def _learn(self, data: bytes) -> None:
        end = 0
        for _ in range(_SAMPLE_LINES):
            end = data.find(b"\n", end) + 1 or len(data)
        self._careful(data[:end], 1)

    # --- as a whole

    def _whole(self, data: bytes, first_line: int) -> Objects | None:
        """See read; None if pyarrow may read a line in another way than _careful."""
        if self._indexed or b"\0" in data or b"\\u0000" in data or data.count(b"Inf") != data.count(b"Infinity"):
            return None
        lines = Lines(data)
        at = _object_lines(lines)
        schema = self._schema(data)
        if at is None or schema is None:
            return None
        if not len(at):
            return _objects({name: pa.nulls(0) for name in self._fields or ()}, at + first_line, [], lines, first_line)
        try:
            columns = self._parsed(data, schema)
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        if columns is None or any(len(column) != len(at) for column in columns.values()):
            return None
        return _objects(columns, at + first_line, [], lines, first_line)

    def _parsed(self, data: bytes, schema: pa.Schema) -> dict[str, pa.Array] | None:
        table = pa_json.read_json(
            pa.BufferReader(data),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pa_json.ParseOptions(
                explicit_schema=schema,
                newlines_in_values=False,
                unexpected_field_behavior="infer" if self._fields is None else "ignore",
            ),
        )
        leaves = [leaf for name in table.schema.names for leaf in _leaves((name,), table.column(name).combine_chunks())]
        columns = {".".join(path): column for path, column in leaves}
        if len(columns) < len(leaves) or any(
            pa.types.is_floating(columns[name].type) for name in self._as_written if name in columns
        ):
            return None
        times = [path for path, column in leaves if pa.types.is_timestamp(column.type)]
        if times:  # pyarrow reads some of these texts as times, but not all
            self._kinds |= dict.fromkeys(times, ValueKind.TEXT)
            again = self._schema(data)
            return None if again is None else self._parsed(data, again)
        for column in columns.values():
            if pa.types.is_string(column.type):
                column.validate(full=True)
        return columns if self._fields is None else {name: columns[name] for name in self._fields}

    def _schema(self, data: bytes) -> pa.Schema | None:
        """The schema for pyarrow; None if it is not known."""
        if self._fields is None:
            paths: dict[_Path, ValueKind | None] = dict(self._kinds)
        else:
            paths = {}
            for field in self._fields:
                known = [path for path in self._kinds if ".".join(path) == field] or [tuple(field.split("."))]
                if len(known) > 1 or _may_be_elsewhere(field, known[0], data):
                    return None
                paths[known[0]] = self._kinds.get(known[0])
        if any(kind is ValueKind.FLOAT and ".".join(path) in self._as_written for path, kind in paths.items()):
            return None
        tree: dict[str, object] = {}
        for path, kind in paths.items():
            place = tree
            for key in path[:-1]:
                inner = place.setdefault(key, {})
                if not isinstance(inner, dict):
                    return None
                place = inner
            if path[-1] in place:
                return None
            place[path[-1]] = pa.null() if kind is None else TYPES[kind]
        return pa.schema(_schema_fields(tree))

    # --- line by line

    def _careful(self, data: bytes, first_line: int) -> Objects:
        lines = Lines(data)
        at: list[int] = []
        found: list[dict[str, object]] = []
        bad: list[tuple[int, RejectReason]] = []
        for number in range(len(lines)):
            line = lines[number]
            if is_blank(line):
                continue
            try:
                found.append(self._fields_of(line))
                at.append(number)
            except BadRow as reason:
                bad.append((first_line + number, reason.reason))
        names = self._fields
        if names is None:
            names = tuple(dict.fromkeys(name for row in found for name in row))
        columns = {name: self.column(name, [row.get(name) for row in found]) for name in names}
        return _objects(columns, np.array(at, dtype=np.int64) + first_line, bad, lines, first_line)

    def _fields_of(self, line: bytes) -> dict[str, object]:
        """The fields of an object by their names. Raises BadRow if the line is not an object."""
        found = decode_line(line, decoder, MAX_LINE_BYTES)
        if not isinstance(found, dict):
            raise BadRow(RejectReason.FIELDS)
        fields: dict[str, object] = {}
        doubled: set[str] = set()
        self._flatten(found, (), fields, doubled)
        if doubled and any(self._concerns(name) for name in doubled):
            raise BadRow(RejectReason.FIELDS)
        texts = (fields.get(name) for name in (fields if self._fields is None else self._fields))
        if not all(is_text(text) for text in texts if isinstance(text, str)):
            raise BadRow(RejectReason.ENCODING)
        return fields

    def _flatten(self, found: object, path: _Path, fields: dict[str, object], doubled: set[str]) -> None:
        if isinstance(found, dict):
            if isinstance(found, Doubled):
                doubled |= {".".join((*path, key)) for key in found.doubled}
            for key, value in found.items():
                self._flatten(value, (*path, key), fields, doubled)
        elif isinstance(found, list):
            if self._indexed:
                for number, value in enumerate(found):
                    self._flatten(value, (*path, str(number)), fields, doubled)
        elif path:
            name = ".".join(path)
            if name in fields:
                doubled.add(name)
            fields[name] = found
            if found is not None and (self._fields is None or name in self._fields):
                self._kinds[path] = max(kind_of(found), self._kinds.get(path, ValueKind.BOOL))

    def _concerns(self, name: str) -> bool:
        """Whether the field is read, so that two values for its name matter."""
        return self._fields is None or any(field == name or field.startswith(f"{name}.") for field in self._fields)

    def column(self, name: str, values: Sequence[object]) -> pa.Array:
        """Values of a field from load_json, as a column."""
        return column_of(
            values,
            decimal=self._decimal,
            keeps_decimals=name in self._as_written,
            holds_numbers=name in self._values,
        )


def _objects(
    columns: Mapping[str, pa.Array],
    line: NDArray[np.int64],
    bad: Sequence[tuple[int, RejectReason]],
    lines: Lines,
    first_line: int,
) -> Objects:
    return Objects(columns, line, listed_bad_rows(bad), len(lines.data), first_line + len(lines))


def _object_lines(lines: Lines) -> NDArray[np.int64] | None:
    """The lines that are not blank; None if one does not look like an object, or is too long or too deep."""
    begin, end = lines.offset[:-1].astype(np.int64), lines.offset[1:].astype(np.int64)
    if not len(begin):
        return begin
    byte = lines.byte
    end = end - (byte[end - 1] == ord("\n"))
    end = end - ((end > begin) & (byte[end - 1] == ord("\r")))
    at = np.flatnonzero(end > begin)
    begin, end = begin[at], end[at]
    length = end - begin
    if len(at) and (length.max() > MAX_LINE_BYTES or length.min() < 2):
        return None
    if (byte[begin] != ord("{")).any() or (byte[end - 1] != ord("}")).any():
        return None
    for line in np.flatnonzero(length > _MOST_BRACKETS).tolist():
        text = lines.data[begin[line] : end[line]]
        if text.count(b"{") + text.count(b"[") > _MOST_BRACKETS:
            return None
    return at.astype(np.int64)


def _leaves(path: _Path, column: pa.Array) -> Iterator[tuple[_Path, pa.Array]]:
    """The columns of single values within a column, with the keys that lead to each."""
    if isinstance(column, pa.ChunkedArray):  # a column without chunks
        column = pa.nulls(0, column.type)
    if pa.types.is_struct(column.type):
        for at, inner in enumerate(column.flatten()):
            yield from _leaves((*path, column.type.field(at).name), inner)
    elif not pa.types.is_list(column.type):
        yield path, column


def _schema_fields(tree: Mapping[str, object]) -> list[pa.Field]:
    return [
        pa.field(key, pa.struct(_schema_fields(inner)) if isinstance(inner, dict) else inner)
        for key, inner in tree.items()
    ]


def _may_be_elsewhere(field: str, path: _Path, data: bytes) -> bool:
    """Whether other keys might lead to the same field: "a.b" may be one key, or two."""
    parts = field.split(".")
    joined = (".".join(parts[begin:end]) for begin in range(len(parts)) for end in range(begin + 2, len(parts) + 1))
    if any(key not in path and _is_key(key, data) for key in joined):
        return True
    return len(path) < len(parts) and all(_is_key(part, data) for part in parts)


def _is_key(key: str, data: bytes) -> bool:
    return any(quoted.encode() in data for quoted in {json.dumps(key), json.dumps(key, ensure_ascii=False)})

r"""InfluxDB line protocol: measurement,tag=a temperature=21.5,running=true 1668560400000000000.

Fields: measurement, time, and each tag and each field by its key. A comma, a blank or an equals sign after a backslash
is part of a name. A line without a time is rejected; so is a line with a text that does not end on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from iotctl.formats.bad_rows import listed_bad_rows
from iotctl.formats.containers.blocks import MAX_LINE_BYTES, line_pieces
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.text_blocks import TextBlock, is_blank, open_text_blocks
from iotctl.formats.csv.split import BadRow
from iotctl.formats.layouts.layout import Layout
from iotctl.formats.records.influx_line import (
    BOOLEANS,
    MEASUREMENT,
    TIME,
    Head,
    parse_head,
    parse_line,
    unescaped,
    unescaped_text,
)
from iotctl.formats.records.records import RecordFile, Records, choose_fields
from iotctl.formats.records.written_values import column_of
from iotctl.model import RejectReason

_TYPES = {"head": pa.dictionary(pa.int32(), pa.string()), "fields": pa.string(), TIME: pa.int64()}
_MOST_SHAPES = 50
_MOST_HEADS = 100_000

_DIGITS_OF_NOW = {"epoch-s": 10, "epoch-ms": 13, "epoch-us": 16, "epoch-ns": 19}

# Bytes that divide a line, and their replacements inside of texts.
_DIVIDING, _HIDING = b" ,=\\", (b"\1", b"\2", b"\3", b"\4")
_HIDE = bytes.maketrans(_DIVIDING, b"".join(_HIDING))
# Comments, hexadecimal numbers (which pyarrow reads), and extra blanks.
_ODD = (*_HIDING, b"\n#", b" 0x", b" 0X", b"\t", b"\0")
_SHOW = str.maketrans("\1\2\3\4", _DIVIDING.decode())
_TEXT = re.compile(rb'"(?:[^"\\\n]|\\[^\n])*"')


def read_line_protocol(source: RecordFile) -> Iterator[Records]:
    """The lines of a file as records, see ReadRecords."""
    reader = _Reader(source.layout)
    with open_text_blocks(source.file, source.open_at, source.options, source.start) as blocks:
        for block in blocks:
            if block.is_ended or not _is_cut(block.data, source.layout):
                yield from reader.read(block)
            else:
                bad = listed_bad_rows([(block.line, RejectReason.TIME)])
                no_line = np.empty(0, dtype=np.int64)
                nothing = choose_fields({}, source.layout, 0)
                yield Records(nothing, no_line, bad, block.lines, block.end, block.next_line)
        blocks.check_end()


def _is_cut(line: bytes, layout: Layout) -> bool:
    """Whether a last line without an end may be cut within its time: it has fewer digits than times from 2001 on."""
    digits = _DIGITS_OF_NOW.get(layout.time.format)
    return digits is not None and len(line.rsplit(b" ", 1)[-1].strip()) < digits


class _Reader:
    """Reads blocks: 500,000 lines a second, 50,000 if they are odd."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._as_written = layout.as_written()
        self._values = layout.named_values()
        self._heads: dict[str, Head] = {}

    def read(self, block: TextBlock) -> Iterator[Records]:
        lines = Lines(block.data)
        if (columns := self._whole(block.data, lines)) is not None:
            line = np.arange(block.line, block.line + len(lines), dtype=np.int64)
            yield Records(columns, line, listed_bad_rows([]), block.lines, block.end, block.next_line)
            return
        offset, line_number = block.offset, block.line
        for piece in line_pieces(block.data):
            offset += len(piece)
            lines = Lines(piece)
            next_line = line_number + len(lines)
            end = block.end if next_line == block.next_line else offset
            bad: list[tuple[int, RejectReason]] = []
            line = np.arange(line_number, next_line, dtype=np.int64)
            columns = self._whole(piece, lines) if len(piece) < len(block.data) else None
            if columns is None:
                at, bad, columns = self._careful(lines, line_number)
                line = np.array(at, dtype=np.int64)
            yield Records(columns, line, listed_bad_rows(bad), block.lines, end, next_line)
            line_number = next_line

    # --- as a whole

    def _whole(self, data: bytes, lines: Lines) -> dict[str, pa.Array] | None:
        """The columns; None if a line is not of the plainest form."""
        if not len(lines) or np.diff(lines.offset).max() > MAX_LINE_BYTES or data.startswith(b"#"):
            return None
        if any(odd in data for odd in _ODD):
            return None
        data = _hidden(data)
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(data),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=list(_TYPES)),
                parse_options=pa_csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
                convert_options=pa_csv.ConvertOptions(column_types=_TYPES, null_values=[], strings_can_be_null=False),
            )
        except pa.ArrowException:
            return None
        if len(table) != len(lines) or table.column(0).num_chunks != 1:
            return None
        head, fields, time = (table.column(name).chunk(0) for name in _TYPES)
        try:
            heads = [self._head(_shown(text)) for text in head.dictionary.to_pylist()]
        except BadRow:
            return None
        columns = _head_columns(heads, head.indices) | {TIME: time}
        values = _field_columns(fields)
        if values is None or values.keys() & columns.keys():
            return None
        if any(pa.types.is_floating(values[name].type) for name in self._as_written if name in values):
            return None
        return choose_fields(columns | values, self._layout, len(lines))

    def _head(self, text: str) -> Head:
        found = self._heads.get(text)
        if found is None:
            found = parse_head(text)
            if len(self._heads) < _MOST_HEADS:
                self._heads[text] = found
        return found

    # --- line by line

    def _careful(
        self, lines: Lines, first_line: int
    ) -> tuple[list[int], list[tuple[int, RejectReason]], dict[str, pa.Array]]:
        at: list[int] = []
        bad: list[tuple[int, RejectReason]] = []
        found: list[dict[str, object]] = []
        for number in range(len(lines)):
            line = lines[number].lstrip(b" \t")
            if is_blank(line) or line.startswith(b"#"):
                continue
            try:
                found.append(parse_line(line, self._head))
                at.append(first_line + number)
            except BadRow as reason:
                bad.append((first_line + number, reason.reason))
        decimal = self._layout.text.decimal
        names = dict.fromkeys(name for row in found for name in row)
        columns = {
            name: column_of(
                [row.get(name) for row in found],
                decimal=decimal,
                keeps_decimals=name in self._as_written,
                holds_numbers=name in self._values,
            )
            for name in names
        }
        return at, bad, choose_fields(columns, self._layout, len(found))


def _hidden(data: bytes) -> bytes:
    """The data with dividing bytes replaced in texts and after backslashes, because they do not divide there."""
    if b'"' in data:
        data = _TEXT.sub(lambda text: text[0].translate(_HIDE), data)
    if b"\\" in data:
        for divides in b" ,=":
            data = data.replace(bytes((ord("\\"), divides)), bytes((ord("\\"), divides)).translate(_HIDE))
    return data


def _shown(text: str) -> str:
    return text.translate(_SHOW)


def _head_columns(heads: Sequence[Head], which: pa.Array) -> dict[str, pa.Array]:
    """Measurement and tags of each line. which: the index of its head."""
    texts: dict[str, list[str | None]] = {MEASUREMENT: [head.measurement for head in heads]}
    texts |= {name: [head.tags.get(name) for head in heads] for name in dict.fromkeys(n for h in heads for n in h.tags)}
    columns = {}
    for name, values in texts.items():
        encoded = pa.array(values, pa.string()).dictionary_encode()
        columns[name] = pa.DictionaryArray.from_arrays(encoded.indices.take(which), encoded.dictionary)
    return columns


def _field_columns(fields: pa.StringArray) -> dict[str, pa.Array] | None:
    """The fields of each line; None if one is not of the plainest form.

    Lines with the same keys in the same order are read together.
    """
    shapes = pc.replace_substring_regex(fields, r"=[^,]*", "=").dictionary_encode()
    if len(shapes.dictionary) > _MOST_SHAPES:
        return None
    shape = shapes.indices.to_numpy()
    found: dict[str, list[tuple[NDArray[np.intp], pa.Array]]] = {}
    for number, text in enumerate(shapes.dictionary.to_pylist()):
        keys = text.split(",")
        if not all(key.endswith("=") and key.count("=") == 1 and len(key) > 1 for key in keys):
            return None
        if len({unescaped(_shown(key)) for key in keys}) < len(keys):
            return None
        at = np.flatnonzero(shape == number)
        some = fields if len(shapes.dictionary) == 1 else fields.take(pa.array(at))
        parts = pc.split_pattern(some, ",").flatten()
        for place, key in enumerate(keys):
            texts = parts.take(pa.array(np.arange(place, len(parts), len(keys)))) if len(keys) > 1 else parts
            values = _typed(
                pc.binary_replace_slice(texts.cast(pa.binary()), 0, len(key.encode()), b"").cast(pa.string())
            )
            if values is None:
                return None
            found.setdefault(key[:-1], []).append((at, values))
    columns = {}
    for name, pieces in found.items():
        if len({values.type for _, values in pieces}) > 1:
            return None
        columns[name] = _scattered(pieces, len(fields))
    return columns


def _typed(texts: pa.StringArray) -> pa.Array | None:
    """Numbers, integers, booleans or texts; None if there are several of these types, or another one."""
    if pc.all(pc.match_substring_regex(texts, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")).as_py():
        try:
            return texts.cast(pa.float64())
        except pa.ArrowInvalid:
            return None
    if pc.all(pc.match_substring_regex(texts, r"^-?\d+[iu]$")).as_py():
        try:
            return pc.utf8_slice_codeunits(texts, 0, -1).cast(pa.int64())
        except pa.ArrowInvalid:
            return None
    encoded = texts.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    if all(len(text) >= 2 and text[0] == text[-1] == '"' for text in distinct):
        shown = pa.array([unescaped_text(_shown(text[1:-1])) for text in distinct], pa.string())
        return shown.take(encoded.indices)
    if all(text in BOOLEANS for text in distinct):
        return pc.is_in(texts, pa.array([text for text, value in BOOLEANS.items() if value]))
    return None


def _scattered(pieces: Sequence[tuple[NDArray[np.intp], pa.Array]], count: int) -> pa.Array:
    """Values at their places in a column of count entries; null elsewhere."""
    at = np.concatenate([at for at, _ in pieces])
    values = pa.concat_arrays([values for _, values in pieces])
    if len(at) == count and (at[1:] > at[:-1]).all():
        return values
    source = np.full(count, -1, dtype=np.int64)
    source[at] = np.arange(len(at))
    return values.take(pa.array(source, mask=source < 0))

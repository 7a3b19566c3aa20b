"""Series as JSON, one per line, from VictoriaMetrics: {"metric": {...}, "values": [...], "timestamps": [...]}.

A record for each value. Fields: value, timestamp, and metric.NAME for each label, as in metric.__name__.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from iotctl.formats.bad_rows import listed_bad_rows
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.text_blocks import TextBlock, is_blank, open_text_blocks
from iotctl.formats.csv.split import BadRow, is_text
from iotctl.formats.layouts.layout import Layout
from iotctl.formats.records.json_texts import Doubled, as_object, decode_line
from iotctl.formats.records.records import RecordFile, Records, choose_fields
from iotctl.model import RejectReason

VALUE, TIMESTAMP, LABEL = "value", "timestamp", "metric."

# A line has all values of a series in a stretch of time, which may be a day.
_MOST_LINE_BYTES = 16 * 1024 * 1024

# JSON values that mean a number.
_ODD: dict[object, float | None] = {None: None, "Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}

_decoder = json.JSONDecoder(object_pairs_hook=as_object)


@dataclass(frozen=True, slots=True)
class _Series:
    """A line. values, timestamps: as in JSON, of the same length."""

    line: int
    labels: dict[str, str]
    values: list[object]
    timestamps: list[object]


def read_json_series(source: RecordFile) -> Iterator[Records]:
    """The values of a file's series as records, see ReadRecords."""
    with open_text_blocks(
        source.file, source.open_at, source.options, source.start, max_line_bytes=_MOST_LINE_BYTES
    ) as blocks:
        for block in blocks:
            yield _read_block(block, source.layout)
        blocks.check_end()


def _read_block(block: TextBlock, layout: Layout) -> Records:
    found: list[_Series] = []
    bad: list[tuple[int, RejectReason]] = []
    lines = Lines(block.data)
    for number in range(len(lines)):
        line = lines[number]
        if not is_blank(line):
            try:
                found.append(_read_line(line, block.line + number))
            except BadRow as reason:
                bad.append((block.line + number, reason.reason))
    try:
        value, timestamp = _numbers(found)
    except BadRow:  # one of the series has a value that is not a number
        kept = []
        for series in found:
            try:
                _numbers([series])
                kept.append(series)
            except BadRow as reason:
                bad.append((series.line, reason.reason))
        found = kept
        value, timestamp = _numbers(found)
    counts = [len(series.values) for series in found]
    columns = choose_fields(_labels(found, counts) | {VALUE: value, TIMESTAMP: timestamp}, layout, sum(counts))
    line_numbers = np.repeat(np.array([series.line for series in found], dtype=np.int64), counts)
    return Records(columns, line_numbers, listed_bad_rows(sorted(bad)), block.lines, block.end, block.next_line)


def _labels(found: Sequence[_Series], counts: Sequence[int]) -> dict[str, pa.Array]:
    columns = {}
    of_value = pa.array(np.repeat(np.arange(len(found)), counts))
    for label in dict.fromkeys(label for series in found for label in series.labels):
        texts = pa.array([series.labels.get(label) for series in found], pa.string()).dictionary_encode()
        columns[LABEL + label] = pa.DictionaryArray.from_arrays(texts.indices.take(of_value), texts.dictionary)
    return columns


def _read_line(line: bytes, number: int) -> _Series:
    """The series of a line. Raises BadRow if the line is not a series."""
    found = decode_line(line, _decoder, _MOST_LINE_BYTES)
    match found:
        case {"metric": dict(labels), "values": list(values), "timestamps": list(timestamps)}:
            pass
        case _:
            raise BadRow(RejectReason.FIELDS)
    if len(values) != len(timestamps) or isinstance(found, Doubled) or isinstance(labels, Doubled):
        raise BadRow(RejectReason.FIELDS)
    if not all(isinstance(text, str) for text in labels.values()):
        raise BadRow(RejectReason.FIELDS)
    is_plain = line.isascii() and b"\\u" not in line
    if not is_plain and not all(is_text(name) and is_text(text) for name, text in labels.items()):
        raise BadRow(RejectReason.ENCODING)
    # pyarrow reads true and false as 1 and 0.
    if (b"true" in line or b"false" in line) and any(isinstance(value, bool) for value in (*values, *timestamps)):
        raise BadRow(RejectReason.VALUE)
    return _Series(number, labels, values, timestamps)


def _numbers(found: Sequence[_Series]) -> tuple[pa.Array, pa.Array]:
    """Values as float64 and times as int64 or float64; null for JSON's null.

    Raises BadRow if one is not a number.
    """
    values = list(itertools.chain.from_iterable(series.values for series in found))
    timestamps = list(itertools.chain.from_iterable(series.timestamps for series in found))
    try:
        value = pa.array(values, pa.float64())
    except (pa.ArrowException, OverflowError):
        value = _odd_values(values)
    for kind in (pa.int64(), pa.float64()):
        try:
            return value, pa.array(timestamps, kind)
        except (pa.ArrowException, OverflowError):
            continue
    raise BadRow(RejectReason.TIME)


def _odd_values(values: Sequence[object]) -> pa.Array:
    """Values that contain infinite ones, or integers that do not fit float64."""
    try:
        return pa.array([_odd_value(value) for value in values], pa.float64())
    except (KeyError, OverflowError, TypeError):
        raise BadRow(RejectReason.VALUE) from None


def _odd_value(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else _ODD[value]

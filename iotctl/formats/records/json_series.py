"""Series as JSON, one a line, as VictoriaMetrics exports them: {"metric": {...}, "values": [...], "timestamps": [...]}.

A record for each value. Fields: value, timestamp, and metric.NAME for each label, as in metric.__name__.
"""

from __future__ import annotations

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
from iotctl.formats.records.json_objects import Doubled, as_object
from iotctl.formats.records.records import RecordFile, Records, choose_fields
from iotctl.model import RejectReason

VALUE, TIMESTAMP, LABEL = "value", "timestamp", "metric."

# A line has all that a series has in a stretch of time, which may be a day.
_MOST_LINE_BYTES = 16 * 1024 * 1024

# JSON has no numbers for them.
_INFINITE = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}

_decoder = json.JSONDecoder(object_pairs_hook=as_object)


@dataclass(frozen=True, slots=True)
class _Series:
    """A line. value: float64 (n,), null where there is none; timestamp: int64 or float64 (n,)."""

    line: int
    labels: dict[str, str]
    value: pa.Array
    timestamp: pa.Array


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
    counts = [len(series.value) for series in found]
    columns = choose_fields(_columns(found), layout, sum(counts))
    line_numbers = np.repeat(np.array([series.line for series in found], dtype=np.int64), counts)
    return Records(columns, line_numbers, listed_bad_rows(bad), block.lines, block.end, block.next_line)


def _columns(found: Sequence[_Series]) -> dict[str, pa.Array]:
    if not found:
        return {}
    kinds = {series.timestamp.type for series in found}
    time_type = kinds.pop() if len(kinds) == 1 else pa.float64()
    columns = {
        VALUE: pa.concat_arrays([series.value for series in found]),
        TIMESTAMP: pa.concat_arrays([series.timestamp.cast(time_type) for series in found]),
    }
    counts = [len(series.value) for series in found]
    for label in dict.fromkeys(label for series in found for label in series.labels):
        texts = pa.array([series.labels.get(label) for series in found], pa.string()).dictionary_encode()
        of_value = np.repeat(np.arange(len(found)), counts)
        columns[LABEL + label] = pa.DictionaryArray.from_arrays(
            texts.indices.take(pa.array(of_value)), texts.dictionary
        )
    return columns


def _read_line(line: bytes, number: int) -> _Series:
    """A line's series. Raises BadRow where it is none."""
    if len(line) > _MOST_LINE_BYTES:
        raise BadRow(RejectReason.TOO_LONG)
    try:
        found = _decoder.decode(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise BadRow(RejectReason.ENCODING if b"\0" in line else RejectReason.FIELDS) from None
    match found:
        case {"metric": dict(labels), "values": list(values), "timestamps": list(timestamps)}:
            pass
        case _:
            raise BadRow(RejectReason.FIELDS)
    if len(values) != len(timestamps) or isinstance(found, Doubled) or isinstance(labels, Doubled):
        raise BadRow(RejectReason.FIELDS)
    if not all(isinstance(text, str) for text in labels.values()):
        raise BadRow(RejectReason.FIELDS)
    if not all(is_text(name) and is_text(text) for name, text in labels.items()):
        raise BadRow(RejectReason.ENCODING)
    return _Series(number, labels, _values(values), _timestamps(timestamps))


def _values(values: list[object]) -> pa.Array:
    try:
        return pa.array(values, pa.float64())
    except (pa.ArrowException, OverflowError):
        pass
    try:
        return pa.array([_INFINITE[value] if isinstance(value, str) else value for value in values], pa.float64())
    except (pa.ArrowException, OverflowError, KeyError):
        raise BadRow(RejectReason.VALUE) from None


def _timestamps(timestamps: list[object]) -> pa.Array:
    for kind in (pa.int64(), pa.float64()):
        try:
            return pa.array(timestamps, kind)
        except (pa.ArrowException, OverflowError):
            continue
    raise BadRow(RejectReason.TIME)

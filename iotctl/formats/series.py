"""A series of one sensor from a file of its own: timestamp and value."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.column_forms import ColumnForms, OpenFormError
from iotctl.formats.column_texts import ColumnTexts
from iotctl.formats.compression import open_text
from iotctl.formats.header import Header, parse_header
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.split import BadRow, split_line
from iotctl.formats.times import parse_time
from iotctl.formats.values import parse_value
from iotctl.formats.zones import local_offsets
from iotctl.model import EARLIEST, LATEST, StoredFile

_COLUMNS = (("timestamp", "time", "date"), ("value", "sensor_value"))


def read_series(
    open_at: OpenAt, file: StoredFile, options: ReadOptions
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """(time, value, unreadable) of a file with the columns timestamp and value, in file order.

    time: int64 (n,), microseconds since 1970-01-01 UTC; of an hour that comes twice the first. value: float64 (n,),
    NaN where it is missing or no number. unreadable: rows whose time is missing, unreadable, or outside 1900 to 2199.
    Raises FileError where a column is missing, and what open_at raises.
    """
    name = file.uri
    with open_text(open_at, name) as text:
        lines = text.read().split(b"\n")
    header = parse_header(lines[0], _COLUMNS, name)
    at_time, at_value = header.at["timestamp"], header.at["value"]
    times: list[tuple[int, bool]] = []
    values: list[float] = []
    unreadable = 0
    forms = _forms(header, lines[1:], options, file.modified)
    for line in lines[1:]:
        if not line.strip():
            continue
        try:
            fields = split_line(line, header.delimiter)
            times.append(parse_time(fields[at_time], forms.times))
        except (BadRow, OpenFormError, ValueError, OverflowError, IndexError):
            unreadable += 1
            continue
        number = parse_value(fields[at_value], forms.decimals) if at_value < len(fields) else None
        values.append(float("nan") if number is None else number)
    time = np.array([moment for moment, _ in times], dtype=np.int64)
    naive = np.array([is_naive for _, is_naive in times], dtype=np.bool_)
    time[naive] -= local_offsets(time[naive], options.timezone).offset
    within = (time >= EARLIEST) & (time < LATEST)
    return time[within], np.array(values, dtype=np.float64)[within], unreadable + int(np.sum(~within))


def _forms(header: Header, lines: list[bytes], options: ReadOptions, modified: datetime) -> ColumnForms:
    """How the columns are written, as all lines together show it."""
    forms = ColumnForms(options, {})
    data = b"\n".join(lines) + b"\n"
    columns = ColumnTexts(header, data, 2, lambda: iter(()))
    forms.judge_times(columns.pieces("timestamp"), modified)
    forms.judge_decimals(columns.pieces("value"), comma_usual=header.delimiter == ";")
    return forms

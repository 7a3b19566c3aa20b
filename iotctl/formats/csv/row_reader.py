"""Blocks of lines to rows: as a whole if every line is plain, else column by column, and the rest line by line.

All three ways read the same grammar; lines.py is its simplest form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.bad_rows import BadRows, bad_rows, joined_bad_rows
from iotctl.formats.column_forms import ColumnForms, OpenFormError
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.containers.text_blocks import is_blank
from iotctl.formats.csv.column_texts import ColumnTexts
from iotctl.formats.csv.columns import OddBlockError, numbers, read_texts, read_typed
from iotctl.formats.csv.header import Header
from iotctl.formats.csv.lines import GOOD, CarefulReader
from iotctl.formats.csv.odd_lines import find_blank_lines, find_odd_lines, find_wrong_widths, has_odd_lines, readable
from iotctl.formats.numbers.decimals import Decimals
from iotctl.formats.numbers.values import Values, find_missing, parse_values
from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Rows, Sensors, joined
from iotctl.formats.times.iso import read_times
from iotctl.model import EARLIEST, LATEST, RejectReason

_PIECE_BYTES = 1024 * 1024
_LOOKED_AT, _REPEATED = 200, 8
_SAMPLE_BYTES = 64 * 1024
_SHORTEST_ROW = len("2016-01-01;;1\n") + 32  # with a UUID without dashes

_TEXTS = {
    "timestamp": pa.string(),
    "sensor_uuid": pa.dictionary(pa.int32(), pa.string()),
    "sensor_value": pa.string(),
}


# The types for the times of whole blocks: all without an offset, all with one, or others.
_TIME_TYPES = (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.string())


class RowReader:
    """Reads the blocks of one file: 5 million plain rows a second, 1 million if every hundredth is bad."""

    def __init__(
        self, header: Header, sensors: Sensors, forms: ColumnForms, options: ReadOptions, modified: datetime
    ) -> None:
        self._header = header
        self._sensors = sensors
        self._forms = forms
        self._modified = modified
        self._options = options
        self._texts = {column: kind for column, kind in _TEXTS.items() if column in header.at}
        self._careful = CarefulReader(header, sensors, forms, options)
        self._time_types = list(_TIME_TYPES)
        self._tries = len(self._time_types)

    def read(
        self, data: bytes, first_line: int, following: Callable[[], Iterator[bytes]]
    ) -> Iterator[tuple[Rows, BadRows, int]]:
        """The rows and bad rows of a block in the order of its lines, and the number of these lines; in pieces.

        following: gives the next blocks, for judging the form of a column.
        """
        if data.isspace() and is_blank(data):
            yield joined([]), joined_bad_rows([]), _line_count(data)
            return
        columns = ColumnTexts(self._header, data, first_line, following)
        if self._forms.decimals is Decimals.OPEN and columns.may_have_decimals():
            if columns.have_plain_points():
                self._forms.decimals = Decimals.POINT
            else:
                pieces = columns.pieces("sensor_value")
                self._forms.judge_decimals(pieces, comma_usual=self._header.delimiter == ";")
        try:
            found = self._plain(data, first_line)
        except OpenFormError:
            self._forms.judge_times(columns.pieces("timestamp"), self._modified)
            found = self._plain(data, first_line)
        if found is not None:
            yield found, joined_bad_rows([]), len(found)
            return
        # In pieces, odd lines make fewer other lines slow, and the arrays take less memory.
        for piece in _pieces(data):
            try:
                rows, bad, count = self._piece(piece, first_line)
            except OpenFormError:
                self._forms.judge_times(columns.pieces("timestamp"), self._modified)
                rows, bad, count = self._piece(piece, first_line)
            yield rows, bad, count
            first_line += count

    def _piece(self, data: bytes, first_line: int) -> tuple[Rows, BadRows, int]:
        if (found := self._plain(data, first_line)) is not None:
            return found, joined_bad_rows([]), len(found)
        return self._odd(data, first_line)

    def _plain(self, data: bytes, first_line: int) -> Rows | None:
        """The rows of some lines; None if one of them is not a plain row."""
        if data.count(b"\n", 0, _SAMPLE_BYTES) * _SHORTEST_ROW > _SAMPLE_BYTES:
            return None  # pyarrow would need 30 bytes per line to find this out
        plain = readable(data)
        if has_odd_lines(plain, self._header.delimiter):
            return None
        try:
            return self._whole(plain, first_line)
        except OddBlockError:
            return None

    def _odd(self, data: bytes, first_line: int) -> tuple[Rows, BadRows, int]:
        """The same as read, if some lines are not plain rows."""
        lines = Lines(readable(data))
        blank = find_blank_lines(lines)
        odd = find_odd_lines(lines, self._header.delimiter)
        if _repeats(lines):  # each distinct line is read once, below
            wrong = np.zeros(len(lines), dtype=np.bool_)
            found, left = joined([]), np.flatnonzero(~blank)
        else:
            wrong = ~blank & ~odd & find_wrong_widths(lines, self._header.delimiter, self._header.width)
            found, left = self._by_columns(lines, first_line, odd, blank | wrong)
        texts, which = lines.distinct(left, data)
        verdicts = self._careful.read(texts)
        code = verdicts.code[which]
        good, at = code == GOOD, which[code == GOOD]
        careful = Rows(
            first_line + left[good], verdicts.sensor[at], verdicts.time[at], verdicts.naive[at], verdicts.value[at]
        )
        rows = joined([found, careful])
        bad = [
            bad_rows(first_line + np.flatnonzero(wrong), RejectReason.FIELDS),
            BadRows(first_line + left[~good], code[~good], np.full(np.count_nonzero(~good), -1, np.int16)),
        ]
        return rows[np.argsort(rows.line, kind="stable")], joined_bad_rows(bad), len(lines)

    def _whole(self, data: bytes, first_line: int) -> Rows:
        """The rows of a block. Raises OddBlockError if a line is not a plain row."""
        if self._forms.decimals is Decimals.UNCLEAR:
            raise OddBlockError
        point = "," if self._forms.decimals is Decimals.COMMA else "."
        for time_type in self._time_types[: self._tries]:
            types = self._texts | {"timestamp": time_type, "sensor_value": pa.float64()}
            try:
                columns = read_typed(data, self._header, types, point)
            except OddBlockError:
                continue
            break
        else:
            # Probably bad rows, and more will come: try the other types in the next blocks, one per block.
            self._time_types.append(self._time_types.pop(0))
            self._tries = 1
            raise OddBlockError
        # The rest of the file will have it, too.
        self._time_types.remove(time_type)
        self._time_types.insert(0, time_type)
        self._tries = len(self._time_types)
        value = numbers(columns["sensor_value"])
        line = np.arange(first_line, first_line + len(value))
        rows, odd = self._rows(line, columns, Values(value, np.zeros(len(value), dtype=np.bool_)))
        if odd.any():
            raise OddBlockError
        return rows

    def _by_columns(
        self, lines: Lines, first_line: int, odd: NDArray[np.bool_], no_rows: NDArray[np.bool_]
    ) -> tuple[Rows, NDArray[np.intp]]:
        """The rows of some lines, and the lines that the careful reader must read."""
        columns = read_texts(lines, self._header, self._texts, ~(odd | no_rows))
        others = np.flatnonzero(odd)
        if not len(columns.at):
            return joined([]), np.sort(np.concatenate([others, columns.others]))
        values = parse_values(columns.texts["sensor_value"], self._forms.decimals)
        if self._options.missing_is_nan:
            missing = find_missing(columns.texts["sensor_value"])
            values = Values(np.where(missing, np.nan, values.value), values.odd & ~missing)
        rows, doubtful = self._rows(first_line + columns.at, columns.texts, values)
        return rows[~doubtful], np.sort(np.concatenate([others, columns.others, columns.at[doubtful]]))

    def _rows(
        self, line: NDArray[np.int64], columns: dict[str, pa.Array], values: Values
    ) -> tuple[Rows, NDArray[np.bool_]]:
        """Columns as rows, and which entries are not rows, or may not be; bool (n,)."""
        times = read_times(columns["timestamp"], self._forms.times)
        if (uuid := columns.get("sensor_uuid")) is None:
            sensor = np.full(len(line), self._sensors.only(), dtype=np.int32)
        else:
            sensor = self._sensors.numbers(uuid.dictionary.to_pylist())[numbers(uuid.indices)]
        odd = times.odd | values.odd | (sensor < 0) | (times.time < EARLIEST) | (times.time >= LATEST)
        if not self._options.allow_nan:
            odd |= ~np.isfinite(values.value)
        return Rows(line, sensor, times.time, times.naive, values.value), odd


def _repeats(lines: Lines) -> bool:
    """Whether the same few lines repeat, judged by the first ones."""
    first = min(len(lines), _LOOKED_AT)
    return first == _LOOKED_AT and len({lines[at] for at in range(first)}) * _REPEATED < first


def _pieces(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces of whole lines, each of about _PIECE_BYTES."""
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _PIECE_BYTES) + 1 or data.find(b"\n", start + _PIECE_BYTES) + 1
        piece = data[start : end or len(data)]
        yield piece
        start += len(piece)


def _line_count(data: bytes) -> int:
    return data.count(b"\n") + (not data.endswith(b"\n"))

"""Blocks of lines to rows: as a whole where every line is plain; else column by column; what is left line by line.

All three read one grammar, which lines.py has in its plainest form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.formats.columns import OddBlockError, numbers, read_texts, read_typed
from iotctl.formats.header import Header
from iotctl.formats.line_index import Lines
from iotctl.formats.lines import CarefulReader
from iotctl.formats.odd_lines import has_odd_lines
from iotctl.formats.rows import Rows, Sensors, joined
from iotctl.formats.times import read_times
from iotctl.formats.values import Values, parse_values
from iotctl.model import EARLIEST, LATEST, Reject

_TEXTS = {
    "timestamp": pa.string(),
    "sensor_uuid": pa.dictionary(pa.int32(), pa.string()),
    "sensor_value": pa.string(),
}


@dataclass(frozen=True, slots=True)
class _Form:
    """How the values of whole blocks are written: the kind of their times, and the character before decimals."""

    time: pa.DataType
    point: str

    @property
    def types(self) -> dict[str, pa.DataType]:
        return _TEXTS | {"timestamp": self.time, "sensor_value": pa.float64()}


# All times without an offset, all with one, or some of both.
_TIMES = (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.string())


class RowReader:
    """Reads the blocks of one file: 5 million plain rows a second, 1 million where every hundredth is bad."""

    def __init__(self, header: Header, sensors: Sensors, *, allow_nan: bool) -> None:
        self._header = header
        self._sensors = sensors
        self._allow_nan = allow_nan
        self._careful = CarefulReader(header, sensors, allow_nan=allow_nan)
        self._comma = header.delimiter == ";"
        self._forms = [_Form(time, point) for point in (".", ",")[: 1 + self._comma] for time in _TIMES]
        self._tries = len(self._forms)

    def read(self, data: bytes, first_line: int) -> tuple[Rows, list[Reject], int]:
        """The rows and rejects of a block, in the order of its lines, and how many lines it has."""
        if not has_odd_lines(data, self._header.delimiter):
            try:
                rows = self._whole(data, first_line)
            except OddBlockError:
                pass
            else:
                return rows, [], len(rows)
        lines = Lines(data)
        found, left = self._by_columns(lines, first_line)
        careful, rejects = self._careful.read((first_line + at, lines[at]) for at in left.tolist())
        rows = joined([found, careful])
        return rows[np.argsort(rows.line, kind="stable")], rejects, len(lines)

    def _whole(self, data: bytes, first_line: int) -> Rows:
        """The rows of a block. Raises OddBlockError where one of its lines is no plain row."""
        for form in self._forms[: self._tries]:
            try:
                columns = read_typed(data, self._header, form.types, form.point)
            except OddBlockError:
                continue
            break
        else:
            # Bad rows, most likely, and more to come: look for another form in the next blocks, one at a time.
            self._forms.append(self._forms.pop(0))
            self._tries = 1
            raise OddBlockError
        # The rest of the file will have it too.
        self._forms.remove(form)
        self._forms.insert(0, form)
        self._tries = len(self._forms)
        value = numbers(columns["sensor_value"])
        line = np.arange(first_line, first_line + len(value))
        rows, odd = self._rows(line, columns, Values(value, np.zeros(len(value), dtype=np.bool_)))
        if odd.any():
            raise OddBlockError
        return rows

    def _by_columns(self, lines: Lines, first_line: int) -> tuple[Rows, NDArray[np.intp]]:
        """The rows among some lines, and those lines that need a closer look."""
        columns = read_texts(lines, self._header, _TEXTS)
        if not len(columns.at):
            return joined([]), columns.others
        values = parse_values(columns.texts["sensor_value"], comma=self._comma)
        rows, odd = self._rows(first_line + columns.at, columns.texts, values)
        return rows[~odd], np.sort(np.concatenate([columns.others, columns.at[odd]]))

    def _rows(
        self, line: NDArray[np.int64], columns: dict[str, pa.Array], values: Values
    ) -> tuple[Rows, NDArray[np.bool_]]:
        """Columns as rows, and which of them are none, or might be none."""
        times = read_times(columns["timestamp"])
        uuid = columns["sensor_uuid"]
        sensor = self._sensors.numbers(uuid.dictionary.to_pylist())[numbers(uuid.indices)]
        odd = times.odd | values.odd | (sensor < 0) | (times.time < EARLIEST) | (times.time >= LATEST)
        if not self._allow_nan:
            odd |= ~np.isfinite(values.value)
        return Rows(line, sensor, times.time, times.naive, values.value), odd

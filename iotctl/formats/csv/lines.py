"""The careful reader: reads the lines that the fast readers leave, one by one, and gives reasons for bad lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.bad_rows import code_of
from iotctl.formats.column_forms import ColumnForms
from iotctl.formats.csv.header import Header
from iotctl.formats.csv.split import BadRow, is_text, split_line
from iotctl.formats.numbers.values import parse_value
from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Sensors
from iotctl.formats.times.iso import parse_time
from iotctl.model import EARLIEST, LATEST, RejectReason

GOOD = -1

# A row: number of the sensor, time, naive, value.
_Row = tuple[int, int, bool, float]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Results for lines; all (n,). code: int8, GOOD or the code of a reason (bad_rows). The others are as in Rows."""

    code: NDArray[np.int8]
    sensor: NDArray[np.int32]
    time: NDArray[np.int64]
    naive: NDArray[np.bool_]
    value: NDArray[np.float64]


class CarefulReader:
    """Reads lines of one file: each is a row, or has a reason why not."""

    def __init__(self, header: Header, sensors: Sensors, forms: ColumnForms, options: ReadOptions) -> None:
        self._delimiter = header.delimiter
        self._width = header.width
        self._time, self._value = header.at["timestamp"], header.at["sensor_value"]
        self._sensor = header.at.get("sensor_uuid")
        self._wanted = tuple(header.at.values())
        self._sensors = sensors
        self._forms = forms
        self._options = options

    def read(self, lines: Sequence[bytes]) -> Verdicts:
        """The results for some lines. None of them may be blank."""
        codes: list[int] = []
        rows: list[_Row] = []
        for line in lines:
            try:
                rows.append(self._row(line))
                codes.append(GOOD)
            except BadRow as bad:
                rows.append((0, 0, False, 0.0))
                codes.append(code_of(bad.reason))
        sensor, time, naive, value = zip(*rows, strict=True) if rows else ((), (), (), ())
        return Verdicts(
            np.array(codes, dtype=np.int8),
            np.array(sensor, dtype=np.int32),
            np.array(time, dtype=np.int64),
            np.array(naive, dtype=np.bool_),
            np.array(value, dtype=np.float64),
        )

    def _row(self, line: bytes) -> _Row:
        fields = split_line(line, self._delimiter, text_only=False)
        if len(fields) != self._width:
            raise BadRow(RejectReason.FIELDS)
        if not all(is_text(fields[at]) for at in self._wanted):
            raise BadRow(RejectReason.ENCODING)
        try:
            sensor = self._sensors.only() if self._sensor is None else self._sensors.number(fields[self._sensor])
        except ValueError:
            raise BadRow(RejectReason.SENSOR) from None
        try:
            time, naive = parse_time(fields[self._time], self._forms.times)
        except (ValueError, OverflowError):
            raise BadRow(RejectReason.TIME) from None
        if not EARLIEST <= time < LATEST:
            raise BadRow(RejectReason.TIME_RANGE)
        return sensor, time, naive, self._number(fields[self._value])

    def _number(self, text: str) -> float:
        value = parse_value(text, self._forms.decimals)
        if value is None and self._options.missing_is_nan and not text.strip(" \t"):
            return math.nan
        if value is None:
            raise BadRow(RejectReason.VALUE)
        if value - value != 0 and not self._options.allow_nan:
            raise BadRow(RejectReason.NOT_FINITE)
        return value

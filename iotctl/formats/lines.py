"""The careful reader: line by line, for those that the fast ones leave; it says why a line is no row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from iotctl.formats.header import Header
from iotctl.formats.rows import Rows, Sensors
from iotctl.formats.split import BadRow, is_blank, reject_text, split_line
from iotctl.formats.times import parse_time
from iotctl.formats.values import parse_value
from iotctl.model import EARLIEST, LATEST, Reject, RejectReason

# A row: sensor's number, time, naive, value.
_Row = tuple[int, int, bool, float]


class CarefulReader:
    """Reads lines of one file; says of each that it is a row, or why not."""

    def __init__(self, header: Header, sensors: Sensors, *, allow_nan: bool) -> None:
        self._delimiter = header.delimiter
        self._width = header.width
        self._time, self._sensor, self._value = (
            header.at[name] for name in ("timestamp", "sensor_uuid", "sensor_value")
        )
        self._sensors = sensors
        self._allow_nan = allow_nan

    def read(self, lines: Iterable[tuple[int, bytes]]) -> tuple[Rows, list[Reject]]:
        """The rows and rejects among numbered lines; blank lines are neither."""
        rows: list[_Row] = []
        numbers: list[int] = []
        rejects: list[Reject] = []
        for number, line in lines:
            if is_blank(line):
                continue
            try:
                rows.append(self._row(line))
            except BadRow as bad:
                rejects.append(Reject(number, bad.reason, reject_text(line)))
            else:
                numbers.append(number)
        sensor, time, naive, value = zip(*rows, strict=True) if rows else ((), (), (), ())
        found = Rows(
            np.array(numbers, dtype=np.int64),
            np.array(sensor, dtype=np.int32),
            np.array(time, dtype=np.int64),
            np.array(naive, dtype=np.bool_),
            np.array(value, dtype=np.float64),
        )
        return found, rejects

    def _row(self, line: bytes) -> _Row:
        fields = split_line(line, self._delimiter)
        if len(fields) != self._width:
            raise BadRow(RejectReason.FIELDS)
        try:
            sensor = self._sensors.number(fields[self._sensor])
        except ValueError:
            raise BadRow(RejectReason.SENSOR) from None
        try:
            time, naive = parse_time(fields[self._time])
        except (ValueError, OverflowError):
            raise BadRow(RejectReason.TIME) from None
        if not EARLIEST <= time < LATEST:
            raise BadRow(RejectReason.TIME_RANGE)
        return sensor, time, naive, self._number(fields[self._value])

    def _number(self, text: str) -> float:
        value = parse_value(text, comma=self._delimiter == ";")
        if value is None:
            raise BadRow(RejectReason.VALUE)
        if value - value != 0 and not self._allow_nan:
            raise BadRow(RejectReason.NOT_FINITE)
        return value

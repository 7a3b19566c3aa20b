"""The careful reader: line by line, for the stretches of a file that the fast one refuses."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

import numpy as np

from iotctl.formats.blocks import MAX_LINE_BYTES
from iotctl.formats.header import Header
from iotctl.formats.rows import Rows, Sensors
from iotctl.formats.times import EARLIEST, LATEST, parse_time
from iotctl.model import Reject, RejectReason

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBER_WITH_COMMA = re.compile(r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[+-]?(?:nan(?:\([0-9a-z_]*\))?|inf|infinity)", re.IGNORECASE)

_TEXT_BYTES = 1024

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
            if not line.strip(b" \t\r"):
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
        value = parse_number(text, comma=self._delimiter == ";")
        if value is None:
            raise BadRow(RejectReason.VALUE)
        if value - value != 0 and not self._allow_nan:
            raise BadRow(RejectReason.NOT_FINITE)
        return value


class BadRow(Exception):  # noqa: N818 -- no error: a verdict
    """Why a line is no row."""

    def __init__(self, reason: RejectReason) -> None:
        self.reason = reason


def split_line(line: bytes, delimiter: str) -> list[str]:
    """The fields of a line. Raises a verdict where it is too long, no text, or has a quote that does not close."""
    if len(line) > MAX_LINE_BYTES:
        raise BadRow(RejectReason.TOO_LONG)
    if b"\0" in line:
        raise BadRow(RejectReason.ENCODING)
    try:
        text = line.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError:
        raise BadRow(RejectReason.ENCODING) from None
    if '"' not in text:
        return text.split(delimiter)
    if text.count('"') % 2:
        raise BadRow(RejectReason.QUOTE)
    try:
        return next(csv.reader([text], delimiter=delimiter))
    except csv.Error:
        raise BadRow(RejectReason.FIELDS) from None


def parse_number(text: str, *, comma: bool) -> float | None:
    """A number, NaN and infinity among them; comma: it may stand for the point. None where it is no number."""
    text = text.strip(" \t")
    if (_NUMBER_WITH_COMMA if comma else _NUMBER).fullmatch(text):
        return float(text.replace(",", "."))
    if _NOT_FINITE.fullmatch(text):
        return float(text.partition("(")[0])
    return None


def reject_text(line: bytes) -> str:
    """What a reject keeps of a line: its first kB, with what is no text escaped (PostgreSQL stores no NUL)."""
    return line[:_TEXT_BYTES].decode("utf-8", "backslashreplace").rstrip("\r").replace("\0", "\\x00")

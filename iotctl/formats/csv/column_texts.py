"""Single columns of a text from some line on, for judging the form of a column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import pyarrow as pa

from iotctl.formats.column_forms import WINDOW_LINES, Piece
from iotctl.formats.containers.line_index import Lines
from iotctl.formats.csv.columns import read_texts
from iotctl.formats.csv.header import Header
from iotctl.formats.csv.odd_lines import find_blank_lines, find_odd_lines, find_wrong_widths, readable
from iotctl.formats.csv.split import BadRow, is_text, split_line
from iotctl.formats.numbers.decimals import is_certain_point

_FIRST_LINES = 20

# Contains the lines of a window, if they have the usual length; counting the lines of a whole block takes longer.
_WINDOW_BYTES = 2 * 1024 * 1024


class ColumnTexts:
    """The columns of a block of lines and of the next blocks. following: gives the bytes of the next blocks."""

    def __init__(self, header: Header, data: bytes, first_line: int, following: Callable[[], Iterator[bytes]]) -> None:
        self._header = header
        self._data = data
        self._first_line = first_line
        self._following = following
        # If the delimiter is a comma, decimal commas are within quotes.
        self._comma = b'"' if header.delimiter == "," else b","

    def may_have_decimals(self) -> bool:
        """Whether some number of the block may have a point or comma; quick."""
        return b"." in self._data or self._comma in self._data

    def have_plain_points(self) -> bool:
        """Whether the first number with decimals has a certain decimal point, and the window has no comma.

        This is quick, and true for nearly every file.
        """
        for line in self._data.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]:
            value = _field(line, self._header, "sensor_value") or ""
            if is_certain_point(value):
                return self._window_has_no_comma()
            if "." in value or "," in value:
                return False
        return False

    def _window_has_no_comma(self) -> bool:
        lines = 0
        for data in chain((self._data,), self._following()):
            if self._comma in data:
                return False
            lines += data.count(b"\n", 0, _WINDOW_BYTES) or data.count(b"\n")
            if lines >= WINDOW_LINES + _FIRST_LINES:
                break
        return True

    def pieces(self, column: str) -> Iterator[Piece]:
        """The texts of a column with their lines, block by block to the end of the file."""
        first_line = self._first_line
        for data in chain((self._data,), self._following()):
            lines = Lines(readable(data))
            yield _column(lines, data, first_line, self._header, column)
            first_line += len(lines)


def _column(lines: Lines, data: bytes, first_line: int, header: Header, column: str) -> Piece:
    is_odd = find_odd_lines(lines, header.delimiter)
    no_rows = find_blank_lines(lines) | find_wrong_widths(lines, header.delimiter, header.width)
    columns = read_texts(lines, header, {column: pa.string()}, ~is_odd & ~no_rows)
    texts, at = columns.texts.get(column, pa.array([], pa.string())), columns.at
    begin, end = lines.offset[:-1].tolist(), lines.offset[1:].tolist()
    odd = [
        (line, text)
        for line in np.flatnonzero(is_odd).tolist()
        if (text := _field(data[begin[line] : end[line]].rstrip(b"\n"), header, column)) is not None
    ]
    if odd:
        at = np.concatenate([at, np.array([line for line, _ in odd])])
        order = np.argsort(at, kind="stable")
        texts = pa.concat_arrays([texts, pa.array([text for _, text in odd], pa.string())]).take(pa.array(order))
        at = at[order]
    return texts, first_line + at.astype(np.int64)


def _field(line: bytes, header: Header, column: str) -> str | None:
    """A field of a line; None if the line is not a row."""
    try:
        fields = split_line(line, header.delimiter, text_only=False)
    except BadRow:
        return None
    if len(fields) != header.width or not is_text(fields[header.at[column]]):
        return None
    return fields[header.at[column]]

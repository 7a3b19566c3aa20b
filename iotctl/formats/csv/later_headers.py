"""Headers in the middle of a file that was put together from several."""

from __future__ import annotations

from collections.abc import Collection

from iotctl.errors import FileError
from iotctl.formats.csv.split import BadRow
from iotctl.formats.csv.table_head import split_fields
from iotctl.formats.layouts.layout import BLANKS


class LaterHeaders:
    """Refuses a later header with other names: the rows below it would be read by the names of the first one.

    header: the first header, empty if there is none. time: the name of the time. read: the places of the columns that
    are read; others may have other names.
    """

    def __init__(self, header: bytes, delimiter: str, time: str, read: Collection[int], where: str) -> None:
        self._header = header
        self._delimiter = delimiter
        self._edges = {b"", b"\n", b"\r", b'"', b" ", b" " if delimiter == BLANKS else delimiter.encode()}
        self._names = _fields(header, delimiter)
        self._time = time.encode() if time and time in self._names else None
        self._time_at = self._names.index(time) if self._time else 0
        self._read = tuple(read)
        self._where = where

    def check(self, data: bytes, first_line: int) -> None:
        """Look at a block of lines. first_line: the number of the first one. Raises FileError."""
        if self._time is None:
            return
        end = 0
        while (found := data.find(self._time, end)) >= 0:
            end = found + len(self._time)
            if data[found - 1 : found] not in self._edges or data[end : end + 1] not in self._edges:
                continue
            end = data.find(b"\n", found)
            end = len(data) if end < 0 else end
            line = data[data.rfind(b"\n", 0, found) + 1 : end].rstrip(b"\r")
            if line != self._header and self._has_other_names(names := _fields(line, self._delimiter)):
                number = first_line + data.count(b"\n", 0, found)
                raise FileError(
                    f"The columns have other names from line {number} on: {', '.join(names)}"[:300],
                    where=self._where,
                    hint="Divide the file there. Rows committed before stay.",
                )

    def _has_other_names(self, names: list[str]) -> bool:
        # In a row there is a time at the place of the time.
        is_header = len(names) > self._time_at and names[self._time_at] in self._names
        return is_header and any(names[at : at + 1] != [self._names[at]] for at in self._read)


def _fields(line: bytes, delimiter: str) -> list[str]:
    """The texts in a line; none if it is not a row."""
    try:
        return [field.strip() for field in split_fields(line, delimiter)]
    except BadRow:
        return []

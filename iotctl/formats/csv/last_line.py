"""The last line of a file where it has no line end: it may be cut."""

from __future__ import annotations

from iotctl.formats.csv.header import Header
from iotctl.formats.csv.split import BadRow, split_line

_SHAPES = str.maketrans("0123456789", "9" * 10)


def is_cut_time(line: bytes, example: bytes, header: Header) -> bool:
    """Whether a last line ends within its time: 2016-01-01 00, where the file's first row has 2016-01-01 00:00:00.

    example: the file's first row. Only a time in the last column can be cut and still be read, as another time.
    """
    at = header.at["timestamp"]
    if at != header.width - 1:
        return False
    try:
        cut, whole = (
            split_line(text.rstrip(b"\r\n"), header.delimiter, text_only=False)[at].strip(' \t"').translate(_SHAPES)
            for text in (line, example)
        )
    except (BadRow, IndexError):
        return False  # whoever reads the line says what it is
    return len(cut) < len(whole) and whole.startswith(cut)

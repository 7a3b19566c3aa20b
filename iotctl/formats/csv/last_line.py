"""A last line without a line end, which may be cut."""

from __future__ import annotations

from iotctl.formats.csv.header import Header
from iotctl.formats.csv.split import BadRow, split_line

_SHAPES = str.maketrans("0123456789", "9" * 10)


def is_cut_time(line: bytes, example: bytes, header: Header) -> bool:
    """Whether a last line is cut within its time: 2016-01-01 00, while the first row has 2016-01-01 00:00:00.

    example: the first row of the file. Only a cut time in the last column can still be read, as a wrong time.
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
        return False  # the reader of the line reports the error
    return len(cut) < len(whole) and whole.startswith(cut)

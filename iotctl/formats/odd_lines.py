"""Lines that must be looked at one by one, found by their bytes; pyarrow reads all others as split_line does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.blocks import MAX_LINE_BYTES
from iotctl.formats.line_index import Lines

_NUL, _LINE_FEED, _RETURN, _QUOTE = 0, 10, 13, ord('"')
_NOT_ASCII = 128
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def has_odd_lines(data: bytes, delimiter: str) -> bool:
    """Whether find_odd_lines would find some, but for blank lines; quick where there are none."""
    if data.startswith(_BYTE_ORDER_MARK):  # pyarrow would drop it
        return True
    if b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")) or not _is_utf8(data):
        return True
    # A line over the limit covers at least one whole stretch.
    stretch = MAX_LINE_BYTES // 2
    if any(data.find(b"\n", start, start + stretch) < 0 for start in range(0, len(data) - stretch, stretch)):
        return True
    return b'"' in data and bool(_odd_quotes(Lines(data), delimiter).any())


def find_odd_lines(lines: Lines, delimiter: str) -> NDArray[np.bool_]:
    """Lines that are blank, too long, no text, or have quotes other than around a whole field; bool (n,)."""
    length = np.diff(lines.offset)
    begin = lines.byte[lines.offset[:-1]]
    odd: NDArray[np.bool_] = length > MAX_LINE_BYTES
    odd |= begin == _LINE_FEED
    odd |= begin == _BYTE_ORDER_MARK[0]
    odd |= (begin == _RETURN) & (length <= len("\r\n"))
    strange = lines.byte == _NUL
    if not _is_utf8(lines.data):
        strange |= lines.byte >= _NOT_ASCII
    strange[:-1] |= (lines.byte[:-1] == _RETURN) & (lines.byte[1:] != _LINE_FEED)
    strange[-1] |= lines.byte[-1] == _RETURN
    odd[lines.of(np.flatnonzero(strange))] = True
    return odd | _odd_quotes(lines, delimiter)


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _odd_quotes(lines: Lines, delimiter: str) -> NDArray[np.bool_]:
    """Lines where not every quote opens a field or closes it."""
    odd = np.zeros(len(lines), dtype=np.bool_)
    quote = np.flatnonzero(lines.byte == _QUOTE)
    if not len(quote):
        return odd
    line = lines.of(quote)
    nth_in_line = np.arange(len(quote)) - np.searchsorted(line, line)
    opens = nth_in_line % 2 == 0
    before = lines.byte[quote - 1]
    after = lines.byte[np.minimum(quote + 1, len(lines.byte) - 1)]
    at_end = quote == len(lines.byte) - 1
    good = np.where(
        opens,
        (quote == lines.offset[line]) | (before == ord(delimiter)),
        at_end | (after == ord(delimiter)) | (after == _RETURN) | (after == _LINE_FEED),
    )
    odd[line[~good]] = True
    odd[np.bincount(line, minlength=len(lines)) % 2 == 1] = True
    return odd

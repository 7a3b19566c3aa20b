"""Finds lines that must be read one by one. pyarrow reads all others in the same way as split_line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.containers.blocks import MAX_LINE_BYTES
from iotctl.formats.containers.line_index import Lines

_TAB, _LINE_FEED, _RETURN, _SPACE, _QUOTE = 9, 10, 13, 32, ord('"')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# Each takes 60 bytes during the check; in a block of ordinary quoted fields, a tenth of the bytes are quotes.
_MOST_QUOTES = 1024 * 1024

# Replaces NUL and bytes outside of ASCII: a character that no time, UUID or number has.
_SUBSTITUTE = 1
_SUBSTITUTES = bytes(_SUBSTITUTE if byte == 0 or byte > 127 else byte for byte in range(256))


def readable(data: bytes) -> bytes:
    """The bytes for pyarrow: bytes that are not text are replaced, with the same length.

    A file in another encoding has many of them, in columns that are not read. In a column that is read, the replacement
    makes the row odd, and the careful reader then reads the original bytes.
    """
    return data if b"\0" not in data and _is_utf8(data) else data.translate(_SUBSTITUTES)


def has_odd_lines(data: bytes, delimiter: str) -> bool:
    """Whether there may be odd lines, or very many quotes. Quick if nothing is odd."""
    if data.startswith(_BYTE_ORDER_MARK):  # pyarrow would drop it
        return True
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return True
    # A line over the limit covers at least one whole stretch.
    stretch = MAX_LINE_BYTES // 2
    if any(data.find(b"\n", start, start + stretch) < 0 for start in range(0, len(data) - stretch, stretch)):
        return True
    if b'"' not in data:
        return False
    return data.count(b'"') > _MOST_QUOTES or bool(_odd_quotes(Lines(data), delimiter).any())


def find_odd_lines(lines: Lines, delimiter: str) -> NDArray[np.bool_]:
    """Lines that are too long, have a carriage return inside, or quotes that are not around whole fields; bool (n,)."""
    odd: NDArray[np.bool_] = np.diff(lines.offset) > MAX_LINE_BYTES
    odd |= lines.byte[lines.offset[:-1]] == _BYTE_ORDER_MARK[0]
    strange = np.zeros(len(lines.byte), dtype=np.bool_)
    strange[:-1] = (lines.byte[:-1] == _RETURN) & (lines.byte[1:] != _LINE_FEED)
    strange[-1:] = lines.byte[-1:] == _RETURN
    odd[lines.of(np.flatnonzero(strange))] = True
    return odd | _odd_quotes(lines, delimiter)


def find_blank_lines(lines: Lines) -> NDArray[np.bool_]:
    """Blank lines; bool (n,)."""
    byte = lines.byte
    written = lines.count((byte != _LINE_FEED) & (byte != _RETURN) & (byte != _SPACE) & (byte != _TAB))
    blank: NDArray[np.bool_] = written == 0
    return blank


def find_wrong_widths(lines: Lines, delimiter: str, width: int) -> NDArray[np.bool_]:
    """Lines with another number of fields than width; only right for lines without quotes; bool (n,)."""
    wrong: NDArray[np.bool_] = lines.count(lines.byte == ord(delimiter)) != width - 1
    if b'"' in lines.data:
        wrong &= lines.count(lines.byte == _QUOTE) == 0
    return wrong


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _odd_quotes(lines: Lines, delimiter: str) -> NDArray[np.bool_]:
    """Lines with a quote that does not open or close a field."""
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

"""The header line: which delimiter, which columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.errors import FileError

_DELIMITERS = (";", ",", "\t", "|")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Header:
    """delimiter; width: number of columns; at: wanted column -> its place, from 0."""

    delimiter: str
    width: int
    at: dict[str, int]


def parse_header(line: bytes, wanted: Sequence[Sequence[str]], where: str) -> Header:
    """Find the wanted columns in a header line, whatever their order, case, blanks and quotes; others are ignored.

    wanted: for each column the names it may have; the first one is its key in Header.at. Raises FileError that names
    the missing column.
    """
    try:
        text = line.removeprefix(BYTE_ORDER_MARK).decode("utf-8").strip("\r\n")
    except UnicodeDecodeError:
        raise FileError(
            "The first line is not UTF-8 text.", where=where, hint="A data file begins with its column names."
        ) from None
    missing: list[str] = []
    for delimiter in sorted(_DELIMITERS, key=text.count, reverse=True):
        names = [_plain(name) for name in text.split(delimiter)]
        at = {
            column[0]: next(names.index(_plain(name)) for name in column if _plain(name) in names)
            for column in wanted
            if any(_plain(name) in names for name in column)
        }
        if len(at) == len(wanted):
            return Header(delimiter, len(names), at)
        missing = missing or [column[0] for column in wanted if column[0] not in at]
    raise FileError(
        f"Column {' and '.join(missing)} not found in the header.",
        where=f"{where}, line 1: {text[:80]!r}",
        hint=f"Needed are {', '.join(column[0] for column in wanted)}, in any order, divided by one of ; , tab |",
    )


def _plain(name: str) -> str:
    return "".join(name.split()).strip('"').replace("_", "").lower()

"""The beginning of a text by a layout: its preamble, the names of its columns, and its first row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iotctl.errors import FileError
from iotctl.formats.containers.blocks import MAX_LINE_BYTES
from iotctl.formats.containers.text_blocks import BYTE_ORDER_MARK, is_blank
from iotctl.formats.csv.header import MOST_COLUMNS
from iotctl.formats.csv.split import BadRow, split_line
from iotctl.formats.layouts.layout import BLANKS, TextLayout
from iotctl.formats.options import Readable

_READ_BYTES = 64 * 1024
_MOST_HEAD_BYTES = 4 * 1024 * 1024

_RUNS = re.compile(rb"[ \t]+")


@dataclass(frozen=True, slots=True)
class TableHead:
    """What comes before a table's rows.

    columns: their names, without repeats. header: the header line in UTF-8; None if there is none. offset, line: of
    the first line after it. preamble: all text before it. first_row: in UTF-8; None if no row is complete.
    """

    columns: tuple[str, ...]
    header: bytes | None
    offset: int
    line: int
    preamble: str = ""
    first_row: bytes | None = None


def read_table_head(text: Readable, layout: TextLayout, where: str) -> TableHead | None:
    """The beginning of a text; None if it has no row and no header. The header line may lack its end.

    Raises FileError if the header is not where the layout says, or has too many columns.
    """
    lines = _HeadLines(text, where)
    skipped = 0
    while (line := lines.read()) is not None:
        written = as_utf8(line, layout.encoding)
        if skipped < layout.skip_lines:
            skipped += 1
            continue
        if layout.skip_until and not re.search(layout.skip_until, written.decode("utf-8", "replace").rstrip("\r\n")):
            continue
        if not layout.skip_until and (is_blank(written) or is_comment(written, layout)):
            continue
        break
    else:
        if layout.skip_until and lines.number > 1:
            raise FileError(
                f"No line matches the layout's skip_until = {layout.skip_until!r}.",
                where=where,
                hint="It is a regular expression; the header is the first line that it matches.",
            )
        return None
    if not layout.header:
        lines.give_back(line)
        columns, header = layout.columns, None
    else:
        header = written
        columns = _header_columns(written, layout, f"{where}, line {lines.number - 1}")
    for _ in range(layout.below_header):
        lines.read()
    row = _first_row(lines, layout)
    columns = _fitted(columns, row, layout)
    first_row = row if row and row.endswith(b"\n") else None
    return TableHead(columns, header, lines.offset, lines.number, lines.before(layout.encoding), first_row)


def as_utf8(data: bytes, encoding: str) -> bytes:
    """Bytes of an encoding as UTF-8. Invalid bytes become U+FFFD, which no time or number contains.

    Text in UTF-16 and UTF-32 has been converted to UTF-8 when it was opened.
    """
    if encoding.lower().replace("-", "").startswith(("utf8", "utf16", "utf32")):
        if b"\0" not in data and (data.isascii() or _is_utf8(data)):
            return data
        encoding = "utf-8"
    return data.decode(encoding, "replace").replace("\0", "\N{REPLACEMENT CHARACTER}").encode()


def split_fields(line: bytes, delimiter: str) -> list[str]:
    """The fields of a line in UTF-8, as from split_line; the delimiter may also be runs of blanks."""
    line = line.rstrip(b"\r\n")
    if delimiter != BLANKS:
        return split_line(line, delimiter, text_only=False)
    return split_line(_RUNS.sub(b" ", line.strip(b" \t")), " ", text_only=False)


def column_names(fields: Sequence[str]) -> tuple[str, ...]:
    """The names of columns without repeats: one without a name is "column 3", a second "temp" is "temp 2"."""
    names: dict[str, None] = {}
    for place, field in enumerate(fields, 1):
        name = " ".join(field.split()) or f"column {place}"
        number = 2
        once = name
        while name in names:
            name, number = f"{once} {number}", number + 1
        names[name] = None
    return tuple(names)


def is_comment(line: bytes, layout: TextLayout) -> bool:
    """Whether a line is a comment."""
    return bool(layout.comment) and line.startswith(layout.comment.encode())


class _HeadLines:
    """The first lines of a text. number, offset: of the next line."""

    def __init__(self, text: Readable, where: str) -> None:
        self.number, self.offset = 1, 0
        self._text = text
        self._where = where
        self._begun = b""
        self._fill()
        if self._begun.startswith(BYTE_ORDER_MARK):
            self.offset = len(BYTE_ORDER_MARK)
        self._first = self.offset

    def read(self) -> bytes | None:
        """The next line with its end; None at the end of the text."""
        while (end := self._begun.find(b"\n", self.offset) + 1) == 0 and self._fill():
            pass
        end = end or len(self._begun)
        if end == self.offset:
            return None
        line = self._begun[self.offset : end]
        self.offset, self.number = end, self.number + 1
        return line

    def give_back(self, line: bytes) -> None:
        """Make the last line the next one again."""
        self.offset, self.number = self.offset - len(line), self.number - 1

    def before(self, encoding: str) -> str:
        """All text before the next line."""
        return as_utf8(self._begun[self._first : self.offset], encoding).decode()

    def _fill(self) -> bool:
        data = self._text.read(_READ_BYTES)
        self._begun += data
        if self.offset_of_line() > MAX_LINE_BYTES or len(self._begun) > _MOST_HEAD_BYTES:
            raise FileError(
                "The lines before the first row are too long to be read.",
                where=self._where,
                hint="To see the file: iotctl inspect FILE",
            )
        return bool(data)

    def offset_of_line(self) -> int:
        """The number of bytes of the next line that have been read."""
        return len(self._begun) - self.offset


def _header_columns(line: bytes, layout: TextLayout, where: str) -> tuple[str, ...]:
    line = line.removeprefix(layout.comment.encode()) if layout.comment else line
    try:
        fields = split_fields(line, layout.delimiter)
    except BadRow as bad:
        raise FileError(
            f"The header cannot be read ({bad.reason}).",
            where=where,
            hint="Check [text] in the layout, which says where the header is.",
        ) from None
    if len(fields) > MOST_COLUMNS:
        raise FileError(
            f"The header has {len(fields)} columns; {MOST_COLUMNS} can be read.",
            where=where,
            hint="Leave out columns, or write the readings one below the other.",
        )
    return column_names(fields)


def _first_row(lines: _HeadLines, layout: TextLayout) -> bytes | None:
    """The line of the first row in UTF-8; None if there is none."""
    offset, number = lines.offset, lines.number
    found = None
    while found is None and (line := lines.read()) is not None:
        written = as_utf8(line, layout.encoding)
        if not is_blank(written) and not is_comment(written, layout):
            found = written
    lines.offset, lines.number = offset, number
    return found


def _fitted(columns: tuple[str, ...], row: bytes | None, layout: TextLayout) -> tuple[str, ...]:
    """The columns of the rows. A delimiter at the end of only the rows, or only the header, makes no column."""
    try:
        fields = split_fields(row or b"", layout.delimiter)
    except BadRow:
        return columns
    if len(fields) == len(columns) + 1 and not fields[-1].strip():
        return (*columns, f"column {len(fields)}")
    if row and len(fields) == len(columns) - 1 and columns[-1] == f"column {len(columns)}" and layout.header:
        return columns[:-1]
    return columns


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True

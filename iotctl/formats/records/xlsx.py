"""Excel workbooks (.xlsx) as records: the rows of one sheet, with the types of their cells.

python-calamine reads them: it is ten times as fast as openpyxl, and maintained (0.9 of November 2026; openpyxl's last
release is of June 2024). It holds a whole sheet: 300 MB for a million rows of six columns. Positions and lines count
the rows of the sheet.
"""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from iotctl.errors import ConfigurationError, FileError
from iotctl.formats.bad_rows import listed_bad_rows
from iotctl.formats.containers.text_blocks import reject_text
from iotctl.formats.csv.table import find_in_preamble
from iotctl.formats.csv.table_head import column_names
from iotctl.formats.layouts.layout import Layout
from iotctl.formats.records.records import RecordFile, Records, check_fields, constant_column
from iotctl.formats.records.written_values import Number, column_of

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

_ROWS_AT_ONCE = 65_536
_READ_BYTES = 1024 * 1024

_MOST_BYTES = 256 * 1024 * 1024
_MOST_UNPACKED_BYTES = 1024 * 1024 * 1024
# Of the rectangle around all cells; its empty cells also take memory.
_MOST_CELLS = 32_000_000
_PLACE = re.compile(rb'r="([A-Z]{0,3})(\d{1,7})"')

_Cell = object  # None if it is empty
_Row = Sequence[_Cell]


def read_xlsx(source: RecordFile) -> Iterator[Records]:
    """The rows of a sheet as records, see ReadRecords. Times are timestamps without a zone, other cells as typed.

    Raises ConfigurationError if the library is not installed.
    """
    where = source.file.uri
    sheet = _open_sheet(source)
    if sheet is None:
        return
    table = _Table(source.layout, where)
    cells = enumerate(_cells(sheet), 1)
    if (first := table.begin(cells)) is None:
        return
    rows = itertools.chain(first, cells)
    kept: list[_Row] = []
    lines: list[int] = []
    last = 0
    for last, row in rows:
        if last > source.start.offset and any(cell is not None for cell in row) and not table.is_comment(row):
            kept.append(row)
            lines.append(last)
        if len(kept) == min(_ROWS_AT_ONCE, source.options.batch_rows):
            yield table.records(kept, lines, last)
            kept, lines = [], []
    if kept or last > source.start.offset:
        yield table.records(kept, lines, last)


def sheet_names(source: RecordFile) -> list[str]:
    """The names of the sheets of a workbook, in their order."""
    book = _open_book(source)
    return [] if book is None else list(book.sheet_names)


def _open_sheet(source: RecordFile) -> CalamineSheet | None:
    """The sheet of the layout; None if the file is empty."""
    where = source.file.uri
    book = _open_book(source)
    if book is None:
        return None
    from python_calamine import CalamineError

    names = book.sheet_names
    name = source.layout.sheet or next(iter(names), "")
    if name not in names:
        raise FileError(
            f"There is no sheet {name!r} in the workbook." if name else "The workbook has no sheet.",
            where=where,
            hint=f"sheet in the layout is one of: {', '.join(names)}"[:300],
        )
    try:
        return book.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(error, where) from error


def _open_book(source: RecordFile) -> CalamineWorkbook | None:
    where = source.file.uri
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise ConfigurationError(
            "Excel workbooks need a library that is not installed.", hint="Run: pip install 'iotctl[xlsx]'"
        ) from error
    with source.open_at(0) as stored:
        content = stored.read(_MOST_BYTES + 1)
    if not content:
        return None
    _check_size(content, where)
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(error, where) from error


def _check_size(content: bytes, where: str) -> None:
    """Refuse a workbook that would take too much memory. Raises FileError, also for a file that is not a workbook."""
    problem = ""
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                rows = columns = 0
                with archive.open(name) as part:
                    rest = b""
                    while data := part.read(_READ_BYTES):
                        unpacked += len(data)
                        if unpacked > _MOST_UNPACKED_BYTES or len(content) > _MOST_BYTES:
                            problem = f"is larger than {_MOST_UNPACKED_BYTES // 1024**2} MiB"
                            break
                        if name.startswith("xl/worksheets/"):
                            for column, row in set(_PLACE.findall(rest + data)):
                                rows, columns = max(rows, int(row)), max(columns, _column_number(column))
                            rest = data[-32:]
                if rows * columns > _MOST_CELLS:
                    problem = f"has a sheet of {rows} rows and {columns} columns, more than {_MOST_CELLS} cells"
                if problem:
                    break
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        raise _damaged(error, where) from error
    if problem:
        raise FileError(f"The workbook {problem}.", where=where, hint="Save the sheet as CSV.")


def _damaged(error: Exception, where: str) -> FileError:
    return FileError(
        f"This is not an Excel workbook (.xlsx), or it is damaged: {str(error)[:200].rstrip('.')}.",
        where=where,
        hint="To see its type: iotctl inspect FILE",
    )


def _column_number(letters: bytes) -> int:
    """1 for A, 27 for AA; 0 for none."""
    number = 0
    for letter in letters:
        number = 26 * number + letter - ord("A") + 1
    return number


def _cells(sheet: CalamineSheet) -> Iterator[_Row]:
    for row in sheet.iter_rows():
        yield [None if cell == "" else cell for cell in row]


class _Table:
    """The rows of a sheet below its header, by a layout."""

    def __init__(self, layout: Layout, where: str) -> None:
        self._layout = layout
        self._where = where
        self._at: dict[str, int] = {}
        self._preamble: dict[str, str] = {}

    def begin(self, rows: Iterator[tuple[int, _Row]]) -> list[tuple[int, _Row]] | None:
        """Read the header, and the lines below it that are not rows; None if there is no header.

        Returns the rows that were read too far.
        """
        text = self._layout.text
        before: list[str] = []
        for number, row in rows:
            shown = _shown(row)
            before.append(shown)
            if number <= text.skip_lines or (text.skip_until and not re.search(text.skip_until, shown)):
                continue
            if not shown.strip():
                continue
            names = column_names([_text(cell) for cell in row]) if text.header else text.columns
            wanted = self._layout.record_fields()
            self._at = {name: at for at, name in enumerate(names) if wanted is None or name in wanted}
            check_fields(names, self._layout, f"{self._where}, line {number}")
            before.extend(_shown(row) for _, row in itertools.islice(rows, text.below_header))
            self._preamble = find_in_preamble("\n".join(before), self._layout, self._where)
            return [] if text.header else [(number, row)]
        return None

    def is_comment(self, row: _Row) -> bool:
        """Whether a row is a comment of the layout."""
        return bool(self._layout.text.comment) and _text(row[0]).startswith(self._layout.text.comment)

    def records(self, rows: Sequence[_Row], lines: Sequence[int], last: int) -> Records:
        """Rows as records. last: the number of the last row read."""
        columns = {
            name: self._column(name, [row[at] if at < len(row) else None for row in rows])
            for name, at in self._at.items()
        }
        columns |= {name: constant_column(text, len(rows)) for name, text in self._preamble.items()}
        texts = _RowLines(rows, lines)
        return Records(columns, np.array(lines, dtype=np.int64), listed_bad_rows([]), texts, last, last + 1)

    def _column(self, name: str, cells: Sequence[_Cell]) -> pa.Array:
        kinds = {type(cell) for cell in cells if cell is not None}
        if kinds == {date}:
            return pa.array(cells, pa.date32())
        if kinds and kinds <= {date, datetime}:  # midnights are read as dates
            midnights = [datetime.combine(cell, time()) if type(cell) is date else cell for cell in cells]
            return pa.array(midnights, pa.timestamp("us"))
        if kinds and kinds <= {float, int}:
            return pa.array(cells, pa.float64())
        values = [_value(cell) for cell in cells]
        column = column_of(
            values,
            decimal=self._layout.text.decimal,
            keeps_decimals=name in self._layout.as_written(),
            holds_numbers=name in self._layout.named_values(),
        )
        return column.cast(pa.string()) if pa.types.is_large_string(column.type) else column


class _RowLines:
    """See FileLines."""

    def __init__(self, rows: Sequence[_Row], lines: Sequence[int]) -> None:
        self._rows = rows
        self._lines = lines

    def text(self, line: int) -> str:
        """See FileLines."""
        return reject_text(_shown(self._rows[self._lines.index(line)]).encode("utf-8", "backslashreplace"))

    def offset(self, line: int) -> int:
        """See FileLines."""
        return line - 1


def _shown(row: _Row) -> str:
    """A row as text, like a copied row."""
    return "\t".join(_text(cell) for cell in row)


def _text(cell: _Cell) -> str:
    value = _value(cell)
    return "" if value is None else str(value)


def _value(cell: _Cell) -> object:
    """A cell for column_of: numbers and times as texts."""
    match cell:
        case None | bool() | str():
            return cell
        case float() | int():
            return Number(str(int(cell)) if float(cell).is_integer() else repr(cell))
        case datetime():
            return cell.isoformat(" ")
        case timedelta():
            seconds = cell.total_seconds()
            return f"{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{int(seconds % 60):02}"
        case _:  # date, time
            return str(cell)

"""Rows as a table for people: the columns that matter in the width of the terminal, or all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from types import UnionType
from typing import BinaryIO

from iotctl.cli.output import pager
from iotctl.cli.output.colours import Colour
from iotctl.cli.output.fit import BETWEEN, least_of, padded, shares, shortened, width, wrapped
from iotctl.cli.output.log import say
from iotctl.cli.output.terminal import Screen, printable
from iotctl.words import counted

# Datetimes have a zone. They are written as ISO 8601 with offset, and in Parquet as times.
Cell = str | int | float | datetime | None

# The first rows give the widths. On a terminal later rows are shortened to them, elsewhere their lines are longer.
_FIRST_ROWS = 1000

_INDENT = "    "


@dataclass(frozen=True, slots=True)
class TableView:
    """How a table shows the rows of a command.

    main: the columns that matter, in order; all columns if it is empty. Empty columns are left out, and the last ones
    if the terminal is too narrow. prose: the column of sentences; it comes last, is wrapped, and never left out. If it
    has less than least_prose columns of the terminal, it goes below the row. colours: column -> function that gives the
    colour of a cell. nothing: the text if there are no rows.
    """

    main: Sequence[str] = ()
    prose: str | None = None
    least_prose: int = 30
    colours: Mapping[str, Callable[[Cell], Colour | None]] = field(default_factory=dict)
    nothing: str = ""


def write_table(
    columns: list[str],
    rows: Iterable[tuple[Cell, ...]],
    file: BinaryIO,
    view: TableView,
    screen: Screen | None,
    *,
    wide: bool,
) -> None:
    """Write rows as they come. screen: the terminal, if file is one. wide: all columns, and whole times."""
    rows = iter(rows)
    first = list(islice(rows, _FIRST_ROWS))
    names = columns if wide or not view.main else [name for name in view.main if name in columns]
    if first and not wide:
        at = {name: columns.index(name) for name in names}
        names = [name for name in names if any(row[at[name]] is not None for row in first)] or names
    is_short = screen is not None and not wide
    table = _Table(names, [columns.index(name) for name in names], first, view, is_short=is_short)
    everything = chain(first, rows)
    if screen is None:
        file.writelines(_encoded(table.plain(everything)))
    elif first:
        shown, lines = (len(names), table.records(everything, screen)) if wide else table.fitted(everything, screen)
        pager.show(_encoded(lines), screen.height, file)
        _say_more(table.zone, len(columns) - shown)


def table_lines(
    columns: list[str], rows: Sequence[tuple[Cell, ...]], view: TableView, screen: Screen | None
) -> list[str]:
    """The lines of a small table within other output, without columns that are empty in every row."""
    at = [i for i in range(len(columns)) if any(row[i] is not None for row in rows)]
    table = _Table([columns[i] for i in at], at, list(rows), view, is_short=screen is not None)
    return list(table.plain(rows) if screen is None else table.fitted(rows, screen)[1])


def _say_more(zone: str | None, left_out: int) -> None:
    """Print to stderr the zone of the times, and how many columns were left out."""
    said = [f"times: {zone}"] if zone else []
    said += [f"{counted(left_out, 'more column')}: --wide"] if left_out else []
    if said:
        say("; ".join(said))


class _Table:
    """Chosen columns of rows; the first rows decide their widths and formats."""

    def __init__(
        self, names: list[str], at: list[int], first: list[tuple[Cell, ...]], view: TableView, *, is_short: bool
    ) -> None:
        self._names, self._at, self._view = names, at, view
        cells = [[row[i] for row in first] for i in at]
        self._numeric = [_all_are(int | float, column) for column in cells]
        self._timed = [_all_are(datetime, column) for column in cells]
        moments = [cell for column in cells for cell in column if isinstance(cell, datetime)]
        self.zone = str(moments[0].tzinfo) if moments and is_short else None
        self._time_format = None
        if is_short:
            to_minutes = not any(moment.second or moment.microsecond for moment in moments)
            self._time_format = "%Y-%m-%d %H:%M" if to_minutes else "%Y-%m-%d %H:%M:%S"
        self._decimals = [
            max((len(_decimals(str(cell))) for cell in column if cell is not None), default=0)
            if is_short and numeric
            else 0
            for column, numeric in zip(cells, self._numeric, strict=True)
        ]
        texts = [[self._aligned(i, cell) for cell in column] for i, column in enumerate(cells)]
        self._wanted = [max(map(width, [name, *column])) for name, column in zip(names, texts, strict=True)]
        is_text = [not (numeric or timed) for numeric, timed in zip(self._numeric, self._timed, strict=True)]
        self._least = [
            least_of(column) if narrows else wanted
            for column, narrows, wanted in zip(texts, is_text, self._wanted, strict=True)
        ]

    def plain(self, rows: Iterable[tuple[Cell, ...]], screen: Screen | None = None) -> Iterator[str]:
        """Lines that are as wide as their texts."""
        widths = dict(enumerate(self._wanted))
        yield from self._head(widths)
        for row in rows:
            cells = (
                self._cell(i, row, self._aligned(i, row[self._at[i]]), columns, screen) for i, columns in widths.items()
            )
            yield BETWEEN.join(cells).rstrip()

    def fitted(self, rows: Iterable[tuple[Cell, ...]], screen: Screen) -> tuple[int, Iterator[str]]:
        """How many columns fit a terminal, and the lines. Sentences are wrapped, beside the others or below."""
        prose = self._names.index(self._view.prose) if self._view.prose in self._names else None
        kept = [i for i in range(len(self._names)) if i != prose]
        while (found := shares([self._wanted[i] for i in kept], [self._least[i] for i in kept], screen.width)) is None:
            if len(kept) == 1:
                found = [screen.width]
                break
            kept.pop()
        widths = dict(zip(kept, found, strict=True))
        if prose is None:
            return len(kept), self._lines(rows, widths, None, 0, screen)
        beside = screen.width - sum(found) - len(BETWEEN) * len(kept)
        if beside >= min(self._view.least_prose, self._wanted[prose]):
            return len(kept) + 1, self._lines(rows, widths, prose, min(beside, self._wanted[prose]), screen)
        return len(kept) + 1, self._lines_above_prose(rows, widths, prose, screen)

    def records(self, rows: Iterable[tuple[Cell, ...]], screen: Screen) -> Iterator[str]:
        """All columns: side by side if they fit, else one below the other."""
        if sum(self._wanted) + len(BETWEEN) * (len(self._wanted) - 1) <= screen.width:
            yield from self.plain(rows, screen)
            return
        label = max(map(width, self._names))
        room = max(screen.width - label - len(BETWEEN), 1)
        for number, row in enumerate(rows):
            if number:
                yield ""
            for i, name in enumerate(self._names):
                head, *more = wrapped(self._text(row[self._at[i]]), room)
                yield f"{padded(name, label)}{BETWEEN}{self._coloured(i, row, head, screen)}".rstrip()
                yield from (" " * (label + len(BETWEEN)) + line for line in more)

    def _lines(
        self, rows: Iterable[tuple[Cell, ...]], widths: dict[int, int], prose: int | None, beside: int, screen: Screen
    ) -> Iterator[str]:
        """widths: by column. prose: the column that is wrapped beside them. beside: its width."""
        yield from self._head(widths if prose is None else widths | {prose: beside})
        indent = " " * (sum(widths.values()) + len(BETWEEN) * len(widths))
        for row in rows:
            head, *more = [""] if prose is None else wrapped(self._text(row[self._at[prose]]), beside)
            yield f"{self._fitted(row, widths, screen)}{BETWEEN}{head}".rstrip()
            yield from (indent + one for one in more)

    def _lines_above_prose(
        self, rows: Iterable[tuple[Cell, ...]], widths: dict[int, int], prose: int, screen: Screen
    ) -> Iterator[str]:
        yield from self._head(widths)
        for row in rows:
            yield self._fitted(row, widths, screen).rstrip()
            said = self._text(row[self._at[prose]])
            if said:
                yield from (_INDENT + one for one in wrapped(said, screen.width - len(_INDENT)))

    def _head(self, widths: Mapping[int, int]) -> Iterator[str]:
        names = (
            padded(shortened(self._names[i], columns), columns, right=self._numeric[i]) for i, columns in widths.items()
        )
        yield BETWEEN.join(names).rstrip()
        yield BETWEEN.join("-" * columns for columns in widths.values())

    def _fitted(self, row: tuple[Cell, ...], widths: Mapping[int, int], screen: Screen) -> str:
        cells = []
        for i, columns in widths.items():
            text = self._aligned(i, row[self._at[i]])
            # A shortened number would be a wrong number.
            text = text if self._numeric[i] else shortened(text, columns)
            cells.append(self._cell(i, row, text, columns, screen))
        return BETWEEN.join(cells)

    def _cell(self, i: int, row: tuple[Cell, ...], text: str, columns: int, screen: Screen | None) -> str:
        return self._coloured(i, row, padded(text, columns, right=self._numeric[i]), screen)

    def _coloured(self, i: int, row: tuple[Cell, ...], text: str, screen: Screen | None) -> str:
        colours = self._view.colours.get(self._names[i])
        if colours is None or screen is None or not screen.is_coloured:
            return text
        colour = colours(row[self._at[i]])
        return text if colour is None else colour.of(text)

    def _aligned(self, i: int, cell: Cell) -> str:
        """The text of a cell; on a terminal, the decimal points of a column are aligned."""
        text = self._text(cell)
        return text + " " * (self._decimals[i] - len(_decimals(text))) if self._decimals[i] else text

    def _text(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, datetime):
            return cell.isoformat() if self._time_format is None else cell.strftime(self._time_format)
        return printable(str(cell))


def _decimals(number: str) -> str:
    """The part of a number from its point on."""
    _, point, digits = number.partition(".")
    return point + digits


def _all_are(kind: type | UnionType, cells: Iterable[Cell]) -> bool:
    """Whether there are cells that are not None, and all of these are of a type."""
    full = [cell for cell in cells if cell is not None]
    return bool(full) and all(isinstance(cell, kind) for cell in full)


def _encoded(lines: Iterable[str]) -> Iterator[bytes]:
    return (line.encode() + b"\n" for line in lines)

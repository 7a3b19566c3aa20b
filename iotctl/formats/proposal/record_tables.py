"""The first records of JSON, line protocol, Parquet and similar forms as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.csv.table_head import column_names
from iotctl.formats.layouts.layout import Form, Layout, TextLayout, TimeLayout
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.proposal.headers import find_start
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.units import name_and_unit
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile, Records
from iotctl.formats.records.xlsx import sheet_names
from iotctl.model import Position, StoredFile

_MOST_RECORDS = 100_000
_MOST_SHEETS = 20
_MOST_SHEET_COLUMNS = 500
_NO_TIME = TimeLayout(())
_BLOCK_BYTES = 4 * 1024 * 1024

# Columns of InfluxDB query results that describe the query, not the measurement.
_OF_THE_ANSWER = frozenset({"", "column 1", "result", "table"})


@dataclass(frozen=True)
class RecordTable:
    """The first records of a file. complete: whether these are all. text: where a table begins in a sheet.

    sheet: of a workbook, empty for the first. others: the names of further sheets with tables.
    """

    table: Table
    complete: bool
    text: TextLayout
    units: Mapping[str, str]
    sheet: str = ""
    others: tuple[str, ...] = ()


def read_record_table(file: StoredFile, open_at: OpenAt, form: Form, records: str) -> RecordTable:
    """The first records of a file as a table. Raises FileError if they cannot be read."""
    sheet, others, text, units = "", [], TextLayout(), dict[str, str]()
    if form is Form.XLSX:
        begins = _sheet_begins(file, open_at)
        sheet, text, units = next(iter(begins), ("", text, units))
        others = [name for name, *_ in begins[1:]]
    layout = Layout(_NO_TIME, form, records=records, sheet=sheet, other_values=True, text=text)
    found, complete = _first(file, open_at, layout)
    return RecordTable(_table(found, form, units), complete, text, units, sheet, tuple(others))


def _first(file: StoredFile, open_at: OpenAt, layout: Layout) -> tuple[list[Records], bool]:
    """The first records of a file, and whether these are all."""
    options = ReadOptions(settle_seconds=0, block_bytes=_BLOCK_BYTES)
    found: list[Records] = []
    for some in read_records(RecordFile(file, open_at, layout, options, Position())):
        found.append(some)
        if sum(len(one.line) for one in found) >= _MOST_RECORDS:
            return found, False
    return found, True


def _sheet_begins(file: StoredFile, open_at: OpenAt) -> list[tuple[str, TextLayout, dict[str, str]]]:
    """The sheets with tables: for each the beginning of the table, and the units of its columns. The first sheet has no
    name, because a layout needs none for it."""
    found = []
    source = RecordFile(file, open_at, Layout(_NO_TIME, Form.XLSX), ReadOptions(settle_seconds=0), Position())
    for at, name in enumerate(sheet_names(source)[:_MOST_SHEETS]):
        try:
            begin = _sheet_begin(file, open_at, name)
        except FileError:
            continue  # a chart
        if begin is not None:
            found.append((name if at else "", *begin))
    return found


def _sheet_begin(file: StoredFile, open_at: OpenAt, sheet: str) -> tuple[TextLayout, dict[str, str]] | None:
    """The beginning of the table in a sheet, and the units of its columns, found as in lines of a text.

    None if there is no table.
    """
    columns = tuple(f"c{at}" for at in range(_MOST_SHEET_COLUMNS))
    text = TextLayout(header=False, columns=columns)
    layout = Layout(_NO_TIME, Form.XLSX, sheet=sheet, other_values=True, text=text)
    found, _ = _first(file, open_at, layout)
    lines: list[str] = []
    for some in found:
        cells = [_texts(column) for column in some.columns.values()]
        for number, row in zip(some.line.tolist(), zip(*cells, strict=True), strict=True):
            lines += [""] * (number - 1 - len(lines))
            lines.append("\t".join(row).rstrip("\t"))
    width = max((line.count("\t") for line in lines), default=0)
    start = find_start([line + "\t" * (width - line.count("\t")) if line else "" for line in lines])
    if start is None or start.header is None:
        return None
    names = column_names(start.names)
    units = {name: unit for name, unit in zip(names, start.units, strict=False) if unit}
    return TextLayout(skip_lines=start.header, below_header=start.first - start.header - 1), units


def _table(found: list[Records], form: Form, units: Mapping[str, str]) -> Table:
    names = list(dict.fromkeys(name for some in found for name in some.columns))
    if form is Form.INFLUX_CSV:
        names = [name for name in names if name not in _OF_THE_ANSWER]
    titles = Counter(_last(name) for name in names)
    columns = [
        _column(name, _last(name) if titles[_last(name)] == 1 else name, form, list(_pieces(name, found)))
        for name in names
    ]
    return Table(tuple(replace(column, unit=units.get(column.name, column.unit)) for column in columns if column))


def _last(name: str) -> str:
    """The last part of a path such as body.temperature. If a blank or digits follow the point, it is part of a name."""
    head, point, tail = name.rpartition(".")
    return tail if point and head and tail and not tail[0].isdigit() and " " not in name else name


def _pieces(name: str, found: list[Records]) -> Iterator[pa.Array]:
    for some in found:
        column = some.columns.get(name)
        yield pa.nulls(len(some.line)) if column is None else column


def _column(name: str, path_end: str, form: Form, pieces: list[pa.Array]) -> Column | None:
    """A column; None if it has no single values, such as lists."""
    kinds = [piece.type for piece in pieces if not pa.types.is_null(piece.type)]
    if any(pa.types.is_nested(kind) for kind in kinds):
        return None
    texts = [text for piece in pieces for text in _texts(piece)]
    is_tag = form in {Form.JSON_SERIES, Form.LINE_PROTOCOL} and any(map(pa.types.is_dictionary, kinds))
    is_tag |= form is Form.INFLUX_CSV and name not in {"_value", "_time", "_start", "_stop"} and _are_texts(kinds)
    title, unit = name_and_unit(path_end if form in {Form.JSON, Form.JSON_SERIES} else name)
    stamps = [kind for kind in kinds if pa.types.is_timestamp(kind)]
    return Column(
        name,
        title,
        unit,
        texts,
        zoned=bool(stamps) and all(kind.tz is not None for kind in stamps),
        instants=bool(stamps) and any(kind.tz is None for kind in stamps),
        label=is_tag,
        typed=bool(kinds) and not _are_texts(kinds),
    )


def _are_texts(kinds: list[pa.DataType]) -> bool:
    plain = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds]
    return any(pa.types.is_string(kind) or pa.types.is_large_string(kind) for kind in plain)


def _texts(piece: pa.Array) -> list[str]:
    if pa.types.is_dictionary(piece.type):
        piece = piece.dictionary_decode()
    if pa.types.is_null(piece.type):
        return [""] * len(piece)
    texts: list[str] = piece.cast(pa.string()).fill_null("").to_pylist()
    return [text.strip() for text in texts]

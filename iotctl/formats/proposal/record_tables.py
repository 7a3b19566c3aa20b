"""The records of JSON, line protocol, Parquet and the like as a table: those that their reader gives first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa

from iotctl.formats.layouts.layout import Form, Layout, TimeLayout
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.proposal.table import Column, Table
from iotctl.formats.proposal.units import name_and_unit
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile, Records
from iotctl.model import Position, StoredFile

_MOST_RECORDS = 100_000
_BLOCK_BYTES = 4 * 1024 * 1024

# Of an answer of InfluxDB: where its rows come from, and no measurement.
_OF_THE_ANSWER = frozenset({"", "column 1", "result", "table"})


def read_record_table(file: StoredFile, open_at: OpenAt, form: Form, records: str) -> tuple[Table, bool]:
    """The first records of a file as a table, and whether they are all. Raises FileError where there are none."""
    layout = Layout(time=TimeLayout(()), form=form, records=records, sensor="", other_values=True)
    options = ReadOptions(settle_seconds=0, block_bytes=_BLOCK_BYTES)
    found: list[Records] = []
    complete = True
    for some in read_records(RecordFile(file, open_at, layout, options, Position())):
        found.append(some)
        if sum(len(one.line) for one in found) >= _MOST_RECORDS:
            complete = False
            break
    names = list(dict.fromkeys(name for some in found for name in some.columns))
    if form is Form.INFLUX_CSV:
        names = [name for name in names if name not in _OF_THE_ANSWER]
    titles = Counter(_last(name) for name in names)
    columns = [
        _column(name, _last(name) if titles[_last(name)] == 1 else name, form, list(_pieces(name, found)))
        for name in names
    ]
    return Table(tuple(column for column in columns if column is not None)), complete


def _last(name: str) -> str:
    """The last part of a path such as body.temperature; a blank or digits behind a point belong to a name."""
    head, point, tail = name.rpartition(".")
    return tail if point and head and tail and not tail[0].isdigit() and " " not in name else name


def _pieces(name: str, found: list[Records]) -> Iterator[pa.Array]:
    for some in found:
        column = some.columns.get(name)
        yield pa.nulls(len(some.line)) if column is None else column


def _column(name: str, path_end: str, form: Form, pieces: list[pa.Array]) -> Column | None:
    """A column; None where it has no single values, such as lists."""
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

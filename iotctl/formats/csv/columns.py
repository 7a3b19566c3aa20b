"""The fast readers: pyarrow reads a block of lines at once, typed or as texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as pa_csv

from iotctl.formats.containers.line_index import Lines
from iotctl.formats.csv.header import Header


class OddBlockError(Exception):
    """The fast reader cannot read a block."""


def read_typed(
    data: bytes, header: Header, types: dict[str, pa.DataType], point: str, nulls: Sequence[str] = ()
) -> dict[str, pa.Array]:
    """The columns of plain lines, an entry per line. Raises OddBlockError if a line is blank, has another number of
    fields, or a text that is not a value.

    types: of the wanted columns. point: the decimal sign. nulls: texts that mean no value.
    """
    try:
        parse = pa_csv.ParseOptions(delimiter=header.delimiter, ignore_empty_lines=False)
        return _read(data, header, types, parse, point, nulls)
    except pa.ArrowInvalid as error:
        raise OddBlockError from error


@dataclass(frozen=True, slots=True)
class TextColumns:
    """texts: wanted column -> (n,) texts. at: (n,), their lines. others: lines that do not have all columns."""

    texts: dict[str, pa.Array]
    at: NDArray[np.intp]
    others: NDArray[np.intp]


def read_texts(lines: Lines, header: Header, types: dict[str, pa.DataType], chosen: NDArray[np.bool_]) -> TextColumns:
    """The wanted columns of the chosen lines. Only the content of their fields may be odd.

    types: of the columns. chosen: bool (n,), one per line.
    """
    wrong_width: list[int] = []

    def skip(row: pa_csv.InvalidRow) -> str:
        wrong_width.append(row.number - 1)
        return "skip"

    at = np.flatnonzero(chosen)
    if not len(at):
        return TextColumns({}, at, at)
    parse = pa_csv.ParseOptions(delimiter=header.delimiter, invalid_row_handler=skip)
    texts = _read(lines.only(chosen), header, types, parse, ".")
    return TextColumns(texts, np.delete(at, wrong_width), at[wrong_width])


def numbers(column: pa.Array) -> NDArray[Any]:
    """A column of numbers without nulls, without a copy; to_numpy() would import pandas if it is installed."""
    return np.from_dlpack(column)


def _read(
    data: bytes,
    header: Header,
    types: dict[str, pa.DataType],
    parse: pa_csv.ParseOptions,
    point: str,
    nulls: Sequence[str] = (),
) -> dict[str, pa.Array]:
    names = [str(number) for number in range(header.width)]
    wanted = {column: names[header.at[column]] for column in types}
    table = pa_csv.read_csv(
        pa.BufferReader(data),
        # One thread: the workers run in parallel, and pyarrow releases the GIL.
        pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
        parse,
        pa_csv.ConvertOptions(
            column_types={wanted[column]: kind for column, kind in types.items()},
            include_columns=list(wanted.values()),
            null_values=list(nulls),
            decimal_point=point,
            check_utf8=False,  # the caller has checked
        ),
    )
    return {column: _one(table.column(name).combine_chunks()) for column, name in wanted.items()}


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column

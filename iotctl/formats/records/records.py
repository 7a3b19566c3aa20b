"""Records of a file as columns: the result of each record form, and the input for layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.bad_rows import BadRows
from iotctl.formats.batches import FileLines
from iotctl.formats.layouts.layout import Layout
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.model import Position, StoredFile

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file to be read as records. start: where to begin: the beginning, or the end of earlier Records."""

    file: StoredFile
    open_at: OpenAt
    layout: Layout
    options: ReadOptions
    start: Position


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one stretch of a file, in file order.

    columns: field -> (n,), texts or values of any type of pyarrow; null if a record does not have it. They include
    fields of the layout's preamble. line: int64 (n,), of each record, from 1; ascending, but not strictly (a line can
    hold many records). bad: lines that are not records. lines: texts and offsets of all lines. end: the offset after
    the stretch, where reading can go on; next_line: the number of the line there.
    """

    columns: Mapping[str, pa.Array]
    line: NDArray[np.int64]
    bad: BadRows
    lines: FileLines
    end: int
    next_line: int


def choose_fields(columns: Mapping[str, pa.Array], layout: Layout, count: int) -> dict[str, pa.Array]:
    """The columns that a layout needs, for count records. A named field that they do not have is null.

    For forms in which records may have different fields. A column that has numbers and texts, and may be a value that
    the layout does not name, is large_string.
    """
    named = {name: columns[name] if name in columns else pa.nulls(count) for name in layout.named_fields()}
    named = {
        name: column.cast(pa.string()) if pa.types.is_large_string(column.type) else column
        for name, column in named.items()
    }
    return {**columns, **named} if layout.other_values else named


def constant_column(text: str, count: int) -> pa.Array:
    """A field with the same text in count records."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([text]))


def check_fields(columns: Sequence[str], layout: Layout, where: str) -> None:
    """Raise FileError if a table lacks a column that its layout needs."""
    values = [value for value in layout.values if value.field in columns]
    needed = replace(layout, values=tuple(values)).other_fields()
    missing = [name for name in needed if name not in columns and not layout.is_given(name)]
    if not missing and layout.values and not values and not layout.other_values:
        missing = [layout.values[0].field]
    if missing:
        names = ", ".join(columns[:_SHOWN]) + (" ..." if len(columns) > _SHOWN else "")
        raise FileError(
            f"The layout needs a column {missing[0]!r}, which the file does not have.",
            where=where,
            hint=f"The columns are: {names}. See iotctl inspect FILE.",
        )


# A record form. Raises FileError with line and field if the file does not have this form, what open_at raises, and
# UnfinishedFileError, after the last records, if a last line may still be being written.
ReadRecords = Callable[[RecordFile], Iterator[Records]]

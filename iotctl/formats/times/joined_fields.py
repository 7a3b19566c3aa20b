"""Several fields as one text: date and time, date and hour."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from iotctl.formats.times.typed_times import printed


def join_fields(columns: Sequence[pa.Array]) -> pa.Array:
    """The fields of each record as one text, with a blank between them; null if one of them is null.

    columns: of texts or any other type, at least one; a single column is returned as it is. Dates and numbers become
    their printed texts, whole numbers without decimals. A timestamp at midnight becomes a date if another field has the
    time.
    """
    if len(columns) == 1:
        return columns[0]
    return pc.binary_join_element_wise(*(_texts(column) for column in columns), " ")


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return _texts(column.dictionary).take(column.indices)
    texts = printed(column)
    if texts is not None:
        return texts
    if pa.types.is_timestamp(column.type):
        column = _without_midnight(column)
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # lists, records: no text, and no time
        return pa.nulls(len(column), pa.string())


def _without_midnight(column: pa.Array) -> pa.Array:
    """Days, if all timestamps are at midnight, like dates in Excel; else the column as it is."""
    days = pc.floor_temporal(column, unit="day")
    if column.type.tz is None and pc.all(pc.equal(days, column)).as_py():
        return column.cast(pa.date32())
    return column

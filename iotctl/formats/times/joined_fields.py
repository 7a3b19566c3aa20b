"""Several fields as one text: date and time, date and hour."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def join_fields(columns: Sequence[pa.Array]) -> pa.Array:
    """The fields of each record as one text, with a blank between them; null where one of them is null.

    columns: of texts or of any other type, at least one; a single one is given back as it is. Dates and numbers become
    the texts that they are printed as, whole numbers without decimals.
    """
    if len(columns) == 1:
        return columns[0]
    return pc.binary_join_element_wise(*(column.cast(pa.string()) for column in columns), " ")

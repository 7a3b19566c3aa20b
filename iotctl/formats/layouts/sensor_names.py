"""What the sensors of a layout are called: texts with fields of the record, of the path, and the value's own name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.containers.suffixes import unpacked
from iotctl.formats.layouts.layout import BRACES, FIELD, FILE_FOLDER, FILE_NAME, FILE_STEM, Layout, ValueLayout
from iotctl.formats.rows import NamedSensors

# Stands for {field} while the sensors of a record's values differ by it alone; no name has it.
_PLACE = "\x00"


class SensorNames:
    """Numbers the sensors of one file."""

    def __init__(self, layout: Layout, sensors: NamedSensors) -> None:
        self._pattern = layout.sensor
        self._sensors = sensors
        self._numbers: dict[tuple[str, str], int] = {}  # (record's part of a name, value's name) -> sensor

    def of_records(self, columns: Mapping[str, pa.Array], count: int) -> tuple[list[str], NDArray[np.int32]]:
        """The distinct parts of sensors' names that records give, and which of them each has; -1 for none."""
        parts: list[pa.Array | str] = []
        at = 0
        for match in BRACES.finditer(self._pattern):
            parts.append(self._pattern[at : match.start()])
            name = match[1]
            parts.append(_PLACE if name == FIELD else _plain(columns[name]))
            at = match.end()
        parts.append(self._pattern[at:])
        if all(isinstance(part, str) for part in parts):
            return ["".join(str(part) for part in parts)], np.zeros(count, dtype=np.int32)
        texts = pc.binary_join_element_wise(*parts, "")
        encoded = texts.dictionary_encode()
        found: NDArray[np.int32] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return encoded.dictionary.to_pylist(), found

    def numbers(self, record_names: Sequence[str], values: Sequence[ValueLayout]) -> NDArray[np.int32]:
        """(names, values): the sensor of each value of a record with each of some names."""
        numbers = np.empty((max(len(record_names), 1), len(values)), dtype=np.int32)
        for row, record_name in enumerate(record_names):
            for place, value in enumerate(values):
                name = value.name or value.field
                known = self._numbers.get((record_name, name))
                if known is None:
                    known = self._sensors.number(record_name.replace(_PLACE, name), value.unit)
                    self._numbers[record_name, name] = known
                numbers[row, place] = known
        return numbers


def given_by_path(layout: Layout, where: str) -> dict[str, str]:
    """The fields that a file's path gives. Raises FileError where it lacks one."""
    path = unpacked(where)
    given = {FILE_NAME: path.name, FILE_STEM: path.stem, FILE_FOLDER: path.parent.name}
    for field, pattern in layout.path.items():
        match = re.search(pattern, where)
        if match is None or not match[1]:
            raise FileError(
                f"The path does not have the layout's {field!r}.",
                where=where,
                hint=f"It is looked for by the regular expression {pattern!r} ([path]).",
            )
        given[field] = match[1]
    return given


def _plain(column: pa.Array) -> pa.Array:
    """Parts of names: texts without blanks around, null where there is none; whole numbers without decimals."""
    texts = column.cast(pa.string())
    if pa.types.is_floating(column.type):
        rounded = pc.if_else(pc.is_finite(column), pc.round(column), pa.scalar(None, column.type))
        is_whole = pc.fill_null(pc.and_(pc.equal(column, rounded), pc.less(pc.abs(column), 2.0**53)), False)
        whole = pc.if_else(is_whole, rounded, pa.scalar(None, column.type)).cast(pa.int64()).cast(pa.string())
        texts = pc.if_else(is_whole, whole, texts)
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)

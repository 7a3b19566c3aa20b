"""The names of sensors by a layout: from fields of the record, of the path, and the name of the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.containers.suffixes import unpacked
from iotctl.formats.layouts.layout import BRACES, FIELD, FILE_FOLDER, FILE_NAME, FILE_STEM, Layout, ValueLayout
from iotctl.formats.rows import NamedSensors
from iotctl.sensor_ids import normal_name

# Separates the parts of a name until they are joined; no name contains it. The part for {field} is empty until then.
_BETWEEN = "\x00"


class SensorNames:
    """Numbers the sensors of one file. where: its name. note: gets messages for people."""

    def __init__(self, layout: Layout, sensors: NamedSensors, where: str, note: Callable[[str], None]) -> None:
        self._where = where
        self._pattern = layout.sensor
        self._sensors = sensors
        self._note = note
        self._numbers: dict[
            tuple[str, str, str | None], int
        ] = {}  # the part of the record, field and name of the value
        self._sources: dict[int, tuple[str, ...]] = {}  # sensor -> the fields of its name, as they are written
        self._is_noted = False
        self._is_unit_noted = False
        # The fields of units come after the parts of the name: unit and sensor of a reading are found together.
        self._unit_fields = tuple(dict.fromkeys(value.unit_field for value in layout.values if value.unit_field))
        # Alternates: a text of the pattern, the name of a field, ..., a text.
        self._parts = BRACES.split(self._pattern)

    def of_records(self, columns: Mapping[str, pa.Array], count: int) -> tuple[list[str], NDArray[np.int32]]:
        """The distinct parts of names, and units, that come from records, and the index of each record; -1 for none."""
        parts: list[pa.Array | str] = []
        for at, part in enumerate(self._parts):
            if at % 2 == 0:
                parts.append(part)
            else:
                parts.append("" if part == FIELD else _plain(columns[part]))
        parts += [pc.fill_null(_plain(columns[name]), "") if name in columns else "" for name in self._unit_fields]
        if all(isinstance(part, str) for part in parts):
            return [_BETWEEN.join(map(str, parts))], np.zeros(count, dtype=np.int32)
        texts = pc.binary_join_element_wise(*parts, _BETWEEN)
        encoded = texts.dictionary_encode()
        found: NDArray[np.int32] = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
        return encoded.dictionary.to_pylist(), found

    def numbers(self, record_names: Sequence[str], values: Sequence[ValueLayout]) -> NDArray[np.int32]:
        """(names, values): the number of the sensor, for each part of a name and each value."""
        numbers = np.empty((max(len(record_names), 1), len(values)), dtype=np.int32)
        for row, record_name in enumerate(record_names):
            for place, value in enumerate(values):
                key = record_name, value.field, value.name
                known = self._numbers.get(key)
                if known is None:
                    known = self._numbers[key] = self._number(record_name, value)
                numbers[row, place] = known
        return numbers

    def _number(self, record_name: str, value: ValueLayout) -> int:
        written = record_name.split(_BETWEEN)
        units = dict(zip(self._unit_fields, written[len(self._parts) :], strict=True))
        written = written[: len(self._parts)]
        unit = units.get(value.unit_field or "") or value.unit
        parts = [
            (value.name or value.field) if at % 2 and self._parts[at] == FIELD else part
            for at, part in enumerate(written)
        ]
        name = "".join(parts)
        try:
            number = self._sensors.number(name, unit)
        except ValueError:
            raise FileError(
                f"The field {value.field!r} would be a sensor without a name.",
                where=self._where,
                hint="Give it a name under [[values]], or leave it out: ignored = [...]",
            ) from None
        if unit and not self._is_unit_noted and (first := self._sensors.unit(number)) != unit:
            self._is_unit_noted = True
            self._note(f"{name} has readings in {first} and in {unit}; values are kept as they are")
        # Texts of a field may differ in accents, or in the form of a UUID, and still be one sensor. If two columns are
        # one sensor, or two pairs of fields give one name, the layout is probably wrong.
        source = (value.field, *(map(normal_name, parts[1::2]) if len(parts) > 3 else ()))
        if self._sources.setdefault(number, source) != source and not self._is_noted:
            self._is_noted = True
            shown = ascii if len(set(map(normal_name, (*self._sources[number], *source)))) == 1 else repr
            one, other = (" and ".join(map(shown, dict.fromkeys(found))) for found in (self._sources[number], source))
            self._note(f"{one}, and {other}, are both the sensor {name!r} by the layout's pattern {self._pattern!r}")
        return number


def given_by_path(layout: Layout, where: str) -> dict[str, str]:
    """The [path] fields of a layout, from the file's path. Raises FileError if one is missing."""
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
    """Parts of names as texts without blanks around them, null if empty; whole numbers without decimals."""
    texts = column.cast(pa.string())
    if pa.types.is_floating(column.type):
        rounded = pc.if_else(pc.is_finite(column), pc.round(column), pa.scalar(None, column.type))
        is_whole = pc.fill_null(pc.and_(pc.equal(column, rounded), pc.less(pc.abs(column), 2.0**53)), False)
        whole = pc.if_else(is_whole, rounded, pa.scalar(None, column.type)).cast(pa.int64()).cast(pa.string())
        texts = pc.if_else(is_whole, whole, texts)
    texts = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)

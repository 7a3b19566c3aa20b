"""Records to readings by a layout: one reading for each value of each record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.errors import FileError
from iotctl.formats.bad_rows import BadRows, bad_rows, code_of, joined_bad_rows
from iotctl.formats.batches import BatchBuilder
from iotctl.formats.layouts.layout import Form, Layout, ValueLayout
from iotctl.formats.layouts.sensor_names import SensorNames, given_by_path
from iotctl.formats.numbers.cells import CellReader
from iotctl.formats.options import ReadOptions
from iotctl.formats.records.records import Records, constant_column
from iotctl.formats.rows import NamedSensors, Rows, joined
from iotctl.formats.times.formats import time_grammar
from iotctl.formats.times.iso import Times
from iotctl.formats.times.joined_fields import join_fields
from iotctl.formats.times.zone_names import with_zones
from iotctl.model import EARLIEST, LATEST, RejectReason

Scalar = TypeVar("Scalar", bound=np.generic)

_GOOD, _ABSENT = -1, -2
_SHOWN = 80
# In these forms, records have only the fields that they need. An absent field is not a missing value.
_SPARSE = {Form.JSON, Form.LINE_PROTOCOL, Form.INFLUX_CSV}
_MISSING, _QUALITY, _VALUE, _NOT_FINITE, _TIME, _TIME_RANGE, _SENSOR = map(
    code_of,
    (
        RejectReason.MISSING,
        RejectReason.QUALITY,
        RejectReason.VALUE,
        RejectReason.NOT_FINITE,
        RejectReason.TIME,
        RejectReason.TIME_RANGE,
        RejectReason.SENSOR,
    ),
)


class LayoutReader:
    """Makes readings from the records of one file. The sensors of builder must be NamedSensors."""

    def __init__(self, layout: Layout, where: str, builder: BatchBuilder, options: ReadOptions) -> None:
        self._layout = layout
        self._where = where
        self._builder = builder
        self._options = options
        assert isinstance(builder.sensors, NamedSensors)
        self._sensors = builder.sensors
        self._given = given_by_path(layout, where)
        self._values: list[ValueLayout] = list(layout.values)
        self._cells = [CellReader(value, layout.text, layout.missing) for value in self._values]
        self._names = SensorNames(layout, self._sensors, where, builder.note)
        self._absent: set[str] = set()
        self._explained = False
        try:
            time = layout.time
            decimal = layout.text.decimal
            self._grammar = time_grammar(
                time.format, decimal=decimal, interval_end=time.interval_end, timezone=time.timezone
            )
            self._since = time_grammar(time.since_format, decimal=decimal) if time.since else None
        except ValueError as error:
            raise FileError(
                f"The layout's time format cannot be used: {error}.",
                where=layout.name or where,
                hint="docs/reference/time-formats.md describes formats. See also: iotctl inspect FILE",
            ) from None

    def read(self, records: Records) -> tuple[Rows, BadRows]:
        """The readings of some records, in order of records and of values within them; and the bad rows.

        If time or sensor of a record cannot be read, the record is one bad row; else each value is a row, good or bad.
        """
        columns = dict(records.columns)
        count = len(records.line)
        columns |= {name: constant_column(text, count) for name, text in self._given.items()}
        if self._layout.other_values:
            self._add_values(columns)
        values = self._present(columns)
        if not count or not values:
            # A record without any value counts as one missing value.
            nothing = bad_rows(records.line, RejectReason.MISSING)
            return joined([]), joined_bad_rows([records.bad, nothing])
        named = [self._values[number] for number in values]
        state = np.full((count, len(values)), _GOOD, dtype=np.int8)
        value = np.empty((count, len(values)))
        for at, number in enumerate(values):
            self._read_cells(columns, number, value[:, at], state[:, at])
        times = self._times(columns, self._layout.time.fields)
        record_state = _time_state(times)
        for name in self._layout.sensor_record_fields():
            self._column(columns, name)  # raises if it does not exist
        record_names, record_at = self._names.of_records(columns, count)
        # A record without time and values is a blank line of the program that wrote it.
        empty = (state == _MISSING).all(axis=1)
        time, naive = _for_values(times.time, len(values)), _for_values(times.naive, len(values))
        if any(one.time for one in named):
            time, naive, own_state = self._own_times(columns, named, times)
            state = np.where((state == _MISSING) | (own_state == _GOOD), state, own_state)
            record_state[:] = _GOOD  # each value is judged by its own time
        record_state[empty & (record_state != _GOOD)] = _MISSING
        record_state[record_at < 0] = np.where(empty, _MISSING, _SENSOR)[record_at < 0]
        if self._layout.form in _SPARSE:
            record_state[empty] = _MISSING
            state[state == _MISSING] = _ABSENT
        self._explain(columns, records.line, record_state, state, values)
        good = record_state == _GOOD
        bad = [records.bad, self._bad_records(records, record_state)]
        line = records.line
        if not good.all():
            line, value, state, record_at = line[good], value[good], state[good], record_at[good]
            time, naive = time[good], naive[good]
        sensor = self._names.numbers(record_names, named)[record_at]
        kept = state == _GOOD
        if kept.all():
            rows = Rows(np.repeat(line, len(values)), sensor.ravel(), time.ravel(), naive.ravel(), value.ravel())
        else:
            row, place = np.nonzero(kept)
            rows = Rows(line[row], sensor[row, place], time[row, place], naive[row, place], value[row, place])
            bad.append(self._bad_cells(line, state, values))
        return rows, joined_bad_rows(bad)

    def _own_times(
        self, columns: dict[str, pa.Array], named: Sequence[ValueLayout], shared: Times
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int8]]:
        """For values with times of their own: time and naive as in Times, and the state; all (records, values)."""
        found = [self._times(columns, value.time) if value.time else shared for value in named]
        return (
            np.stack([times.time for times in found], axis=1),
            np.stack([times.naive for times in found], axis=1),
            np.stack([_time_state(times) for times in found], axis=1),
        )

    def _explain(
        self,
        columns: dict[str, pa.Array],
        line: NDArray[np.int64],
        record_state: NDArray[np.int8],
        state: NDArray[np.int8],
        values: Sequence[int],
    ) -> None:
        """Add a note with an example if no time, or no value of a field, can be read in the first records."""
        if self._explained:
            return
        self._explained = True
        layout = self._layout
        if (record_state == _TIME).any() and not (record_state == _GOOD).any():
            at = int(np.flatnonzero(record_state == _TIME)[0])
            first = join_fields([self._column(columns, name) for name in layout.time.fields])[at].as_py()
            self._builder.note(
                f"line {line[at]}: {str(first)[:_SHOWN]!r} in {' + '.join(layout.time.fields)} does not fit the format"
                f" {layout.time.format} of the layout"
            )
        for place, number in enumerate(values):
            of_value = state[:, place]
            if (of_value == _VALUE).any() and not (of_value == _GOOD).any():
                row = int(np.flatnonzero(of_value == _VALUE)[0])
                name = self._values[number].field
                text = str(self._column(columns, name)[row].as_py())[:_SHOWN]
                self._builder.note(
                    f"line {line[row]}: {text!r} in {name} is not a number with the layout's decimal sign,"
                    f" {layout.text.decimal}"
                )

    def _read_cells(
        self, columns: dict[str, pa.Array], number: int, value: NDArray[np.float64], state: NDArray[np.int8]
    ) -> None:
        """Read one value of all records into value and state."""
        layout = self._values[number]
        cells = self._cells[number].read(columns[layout.field])
        value[:] = cells.value
        if not self._options.allow_nan:
            state[~np.isfinite(cells.value)] = _NOT_FINITE
        state[cells.odd] = _VALUE
        quality = self._layout.quality
        rated_by = layout.quality or (quality.field if quality else None)
        if quality is not None and rated_by is not None and rated_by in columns:
            rating = pc.utf8_trim_whitespace(self._column(columns, rated_by).cast(pa.string()).fill_null(""))
            state[~pc.is_in(rating, pa.array(quality.good)).to_numpy(zero_copy_only=False)] = _QUALITY
        state[cells.missing] = _MISSING

    def _times(self, columns: dict[str, pa.Array], fields: Sequence[str]) -> Times:
        layout = self._layout.time
        times = self._grammar.read(join_fields([self._column(columns, name) for name in fields]))
        if self._since is not None:
            since = self._since.read(join_fields([self._column(columns, name) for name in layout.since]))
            times = Times(times.time + since.time, since.naive, times.odd | since.odd)
        if layout.timezone_field:
            times = with_zones(times, self._column(columns, layout.timezone_field).cast(pa.string()), layout.timezone)
        return times

    def _column(self, columns: dict[str, pa.Array], name: str) -> pa.Array:
        if name not in columns:
            raise FileError(
                f"The layout needs a field {name!r}, which the file does not have.",
                where=self._where,
                hint=f"The fields are: {', '.join(list(columns)[:12])}. See iotctl inspect FILE.",
            )
        column = columns[name]
        return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column

    def _present(self, columns: dict[str, pa.Array]) -> list[int]:
        """The numbers of the values with an existing field. The others get a note."""
        present = []
        for number, value in enumerate(self._values):
            if value.field in columns:
                present.append(number)
            elif value.field not in self._absent and self._layout.form in {Form.CSV, Form.XLSX, Form.PARQUET}:
                self._absent.add(value.field)
                self._builder.note(f"there is no column {value.field!r}, which is a value in the layout")
        return present

    def _add_values(self, columns: dict[str, pa.Array]) -> None:
        """Add the fields that are values, but that the layout does not name."""
        layout = self._layout
        other = {*layout.other_fields(), *layout.preamble, *self._given, *(value.field for value in self._values)}
        for name, column in columns.items():
            if (
                name not in other
                and not layout.ignores(name)
                and _may_be_value(column, is_text=layout.form in {Form.CSV, Form.XLSX})
            ):
                value = ValueLayout(name)
                self._values.append(value)
                self._cells.append(CellReader(value, layout.text, layout.missing))

    def _bad_records(self, records: Records, state: NDArray[np.int8]) -> BadRows:
        at: NDArray[np.intp] = np.flatnonzero(state != _GOOD)
        field = np.full(len(at), -1, dtype=np.int16)
        by_time = np.isin(state[at], (_TIME, _TIME_RANGE))
        if by_time.any():
            field[by_time] = self._builder.field(" ".join(self._layout.time.fields))
        return BadRows(records.line[at], state[at], field)

    def _bad_cells(self, line: NDArray[np.int64], state: NDArray[np.int8], values: Sequence[int]) -> BadRows:
        row, place = np.nonzero((state != _GOOD) & (state != _ABSENT))
        fields = np.array([self._builder.field(self._values[number].field) for number in values], dtype=np.int16)
        return BadRows(line[row], state[row, place], fields[place])


def _for_values(of_record: NDArray[Scalar], values: int) -> NDArray[Scalar]:
    """(records, values): the entry of each record, repeated for each of its values, without a copy."""
    return np.broadcast_to(of_record[:, np.newaxis], (len(of_record), values))


def _time_state(times: Times) -> NDArray[np.int8]:
    state = np.full(len(times.time), _GOOD, dtype=np.int8)
    state[(times.time < EARLIEST) | (times.time >= LATEST)] = _TIME_RANGE
    state[times.odd] = _TIME
    return state


def _may_be_value(column: pa.Array, *, is_text: bool) -> bool:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind):
        return is_text
    if pa.types.is_large_string(kind):  # numbers among texts, see choose_fields
        return True
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))

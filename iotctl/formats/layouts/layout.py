"""A layout: how the records of a file become readings. A layout file (TOML) has the same names for the same things."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

# Fields of a pattern such as {device}.{field}.
BRACES = re.compile(r"\{([^{}]+)\}")

# A sensor's name may also contain parts of the file's path, and the name of the value.
FIELD = "field"
FILE_STEM, FILE_NAME, FILE_FOLDER = "file.stem", "file.name", "file.folder"
_NOT_IN_RECORDS = {FIELD, FILE_STEM, FILE_NAME, FILE_FOLDER}

# As a delimiter: any number of blanks and tabs.
BLANKS = "blanks"

ISO = "iso"

_SHOWN = 3

# A layout file with another key is an error.
_STRICT = {"extra": "forbid"}


class Form(StrEnum):
    """The record form of a file."""

    CSV = "csv"  # lines of fields, with any delimiter
    JSON = "json"  # an object a line, or one array of objects
    JSON_SERIES = "json-series"  # {"metric": {...}, "values": [...], "timestamps": [...]} a line: VictoriaMetrics
    LINE_PROTOCOL = "line-protocol"  # InfluxDB
    INFLUX_CSV = "influx-csv"  # annotated CSV of InfluxDB
    PARQUET = "parquet"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class TextLayout:
    """How lines of fields are written. Rows of a workbook are lines, too; other forms use only decimal and thousands.

    delimiter: one character, or "blanks" for any number of blanks and tabs. decimal: "." or ",". thousands: the
    character between groups of digits, if there is one. skip_lines: number of lines before the header, or before the
    first row if there is no header. skip_until: a regular expression; the header is the first line that it matches.
    comment: lines that begin with it are skipped. columns: their names, if there is no header line.
    below_header: number of lines under the header that are not rows (units, types). short_rows: cells that a row lacks
    at its end are missing values.
    """

    __pydantic_config__ = _STRICT

    encoding: str = "utf-8"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    skip_lines: int = 0
    skip_until: str = ""
    comment: str = ""
    header: bool = True
    columns: tuple[str, ...] = ()
    below_header: int = 0
    short_rows: bool = False


@dataclass(frozen=True, slots=True)
class TimeLayout:
    """The fields of the time, and their format.

    fields: read as one text, with a blank between them. format: iso, epoch-s, epoch-ms, epoch-us, epoch-ns, excel,
    matlab, elapsed-s, elapsed-ms, or one of strptime, such as "%d.%m.%Y %H:%M" (docs: Times in a layout). timezone: of
    times without one; None for that of the command. timezone_field: the field that names the zone. interval_end:
    a text such as "10:00 - 10:15" is read as its end, not as its start. since: fields of the moment from which an
    elapsed time counts; since_format: their format.
    """

    __pydantic_config__ = _STRICT

    fields: tuple[str, ...]
    format: str = ISO
    timezone: str | None = None
    timezone_field: str | None = None
    interval_end: bool = False
    since: tuple[str, ...] = ()
    since_format: str = ISO


@dataclass(frozen=True, slots=True)
class ValueLayout:
    """A field that is a value. A cell may have the unit after its number.

    name: replaces {field} in the sensor's name; None for the name of the field. unit: of its readings; unit_field: the
    field with the unit of each reading, which goes before unit. scale: the printed number times this is the value.
    part: only this part of the cell, from 1; 0 for the whole cell; divided_by: the sign between parts. quality: the
    field that rates this value. time: fields of its own time, in the format of [time].
    """

    __pydantic_config__ = _STRICT

    field: str
    name: str | None = None
    unit: str | None = None
    unit_field: str | None = None
    scale: float = 1.0
    part: int = 0
    divided_by: str = ","
    quality: str | None = None
    time: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QualityLayout:
    """The marks that count as good. Readings of another quality are left out and counted. field: rates all values of a
    record; None if each value has its own."""

    __pydantic_config__ = _STRICT

    good: tuple[str, ...]
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole layout.

    name: for people. files: patterns of file names with this layout; empty for all files. records: for JSON, the path
    of the array with the records, such as "data.rows"; nested fields are named by their path, such as "body.temp".
    sheet: of a workbook; empty for the first. sensor: the sensor's name, with fields in braces; {field} is the name of
    the value, {file.stem}, {file.name} and {file.folder} are parts of the path. other_values: every other field with
    numbers is also a value, except those in ignored, which has names or patterns (* and ?). missing: texts that mean no
    value, besides the empty text. preamble: name of a new field -> a regular expression with a group that finds it in
    the lines before the rows; path: the same in the file's path.
    """

    __pydantic_config__ = _STRICT

    time: TimeLayout
    form: Form = Form.CSV
    name: str = ""
    files: tuple[str, ...] = ()
    records: str = ""
    sheet: str = ""
    sensor: str = "{field}"
    values: tuple[ValueLayout, ...] = ()
    other_values: bool = False
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    quality: QualityLayout | None = None
    text: TextLayout = field(default_factory=TextLayout)
    preamble: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def described(self) -> str:
        """The layout in a line, for people."""
        values = [value.field for value in self.values] + (["all other numbers"] if self.other_values else [])
        shown = ", ".join(values[:_SHOWN]) + (f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else "")
        zone = f" ({self.time.timezone})" if self.time.timezone else ""
        return f"{self.form}: time {' + '.join(self.time.fields)}{zone}, sensor {self.sensor}, values {shown}"

    def sensor_fields(self) -> tuple[str, ...]:
        """The fields in a sensor's name, in their order, {field} and those of the path among them."""
        return tuple(BRACES.findall(self.sensor))

    def sensor_record_fields(self) -> tuple[str, ...]:
        """The fields of a record in a sensor's name."""
        return tuple(name for name in self.sensor_fields() if name not in _NOT_IN_RECORDS and not self.is_given(name))

    def as_written(self) -> frozenset[str]:
        """The fields with numbers that are read as texts, because 1.0 differs from 1 there: names and quality."""
        quality = [self.quality and self.quality.field, *(value.quality for value in self.values)]
        return frozenset((*self.sensor_fields(), *(name for name in quality if name)))

    def named_values(self) -> frozenset[str]:
        """The fields that the layout uses only as values."""
        return frozenset(value.field for value in self.values) - frozenset(self.other_fields())

    def ignores(self, name: str) -> bool:
        """Whether other_values leaves a field out."""
        return name in self.ignored or any(fnmatchcase(name, pattern) for pattern in self.ignored)

    def is_given(self, name: str) -> bool:
        """Whether a field comes from the preamble or the path, and not from the records."""
        return name in self.preamble or name in self.path

    def record_fields(self) -> tuple[str, ...] | None:
        """The fields to read from records, without repeats; None for all."""
        return None if self.other_values else self.named_fields()

    def named_fields(self) -> tuple[str, ...]:
        """The fields of a record that the layout names, each once."""
        found = [*self.other_fields(), *(value.field for value in self.values)]
        return tuple(dict.fromkeys(name for name in found if not self.is_given(name)))

    def other_fields(self) -> tuple[str, ...]:
        """The fields of a record that give time, sensor and quality of a value. They are read as texts: 01 is another
        sensor than 1."""
        found = [*self.time.fields, *self.time.since, *self.sensor_record_fields()]
        found += [name for value in self.values for name in (value.unit_field, value.quality, *value.time) if name]
        found += [name for name in (self.time.timezone_field, self.quality and self.quality.field) if name]
        return tuple(dict.fromkeys(found))


# Stands for the layout that is found for each file (--layout auto).
AUTO = Layout(time=TimeLayout(()), name="auto")

# The default layout. Its files have their own reader, which also accepts other spellings.
STANDARD = Layout(
    name="standard",
    time=TimeLayout(("timestamp",)),
    sensor="{sensor_uuid}",
    values=(ValueLayout("sensor_value"),),
    text=TextLayout(delimiter=";"),
)

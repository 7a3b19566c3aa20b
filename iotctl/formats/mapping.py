"""Reads the mapping: names, units, limits and labels of sensors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.csv.header import WantedColumns
from iotctl.formats.csv.split import is_text
from iotctl.formats.numbers.decimals import DecimalJudge, Decimals
from iotctl.formats.numbers.values import parse_value
from iotctl.formats.options import OpenAt
from iotctl.formats.rows import parse_uuid
from iotctl.formats.small_tables import TableRow, read_table_rows
from iotctl.model import RejectReason, StoredFile
from iotctl.sensor_ids import derived_uuid, normal_name

_UUID, _ID, _NAME, _UNIT, _LOW, _HIGH = "sensor_uuid", "sensor_id", "sensor_name", "unit", "low", "high"
_MEASURES = {_UNIT, _LOW, _HIGH}
_SAID = _MEASURES | {"site", "asset"}  # a mapping has names, or one of these columns
_MAPPING = WantedColumns(
    needed=((_UUID, _ID, "sensor"),),
    optional=((_ID, "sensor"), (_NAME, "name"), *((column,) for column in (_UNIT, _LOW, _HIGH, "site", "asset"))),
    others=True,
)

# Looks like a UUID: it has dashes in the right places.
_NEARLY_UUID = re.compile(
    r"\{?[0-9a-z]{7,9}-[0-9a-z]{3,5}-[0-9a-z]{3,5}-[0-9a-z]{3,5}-[0-9a-z]{11,13}\}?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A row of the mapping. uuid: canonical text. line: its number.

    text_id: the name of the sensor in files, if that is not a UUID. name: None if the file has no column of names. An
    empty cell is None, or not among the labels.
    """

    uuid: str
    line: int
    text_id: str | None = None
    name: str | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


_PROBLEMS = {
    RejectReason.FIELDS: "fields: it has more or fewer than the header has columns",
    RejectReason.ENCODING: "encoding: it is not UTF-8",
    RejectReason.QUOTE: "quote: a quote has no end",
    RejectReason.TOO_LONG: "too_long: it is longer than a line may be",
}


@dataclass(frozen=True, slots=True)
class BadMappingRow:
    """A row that cannot be read, and why; the text begins with a reason or a field."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class MappingTable:
    """The rows of a mapping file, and its bad rows.

    columns: unit, low, high and labels, if the file has them; without a column, old values stay.
    unreadable_labels: number of labels that are left out because they are not UTF-8.
    """

    rows: tuple[MappingRow, ...]
    bad: tuple[BadMappingRow, ...]
    columns: frozenset[str]
    unreadable_labels: int


def read_mapping(file: StoredFile, open_at: OpenAt) -> MappingTable:
    """The mapping file, in text or Parquet: a column sensor_uuid, sensor_id or sensor, and any of sensor_name, unit,
    low, high; all others are labels.

    Raises FileError if a column is missing, and what open_at raises.
    """
    records = list(read_table_rows(file, open_at, _MAPPING))
    good = [record for record in records if record.reason is None]
    bad = [
        BadMappingRow(record.line, _PROBLEMS.get(record.reason, record.reason.value))
        for record in records
        if record.reason is not None
    ]
    columns = _columns(good)
    if good and _NAME not in good[0].fields and not columns & _SAID:
        raise FileError(
            "Column sensor_name not found in the header.",
            where=file.uri,
            hint="A mapping has sensor_uuid (or sensor_id) and one of sensor_name, unit, low, high, site, asset. "
            "Readings are loaded by: iotctl ingest",
        )
    decimals = _decimals([record.fields[column] for record in good for column in columns & {_LOW, _HIGH}])
    rows = []
    for record in good:
        try:
            rows.append(_row(record, columns, decimals))
        except _BadCellError as error:
            bad.append(BadMappingRow(record.line, str(error)))
    if not _has_ids(good) and any(row.text_id is None for row in rows):
        # In a column of UUIDs, another text is a mistake, and not the name of a sensor.
        bad += [BadMappingRow(row.line, f"{RejectReason.SENSOR}: not a UUID") for row in rows if row.text_id]
        rows = [row for row in rows if not row.text_id]
    unreadable = sum(not is_text(record.fields[label]) for record in good for label in columns - _MEASURES)
    return MappingTable(tuple(rows), tuple(sorted(bad, key=lambda one: one.line)), columns, unreadable)


class _BadCellError(Exception):
    """The reason why a row cannot be used."""


def _columns(records: Sequence[TableRow]) -> frozenset[str]:
    """The columns of the file, in its first row, without UUID, text id and name."""
    return frozenset(records[0].fields) - {_UUID, _ID, _NAME} if records else frozenset()


def _has_ids(records: Sequence[TableRow]) -> bool:
    """Whether the file has a column sensor_id or sensor, which may have texts as well as UUIDs."""
    return all(record.fields.get(_ID) == record.fields[_UUID] for record in records)


def _decimals(texts: Sequence[str]) -> Decimals:
    """Whether limits have decimal points or commas, decided by all of them."""
    judge = DecimalJudge(comma_usual=False)
    column = pa.array([text if is_text(text) else "" for text in texts], pa.string())
    judge.add(judge.kinds(column), column)
    return judge.verdict()


def _row(record: TableRow, columns: frozenset[str], decimals: Decimals) -> MappingRow:
    fields = record.fields
    key, name = normal_name(fields[_UUID]), None
    try:
        uuid, text_id = str(UUID(bytes=parse_uuid(key))), None
    except ValueError:
        if not key or _NEARLY_UUID.fullmatch(key):
            raise _BadCellError(f"{RejectReason.SENSOR}: {key[:80]!r}") from None
        uuid, text_id = str(derived_uuid(key)), key
    if _NAME in fields:
        name = normal_name(fields[_NAME].strip())
        if not name:
            raise _BadCellError(f"{RejectReason.VALUE}: no sensor name")
    low, high = (_limit(column, fields.get(column, ""), decimals) for column in (_LOW, _HIGH))
    if low is not None and high is not None and not low < high:
        raise _BadCellError(f"{RejectReason.VALUE}: low {low:g} is not below high {high:g}")
    labels = {label: normal_name(fields[label]) for label in columns - _MEASURES if is_text(fields[label])}
    return MappingRow(
        uuid=uuid,
        line=record.line,
        text_id=text_id,
        name=name,
        unit=normal_name(fields.get(_UNIT, "")) or None,
        low=low,
        high=high,
        labels={label: text for label, text in sorted(labels.items()) if text},
    )


def _limit(column: str, text: str, decimals: Decimals) -> float | None:
    if not text.strip():
        return None
    number = parse_value(text, decimals)
    if number is None or not math.isfinite(number):
        raise _BadCellError(f"{RejectReason.VALUE}: {column} {text.strip()[:80]!r} is not a number")
    return number

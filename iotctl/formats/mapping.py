"""The mapping: which sensor has which name, unit, limits and labels, as a file has it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pyarrow as pa

from iotctl.errors import FileError
from iotctl.formats.csv.header import Wanted
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
_MAPPING = Wanted(
    needed=((_UUID, _ID, "sensor"),),
    optional=((_ID, "sensor"), (_NAME, "name"), *((column,) for column in (_UNIT, _LOW, _HIGH, "site", "asset"))),
    others=True,
)

# What was meant for a UUID: a text with its dashes where it has them.
_NEARLY_UUID = re.compile(
    r"\{?[0-9a-z]{7,9}-[0-9a-z]{3,5}-[0-9a-z]{3,5}-[0-9a-z]{3,5}-[0-9a-z]{11,13}\}?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class MappingRow:
    """What a row says of a sensor. uuid: canonical text. line: where it stands.

    text_id: what files call the sensor, where that is no UUID. name: None where the file has no column of names. The
    others are None, or not among the labels, where the cell is empty.
    """

    uuid: str
    line: int
    text_id: str | None = None
    name: str | None = None
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadMappingRow:
    """A row that cannot be read, and why, in words that begin with a reason or a field."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class MappingTable:
    """The rows of a mapping file, and those that cannot be read.

    columns: those of unit, low, high and all labels that the file has; what it has no column for is left as it is.
    unreadable_labels: cells of labels that are no UTF-8, and left out.
    """

    rows: tuple[MappingRow, ...]
    bad: tuple[BadMappingRow, ...]
    columns: frozenset[str]
    unreadable_labels: int


def read_mapping(file: StoredFile, open_at: OpenAt) -> MappingTable:
    """The mapping file, in text or Parquet: a column sensor_uuid, sensor_id or sensor, and any of sensor_name, unit,
    low, high; all others are labels.

    Raises FileError where a column is missing, and what open_at raises.
    """
    records = list(read_table_rows(file, open_at, _MAPPING))
    good = [record for record in records if record.reason is None]
    bad = [BadMappingRow(record.line, record.reason.value) for record in records if record.reason is not None]
    columns = _columns(good)
    if good and _NAME not in good[0].fields and not columns & _SAID:
        raise FileError(
            "Column sensor_name not found in the header.",
            where=file.uri,
            hint="Beside sensor_uuid (or sensor_id) needed is one of sensor_name, unit, low, high, site, asset.",
        )
    decimals = _decimals([record.fields[column] for record in good for column in columns & {_LOW, _HIGH}])
    rows = []
    for record in good:
        try:
            rows.append(_row(record, columns, decimals))
        except _BadCellError as error:
            bad.append(BadMappingRow(record.line, str(error)))
    if not _has_ids(good) and any(row.text_id is None for row in rows):
        # A column of UUIDs: a text among them is a slip, and not the name of another sensor.
        bad += [BadMappingRow(row.line, f"{RejectReason.SENSOR}: not a UUID") for row in rows if row.text_id]
        rows = [row for row in rows if not row.text_id]
    unreadable = sum(not is_text(record.fields[label]) for record in good for label in columns - _MEASURES)
    return MappingTable(tuple(rows), tuple(sorted(bad, key=lambda one: one.line)), columns, unreadable)


class _BadCellError(Exception):
    """Why a row says nothing."""


def _columns(records: Sequence[TableRow]) -> frozenset[str]:
    """The columns of the file beside those of UUID, text id and name; as of its first row."""
    return frozenset(records[0].fields) - {_UUID, _ID, _NAME} if records else frozenset()


def _has_ids(records: Sequence[TableRow]) -> bool:
    """Whether sensors stand in a column sensor_id or sensor, which may have texts beside UUIDs."""
    return all(record.fields.get(_ID) == record.fields[_UUID] for record in records)


def _decimals(texts: Sequence[str]) -> Decimals:
    """Whether limits have decimal points or commas, by all of them together."""
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
        raise _BadCellError(f"{RejectReason.VALUE}: {column} {text.strip()[:80]!r} is no number")
    return number

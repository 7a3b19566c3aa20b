"""The mapping of sensor names to UUIDs, as a file has it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from iotctl.formats.csv.header import Wanted
from iotctl.formats.csv.split import BadRow
from iotctl.formats.options import OpenAt
from iotctl.formats.rows import parse_uuid
from iotctl.formats.small_tables import Record, read_records
from iotctl.model import Reject, RejectReason, StoredFile

_MAPPING = Wanted((("sensor_name",), ("sensor_uuid",)))


@dataclass(frozen=True, slots=True)
class MappingRow:
    """A sensor's name and UUID (canonical text), and the line they stand on."""

    name: str
    uuid: str
    line: int


@dataclass(frozen=True, slots=True)
class MappingTable:
    """The rows of a mapping file, and those that cannot be read."""

    rows: tuple[MappingRow, ...]
    rejects: tuple[Reject, ...]


def read_mapping(file: StoredFile, open_at: OpenAt) -> MappingTable:
    """The mapping file: columns sensor_name and sensor_uuid in any order, in text or Parquet.

    Raises FileError where a column is missing, and what open_at raises.
    """
    rows: list[MappingRow] = []
    rejects: list[Reject] = []
    for record in read_records(file, open_at, _MAPPING):
        try:
            rows.append(_row(record))
        except BadRow as bad:
            rejects.append(Reject(record.line, bad.reason, record.text))
    return MappingTable(tuple(rows), tuple(rejects))


def _row(record: Record) -> MappingRow:
    if record.reason is not None:
        raise BadRow(record.reason)
    name = record.fields["sensor_name"].strip()
    if not name:
        raise BadRow(RejectReason.VALUE)
    try:
        uuid = str(UUID(bytes=parse_uuid(record.fields["sensor_uuid"])))
    except ValueError:
        raise BadRow(RejectReason.SENSOR) from None
    return MappingRow(name, uuid, record.line)

"""The mapping of sensor names to UUIDs, as a file has it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from iotctl.formats.compression import open_text
from iotctl.formats.header import parse_header
from iotctl.formats.options import OpenAt
from iotctl.formats.rows import parse_uuid
from iotctl.formats.split import BadRow, reject_text, split_line
from iotctl.model import Reject, RejectReason


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


def read_mapping(open_at: OpenAt, name: str) -> MappingTable:
    """The mapping file: columns sensor_name and sensor_uuid in any order. It is small, and read whole.

    Raises FileError where a column is missing, and what open_at raises.
    """
    with open_text(open_at, name, 0) as text:
        lines = text.read().split(b"\n")
    header = parse_header(lines[0], (("sensor_name",), ("sensor_uuid",)), name)
    rows: list[MappingRow] = []
    rejects: list[Reject] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        try:
            fields = split_line(line, header.delimiter)
            if len(fields) != header.width:
                raise BadRow(RejectReason.FIELDS)
            sensor = fields[header.at["sensor_name"]].strip()
            if not sensor:
                raise BadRow(RejectReason.VALUE)
            uuid = str(UUID(bytes=parse_uuid(fields[header.at["sensor_uuid"]])))
        except ValueError:
            rejects.append(Reject(number, RejectReason.SENSOR, reject_text(line)))
        except BadRow as bad:
            rejects.append(Reject(number, bad.reason, reject_text(line)))
        else:
            rows.append(MappingRow(sensor, uuid, number))
    return MappingTable(tuple(rows), tuple(rejects))

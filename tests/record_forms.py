"""Files of every record form with their contents, for tests of all forms."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from iotctl.formats.layouts.layout import Form, Layout, TextLayout, TimeLayout, ValueLayout
from iotctl.model import RejectReason
from iotctl.repositories import Database

START = datetime(2020, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Record:
    """What a record of any form can hold; time: microseconds since 1970."""

    time: int
    device: str
    value: float | None
    count: int


@dataclass(frozen=True)
class Case:
    """A record form. write: records as a whole file; columns: what they must be read as.

    lines: each record is a line of its own, so that an unfinished one can be told, and a broken one is rejected by
    itself. broken: such lines, and why each is none. head: so many lines are before the first record. is_text: it may
    be compressed, and be written in other encodings.
    """

    layout: Layout
    write: Callable[[Sequence[Record]], bytes]
    columns: Callable[[Sequence[Record]], dict[str, list[Any]]]
    lines: bool = True
    broken: dict[bytes, RejectReason] = field(default_factory=dict)
    head: int = 0
    is_text: bool = True


def iso(time: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).isoformat()


# --- the forms


def as_object(record: Record) -> dict[str, Any]:
    return {
        "ts": iso(record.time),
        "unused": {"ts": [1, {"deep": None}], "text": '}{["'},
        "body": {"value": record.value, "n": record.count},
        "device": record.device,
    }


def write_json_lines(records: Sequence[Record]) -> bytes:
    return b"".join(
        json.dumps(as_object(record), ensure_ascii=record.count % 2 == 0).encode() + b"\n" for record in records
    )


def write_json_array(records: Sequence[Record]) -> bytes:
    return json.dumps(
        {"meta": {"rows": 1}, "data": {"rows": [as_object(r) for r in records]}, "end": "]"}, indent=1
    ).encode()


def json_columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    return {
        "ts": [iso(record.time) for record in records],
        "device": [record.device for record in records],
        "body.value": [record.value for record in records],
        "body.n": [record.count for record in records],
    }


JSON_LAYOUT = Layout(
    TimeLayout(("ts",)),
    form=Form.JSON,
    sensor="{device}.{field}",
    values=(ValueLayout("body.value"), ValueLayout("body.n")),
)
BROKEN_JSON = {
    b"nonsense": RejectReason.FIELDS,
    b"[1, 2]": RejectReason.FIELDS,
    b'{"ts": "2020-01-01", "ts": "2020-01-02"}': RejectReason.FIELDS,
    b'{"body": {"value": 1}, "body.value": 1}': RejectReason.FIELDS,
    b'{"ts": "2020-01-01"': RejectReason.FIELDS,
    b'{"ts": 1} {"ts": 2}': RejectReason.FIELDS,
    b'{"ts": "\0"}': RejectReason.ENCODING,
    b'{"ts": "\\u0000"}': RejectReason.ENCODING,
    b'{"ts": "\xff"}': RejectReason.ENCODING,
    b'{"ts": "' + b"x" * 1024 * 1024 + b'"}': RejectReason.TOO_LONG,
    b'{"ts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}": RejectReason.FIELDS,
}


def write_series(records: Sequence[Record]) -> bytes:
    """Up to three records of a device stand on a line."""
    lines = []
    for some in series_lines(records):
        lines.append(
            {
                "metric": {"__name__": "value", "host": some[0].device},
                "values": [record.value for record in some],
                "timestamps": [record.time // 1000 for record in some],
            }
        )
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def series_lines(records: Sequence[Record]) -> list[list[Record]]:
    lines: list[list[Record]] = []
    for record in records:
        if lines and lines[-1][0].device == record.device and len(lines[-1]) < 3:
            lines[-1].append(record)
        else:
            lines.append([record])
    return lines


def series_columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    return {
        "timestamp": [record.time // 1000 for record in records],
        "metric.host": [record.device for record in records],
        "metric.__name__": ["value"] * len(records),
        "value": [record.value for record in records],
    }


def escaped(name: str) -> str:
    return "".join(f"\\{letter}" if letter in ", =" else letter for letter in name)


def write_line_protocol(records: Sequence[Record]) -> bytes:
    lines = []
    for record in records:
        value = "" if record.value is None else f"value={record.value!r},"
        note = ',note="a \\"b\\", c=d"' if record.count % 3 == 0 else ""
        lines.append(f"my\\ plant,host={escaped(record.device)} {value}n={record.count}i{note} {record.time * 1000}\n")
    return "".join(lines).encode()


def line_protocol_columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    return {
        "measurement": ["my plant"] * len(records),
        "host": [record.device for record in records],
        "value": [record.value for record in records],
        "n": [record.count for record in records],
        "time": [record.time * 1000 for record in records],
    }


def write_influx_csv(records: Sequence[Record]) -> bytes:
    lines = [
        "#group,false,false,false,false,true",
        "#datatype,string,long,dateTime:RFC3339,double,string",
        "#default,_result,,,,",
        ",result,table,_time,_value,host",
    ]
    for record in records:
        value = "" if record.value is None else repr(record.value)
        device = '"' + record.device.replace('"', '""') + '"'
        lines.append(f",,0,{iso(record.time)},{value},{device}")
    return "".join(f"{line}\r\n" for line in lines).encode()


def influx_csv_columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    return {
        "_time": [record.time for record in records],
        "_value": [record.value for record in records],
        "host": [record.device for record in records],
    }


def write_parquet(records: Sequence[Record]) -> bytes:
    table = pa.table(
        {
            "time": pa.array([record.time * 1000 for record in records], pa.timestamp("ns", "Europe/Berlin")),
            "unused": pa.array([[1.5]] * len(records), pa.list_(pa.float64())),
            "body": pa.array(
                [{"value": record.value, "n": record.count, "tags": []} for record in records],
                pa.struct({"value": pa.float64(), "n": pa.int64(), "tags": pa.list_(pa.int64())}),
            ),
            "device": pa.array([record.device for record in records], pa.dictionary(pa.int32(), pa.string())),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=30)
    return sink.getvalue()


def parquet_columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    return {
        "time": [record.time * 1000 for record in records],
        "body.value": [record.value for record in records],
        "body.n": [record.count for record in records],
        "device": [record.device for record in records],
    }


def write_xlsx(records: Sequence[Record]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Notes").append(["nothing"])
    sheet = book.create_sheet("Log")
    for row in (["Plant 1"], [], ["time", "unused", "value", "n", "device"], ["", "", "°C"]):
        sheet.append(row)
    for record in records:
        moment = (datetime(1970, 1, 1) + timedelta(microseconds=record.time)).replace(tzinfo=None)
        sheet.append([moment, True, record.value, record.count, record.device])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def xlsx_columns(records: Sequence[Record]) -> dict[str, list[Any]]:
    # A workbook has 16 digits of a number.
    return {
        "time": [record.time for record in records],
        "value": [None if record.value is None else float(f"{record.value:.16g}") for record in records],
        "n": [float(f"{record.count:.16g}") for record in records],
        "device": [record.device for record in records],
        "plant": ["1"] * len(records),
    }


CASES = {
    "json lines": Case(JSON_LAYOUT, write_json_lines, json_columns, broken=BROKEN_JSON),
    "json array": Case(replace(JSON_LAYOUT, records="data.rows"), write_json_array, json_columns, lines=False),
    "json series": Case(
        Layout(
            TimeLayout(("timestamp",), "epoch-ms"),
            form=Form.JSON_SERIES,
            sensor="{metric.host}.{metric.__name__}",
            values=(ValueLayout("value"),),
        ),
        write_series,
        series_columns,
        broken={
            b"nonsense": RejectReason.FIELDS,
            b'{"metric":{},"values":[1,2],"timestamps":[1]}': RejectReason.FIELDS,
            b'{"metric":{},"values":["x"],"timestamps":[1]}': RejectReason.VALUE,
            b'{"metric":{},"values":[1],"timestamps":["x"]}': RejectReason.TIME,
            b'{"metric":{"a":"\xff"},"values":[1],"timestamps":[1]}': RejectReason.ENCODING,
            b'{"values":[1],"timestamps":[1]}': RejectReason.FIELDS,
            b"x" * (20 * 1024 * 1024): RejectReason.TOO_LONG,
        },
    ),
    "line protocol": Case(
        Layout(
            TimeLayout(("time",), "epoch-ns"),
            form=Form.LINE_PROTOCOL,
            sensor="{measurement}.{host}.{field}",
            values=(ValueLayout("value"), ValueLayout("n")),
        ),
        write_line_protocol,
        line_protocol_columns,
        broken={
            b"nonsense": RejectReason.FIELDS,
            b"m value=1": RejectReason.TIME,
            b"m value=abc 5": RejectReason.VALUE,
            b'm value="open 5': RejectReason.QUOTE,
            b"m,host=a,host=b value=1 5": RejectReason.FIELDS,
            b"m value=1,value=2 5": RejectReason.FIELDS,
            b"m,host=a host=1 5": RejectReason.FIELDS,
            b"m value=1, 5": RejectReason.FIELDS,
            b"m value=0x10 5": RejectReason.VALUE,
            b"m value=1 0x10": RejectReason.FIELDS,
            b"m,host=\0 value=1 5": RejectReason.ENCODING,
            b"m,host=\xff value=1 5": RejectReason.ENCODING,
            b"m,host=" + b"x" * 1024 * 1024 + b" value=1 5": RejectReason.TOO_LONG,
        },
    ),
    "parquet": Case(
        Layout(
            TimeLayout(("time",)),
            form=Form.PARQUET,
            sensor="{device}.{field}",
            values=(ValueLayout("body.value"), ValueLayout("body.n")),
        ),
        write_parquet,
        parquet_columns,
        lines=False,
        is_text=False,
    ),
    "xlsx": Case(
        Layout(
            TimeLayout(("time",), timezone="UTC"),
            form=Form.XLSX,
            sheet="Log",
            sensor="{plant}.{device}.{field}",
            values=(ValueLayout("value"), ValueLayout("n")),
            text=TextLayout(skip_lines=1, below_header=1),
            preamble={"plant": r"Plant (\d+)"},
        ),
        write_xlsx,
        xlsx_columns,
        lines=False,
        is_text=False,
    ),
    "influx csv": Case(
        Layout(TimeLayout(("_time",)), form=Form.INFLUX_CSV, sensor="{host}.{field}", values=(ValueLayout("_value"),)),
        write_influx_csv,
        influx_csv_columns,
        head=4,
        broken={
            b",,0,2020-01-01T00:00:00Z,1": RejectReason.FIELDS,
            b',,0,2020-01-01T00:00:00Z,1,"open': RejectReason.QUOTE,
            b",,0,2020-01-01T00:00:00Z,1,\0": RejectReason.ENCODING,
            b",,0,2020-01-01T00:00:00Z,1,\xff": RejectReason.ENCODING,
            b",,0,2020-01-01T00:00:00Z,1," + b"x" * 1024 * 1024: RejectReason.TOO_LONG,
        },
    ),
}


def some_records(count: int, seed: int = 1) -> list[Record]:
    noise = random.Random(seed)
    time = int(START.timestamp()) * 1_000_000
    return [
        Record(
            time + 1_000_000 * row + 1000 * noise.randrange(1000),
            noise.choice(["pump 7", "Förderband, 1", "a=b", 'say "x"'.replace('"', "'")]),
            None if noise.random() < 0.1 else round(noise.uniform(-50, 50), noise.randrange(1, 6)),
            noise.choice([row, 2**53 + 1 + row]),
        )
        for row in range(count)
    ]


def expected_readings(case: Case, records: Sequence[Record]) -> dict[tuple[str, int], float]:
    """(sensor's name, microseconds since 1970) -> value, as the layout of a case says; texts are no values."""
    columns = case.columns(records)
    found = {}
    for value in case.layout.values:
        for row, record in enumerate(records):
            parts = {name: column[row] for name, column in columns.items()} | {"field": value.field}
            name = re.sub(r"\{([^{}]+)\}", lambda part: str(parts[part[1]]), case.layout.sensor)  # noqa: B023
            number = columns[value.field][row]
            if number is not None:
                found[name, record.time] = float(number)
    return found


def named_readings(database: Database) -> dict[tuple[str, int], float]:
    """The loaded readings, in the form of expected_readings."""
    with database.connect() as conn:
        rows = conn.execute(
            "SELECT sensor_name, (extract(epoch FROM timestamp) * 1000000)::bigint, sensor_value"
            " FROM sensor_data JOIN sensor_mapping USING (sensor_uuid)"
        ).fetchall()
    found = {(str(name), int(str(time))): float(str(value)) for name, time, value in rows}
    assert len(found) == len(rows), "a reading is there twice"
    return found

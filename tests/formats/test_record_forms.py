"""What every record form must do, on each of them; expected columns come from what was written."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.errors import UnfinishedFileError
from iotctl.formats.bad_rows import reason_of
from iotctl.formats.layouts.layout import Form, Layout, TextLayout, TimeLayout, ValueLayout
from iotctl.formats.options import ReadOptions
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile, Records
from iotctl.model import Position, RejectReason, StoredFile

START = datetime(2020, 3, 1, tzinfo=UTC)
BLOCKS = (64, 300, 4096, 8 * 1024 * 1024)


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
        "note": ['a "b", c=d' if record.count % 3 == 0 else None for record in records],
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
        "n": [float(record.count) for record in records],
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
            values=(ValueLayout("value"), ValueLayout("n"), ValueLayout("note")),
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
            TimeLayout(("time",)),
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


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(params=[name for name, case in CASES.items() if case.is_text])
def text_case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(params=[name for name, case in CASES.items() if case.lines])
def lines_case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


# --- reading


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


def read(
    case: Case,
    content: bytes,
    start: Position | None = None,
    *,
    settled: bool = True,
    name: str = "file",
    **options: Any,
) -> Iterator[Records]:
    listed = START + timedelta(days=1 if settled else 0)
    file = StoredFile("file", len(content), "1", START, listed)

    def open_at(offset: int) -> io.BytesIO:
        return io.BytesIO(content[offset:])

    yield from read_records(RecordFile(file, open_at, case.layout, ReadOptions(**options), start or Position()))


@dataclass
class Found:
    columns: dict[str, list[Any]]
    line: list[int]
    bad: list[tuple[int, RejectReason]]


def gathered(case: Case, pieces: Sequence[Records]) -> Found:
    found = Found({name: [] for name in case.columns([])}, [], [])
    for piece in pieces:
        for name, values in found.columns.items():
            column = piece.columns.get(name)
            values += [None] * len(piece.line) if column is None else plain(column)
        found.line += piece.line.tolist()
        found.bad += [
            (line, reason_of(code)) for line, code in zip(piece.bad.line.tolist(), piece.bad.code.tolist(), strict=True)
        ]
    return found


def plain(column: pa.Array) -> list[Any]:
    """Times as numbers of their unit or as they are written, numbers as numbers, an empty text as none."""
    if pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    if pa.types.is_date(column.type):
        column = column.cast(pa.timestamp("us")).view(pa.int64())
    return [None if value == "" else value for value in column.to_pylist()]


def same(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> bool:
    return all(
        len(found[name]) == len(values) and all(map(alike, found[name], values)) for name, values in expected.items()
    )


def alike(found: Any, expected: Any) -> bool:
    if isinstance(expected, int | float) and not isinstance(expected, bool) and isinstance(found, str):
        # A text where others of its column are no numbers.
        found = int(datetime.fromisoformat(found).timestamp() * 1e6) if ":" in found else type(expected)(found)
    if isinstance(found, float) and isinstance(expected, float) and math.isnan(expected):
        return math.isnan(found)
    return bool(found == expected)


# --- what all must do


@pytest.mark.parametrize("block_bytes", BLOCKS)
def test_the_records_of_a_file_are_those_that_were_written(case: Case, block_bytes: int) -> None:
    records = some_records(500)
    found = gathered(case, list(read(case, case.write(records), block_bytes=block_bytes)))
    assert same(found.columns, case.columns(records))
    assert found.bad == []
    assert found.line == sorted(found.line)


def test_reading_on_from_any_end_gives_the_rest(case: Case) -> None:
    records = some_records(120)
    content = case.write(records)
    whole = list(read(case, content, block_bytes=700, batch_rows=25))
    every = gathered(case, whole)
    before = 0
    assert len(whole) > 3
    for number, piece in enumerate(whole):
        before += len(piece.line)
        rest = gathered(case, list(read(case, content, Position(piece.end, piece.next_line), block_bytes=500)))
        assert same(rest.columns, {name: values[before:] for name, values in every.columns.items()}), number
        assert rest.line == every.line[before:]


def test_reading_on_from_where_a_line_begins_gives_it_and_the_rest(case: Case) -> None:
    records = some_records(60)
    content = case.write(records)
    for piece in read(case, content, block_bytes=3000):
        for line in dict.fromkeys(piece.line.tolist()[:5]):
            offset = piece.lines.offset(line)
            rest = gathered(case, list(read(case, content, Position(offset, line))))
            every = gathered(case, list(read(case, content)))
            at = every.line.index(line)
            assert rest.line == every.line[at:]
            assert same(rest.columns, {name: values[at:] for name, values in every.columns.items()})


def test_an_empty_file_gives_nothing(text_case: Case) -> None:
    case = text_case
    for content in (b"", b"\n", b" \r\n\n"):
        found = gathered(case, list(read(case, content)))
        assert found.line == []
        assert found.bad == []


@pytest.mark.parametrize(
    "pack", [gzip.compress, bz2.compress, lambda data: bytes(pa.compress(data, "zstd", asbytes=True))]
)
def test_a_compressed_file_is_read_as_the_plain_one(text_case: Case, pack: Callable[[bytes], bytes]) -> None:
    case = text_case
    records = some_records(80)
    packed = pack(case.write(records))
    pieces = list(read(case, packed, settled=False, block_bytes=900))
    assert same(gathered(case, pieces).columns, case.columns(records))
    middle = pieces[len(pieces) // 2]
    rest = gathered(case, list(read(case, packed, Position(middle.end, middle.next_line))))
    assert len(rest.line) == sum(len(piece.line) for piece in pieces[len(pieces) // 2 + 1 :])


def test_a_byte_order_mark_is_no_part_of_a_file(text_case: Case) -> None:
    case = text_case
    records = some_records(20)
    content = b"\xef\xbb\xbf" + case.write(records)
    pieces = list(read(case, content, block_bytes=400))
    assert same(gathered(case, pieces).columns, case.columns(records))
    rest = gathered(case, list(read(case, content, Position(pieces[0].end, pieces[0].next_line))))
    assert len(rest.line) == 20 - len(pieces[0].line)


def test_utf_16_is_read_as_utf_8(text_case: Case) -> None:
    case = text_case
    records = some_records(20)
    content = case.write(records).decode().encode("utf-16")
    assert same(gathered(case, list(read(case, content, block_bytes=400))).columns, case.columns(records))


# --- what those of lines must do


def test_blank_lines_and_returns_are_no_records(lines_case: Case) -> None:
    case, records = lines_case, some_records(30)
    lines = case.write(records).splitlines()
    spaced = lines[: case.head] + [line for row in lines[case.head :] for line in (row, b"", b" \t")]
    for end in (b"\n", b"\r\n"):
        for block_bytes in BLOCKS:
            found = gathered(case, list(read(case, end.join(spaced) + end, block_bytes=block_bytes)))
            assert same(found.columns, case.columns(records))
            assert sorted(set(found.line)) == [case.head + 1 + 3 * row for row in range(len(lines) - case.head)]
            assert found.bad == []


def test_a_last_line_without_an_end_is_read_once_its_file_has_settled(lines_case: Case) -> None:
    case, records = lines_case, some_records(30)
    content = case.write(records).rstrip(b"\r\n")
    assert same(gathered(case, list(read(case, content))).columns, case.columns(records))
    for block_bytes in BLOCKS:
        pieces: list[Records] = []
        with pytest.raises(UnfinishedFileError):
            pieces.extend(read(case, content, settled=False, block_bytes=block_bytes))
        last = pieces[-1]
        rest = case.write(records)[len(content) :]
        later = [*pieces, *read(case, content + rest, Position(last.end, last.next_line), settled=False)]
        assert len(gathered(case, pieces).line) < 30
        assert same(gathered(case, later).columns, case.columns(records))


@pytest.mark.parametrize("block_bytes", [512, 100_000, 8 * 1024 * 1024])
def test_a_broken_line_is_rejected_with_its_line_and_reason_and_the_others_are_read(
    lines_case: Case, block_bytes: int
) -> None:
    case, records = lines_case, some_records(40)
    lines = case.write(records).splitlines(keepends=True)
    middle = case.head + 10
    for line, reason in case.broken.items():
        content = b"".join(lines[:middle]) + line + b"\n" + b"".join(lines[middle:])
        pieces = list(read(case, content, block_bytes=block_bytes))
        found = gathered(case, pieces)
        assert found.bad == [(middle + 1, reason)], line[:80]
        assert same(found.columns, case.columns(records)), line[:80]
        (piece,) = (piece for piece in pieces if len(piece.bad))
        plain_part = re.split(rb"[\0\xff]", line)[0][:1000].decode()
        assert piece.lines.text(middle + 1).startswith(plain_part)
        rest = gathered(case, list(read(case, content, Position(piece.end, piece.next_line), block_bytes=block_bytes)))
        assert found.line[len(found.line) - len(rest.line) :] == rest.line


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_records_are_read_as_they_were_written(data: st.DataObject) -> None:
    case = CASES[data.draw(st.sampled_from(sorted(CASES)))]
    letters = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\\\"'#,= ")
    names = st.text(letters, min_size=1, max_size=8).filter(lambda name: not name[0].isspace())
    record = st.builds(
        Record,
        time=st.integers(-(10**9), 7 * 10**9).map(lambda seconds: seconds * 1_000_000),
        device=names,
        value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        count=st.integers(-(2**63), 2**63 - 1),
    )
    records = data.draw(st.lists(record, min_size=1, max_size=20))
    block_bytes = data.draw(st.sampled_from(BLOCKS))
    found = gathered(case, list(read(case, case.write(records), block_bytes=block_bytes)))
    assert same(found.columns, case.columns(records))
    assert found.bad == []

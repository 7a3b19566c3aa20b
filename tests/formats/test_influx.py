"""Line protocol and annotated CSV beyond plain lines; expected values are written by hand, after InfluxDB's manual."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from iotctl.errors import FileError
from iotctl.formats.layouts.layout import Form, Layout, TimeLayout, ValueLayout
from iotctl.formats.options import ReadOptions
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile, Records
from iotctl.model import Position, StoredFile

NOW = datetime(2020, 1, 1, tzinfo=UTC)
LINES = Layout(TimeLayout(("time",)), form=Form.LINE_PROTOCOL, other_values=True)
TABLES = Layout(TimeLayout(("_time",)), form=Form.INFLUX_CSV, sensor="{host}.{_field}", values=(ValueLayout("_value"),))

TWO_TABLES = """#group,false,false,false,false,true,true\r
#datatype,string,long,dateTime:RFC3339,double,string,string\r
#default,_result,,,,,lab\r
,result,table,_time,_value,_field,host\r
,,0,2020-01-01T00:00:00Z,1.5,t,a\r
,,0,2020-01-01T00:01:00Z,,t,\r
\r
#group,false,false,true,true,false,false\r
#datatype,string,long,string,string,string,dateTime:RFC3339\r
#default,_result,,,,,\r
,result,table,_field,host,_value,_time\r
,,1,state,"b, c",on,2020-01-01T00:00:00Z\r
,,1,state\r
\r
,,1,state,d,off,2020-01-01T00:02:00Z\r
"""


def pieces(text: str, layout: Layout, start: Position | None = None, **options: Any) -> Iterator[Records]:
    stored = text.encode()
    file = StoredFile("a", len(stored), "1", NOW, NOW + timedelta(days=1))
    source = RecordFile(file, lambda at: io.BytesIO(stored[at:]), layout, ReadOptions(**options), start or Position())
    return read_records(source)


def records(found: Iterator[Records]) -> list[dict[str, Any]]:
    return [
        {name: column[row].as_py() for name, column in piece.columns.items() if column[row].is_valid}
        for piece in found
        for row in range(len(piece.line))
    ]


@pytest.mark.parametrize("odd", ["", "m bad\n"])  # which has all lines read one by one
def test_each_type_of_line_protocol_is_read(odd: str) -> None:
    text = (
        'my\\ m,tag\\,1=a\\=b,h="q" f=1.5,i=-3i,u=7u,t=T,e=1E-3 1\n'
        "# a comment\n"
        'm s="a, b=\\"c\\" \\\\ d\\,",x\\ y=2 -2\n'
    )
    tags = {"measurement": "my m", "tag,1": "a=b", "h": '"q"'}
    first = tags | {"f": 1.5, "i": -3, "u": 7, "t": True, "e": 0.001, "time": 1}
    second = {"measurement": "m", "s": 'a, b="c" \\ d\\,', "x y": 2, "time": -2}
    assert records(pieces(text + odd, LINES)) == [first, second]


@pytest.mark.parametrize("block_bytes", [50, 200, 100_000])
def test_tables_of_other_columns_follow_one_another(block_bytes: int) -> None:
    found = list(pieces(TWO_TABLES, TABLES, block_bytes=block_bytes))
    values = [(record["host"], record["_field"], str(record.get("_value", ""))) for record in records(iter(found))]
    assert values == [("a", "t", "1.5"), ("lab", "t", ""), ("b, c", "state", "on"), ("d", "state", "off")]
    assert [line for piece in found for line in piece.bad.line.tolist()] == [13]
    for number, piece in enumerate(found):
        rest = list(pieces(TWO_TABLES, TABLES, Position(piece.end, piece.next_line), block_bytes=block_bytes))
        lines = [line for one in found[number + 1 :] for line in one.line.tolist()]
        assert [line for one in rest for line in one.line.tolist()] == lines


def test_tables_without_annotations_are_read() -> None:
    text = ",result,table,_time,_value,_field,host\n,_result,0,2020-01-01T00:00:00Z,1,t,a\n\n"
    text += ",result,table,_time,_value,_field,host\n,_result,1,2020-01-01T00:00:00Z,2,t,b\n"
    assert [record["host"] for record in records(pieces(text, TABLES))] == ["a", "b"]


def test_an_error_in_place_of_rows_and_a_table_without_a_needed_column_are_errors() -> None:
    with pytest.raises(FileError, match="failed"):
        records(pieces("#datatype,string,string\n#group,true,true\n,error,reference\n,Failed to parse,897\n", TABLES))
    with pytest.raises(FileError, match="needs a column 'host'"):
        records(pieces(",result,table,_time,_value,_field\n,,0,2020-01-01T00:00:00Z,1,t\n", TABLES))

"""The readings of a file do not depend on its blocks, nor on how a block is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotctl.errors import FileError
from iotctl.formats import ReadOptions
from iotctl.formats.csv import table
from iotctl.formats.layouts.checks import problems
from iotctl.formats.layouts.layout import BLANKS, Form, Layout, QualityLayout, TextLayout, TimeLayout, ValueLayout
from iotctl.model import FileBatch
from tests.formats.test_layouts import batches, layout_of, readings, rejects

WHOLE = ReadOptions(settle_seconds=0)

PLAIN = ["1", "1.0", "01", "2.5", "-3", ""]
ODD = ["+1", ".5", "5.", "1e5", "1E+400", "1e-400", "0x10", "1_000", "nan", "-inf", "nan(1)", " 2 ", "\xa03", "1,5"]
ODD += ["NA", " NA", "-999", "-999.0", "-9.99E2", "12345678901234567890", "#N/A", "true", "1 %", "1e", "--1", "1f"]
TIMES = ["2023-01-01 00:00:00", "2023-01-01T00:00:02Z", "2023-01-01", "20230101", "2023-01-01 24:00:00", "2023-02-30"]
TIMES += ["2023-01-01 00:00:00.1234567", "2023-01-01 00:00:60", "NA", "", "1672531200", "2023-1-1"]
DAYS = ["44927", "44927.006944", "44927.5"]
NAMES = ["a", "1", "1.0", "01", "", " a ", "a\u0301", "á", "NA", "-999", "{field}"]
FIELDS = ["time", "device", "a", "b", "state", "state a", "time b"]


@dataclass(frozen=True)
class Written:
    """A file of a layout; its readings are not known, but must always be the same."""

    layout: Layout
    stored: bytes


@st.composite
def files(draw: st.DrawFn) -> Written:
    form = draw(st.sampled_from(["iso", "excel"]))
    delimiter = draw(st.sampled_from([",", ";", BLANKS]))
    layout = Layout(
        time=TimeLayout(("time",), form, "UTC"),
        sensor=draw(st.sampled_from(["{device}.{field}", "{field}"])),
        values=(
            ValueLayout("a", scale=draw(st.sampled_from([1.0, 0.1])), quality=draw(st.sampled_from([None, "state a"]))),
            ValueLayout("b", time=draw(st.sampled_from([(), ("time b",)]))),
            *draw(st.sampled_from([(), (ValueLayout("state"),), (ValueLayout("device"),)])),
        ),
        other_values=draw(st.booleans()),
        missing=tuple(draw(st.lists(st.sampled_from(["NA", "-999", "nan", "0"]), unique=True))),
        quality=draw(st.sampled_from([None, QualityLayout(("1",), "state"), QualityLayout(("1.0", "01"), "state")])),
        text=TextLayout(delimiter=delimiter, short_rows=draw(st.booleans()), comment=draw(st.sampled_from(["", "#"]))),
    )
    pools = {name: draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=3)) for name in FIELDS}
    pools |= {"time": DAYS if form == "excel" else draw(st.lists(st.sampled_from(TIMES), min_size=1, max_size=3))}
    pools |= {
        "time b": DAYS if form == "excel" else TIMES,
        "device": draw(st.lists(st.sampled_from(NAMES), min_size=1)),
    }
    for name in draw(st.lists(st.sampled_from(["a", "b", "state", "state a"]), max_size=2)):
        pools[name] = draw(st.lists(st.sampled_from(ODD + PLAIN), min_size=1, max_size=4))
    columns = draw(st.permutations(FIELDS))
    lines = [written(columns, delimiter)]
    for _ in range(draw(st.integers(0, 8))):
        line = written([draw(st.sampled_from(pools[name])) for name in columns], delimiter)
        other = ["", "# x", '"' + line, "\ufeff" + line, line + "\0", line[: len(line) // 2], lines[0]]
        lines.append(draw(st.sampled_from([line] * 20 + other)))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = end.join(lines) + draw(st.sampled_from(["", end]))
    encoding = draw(st.sampled_from(["utf-8", "utf-16", "latin-1"]))
    return Written(
        replace(layout, text=replace(layout.text, encoding=encoding)), text.encode(encoding, errors="replace")
    )


def written(cells: Sequence[str], delimiter: str) -> str:
    sign = " \t" if delimiter == BLANKS else delimiter
    return sign.join(f'"{cell}"' if sign[0] in cell or not cell else cell for cell in cells)


def says_one_sensor(found: Sequence[FileBatch]) -> bool:
    return any("are both the sensor" in note for batch in found for note in batch.notes)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(files(), st.sampled_from([64, 150]), st.booleans())
def test_a_file_gives_the_same_in_blocks_of_any_size(made: Written, block_bytes: int, by_lines: bool) -> None:
    found = batches(made.stored, made.layout, WHOLE)
    with pytest.MonkeyPatch.context() as patch:
        if by_lines:
            patch.setattr(table.CsvTable, "_whole", lambda *_: None)
        again = batches(made.stored, made.layout, replace(WHOLE, block_bytes=block_bytes, batch_rows=2))
    assert readings(again) == readings(found)
    assert rejects(again) == rejects(found)
    assert sum(batch.missing for batch in again) == sum(batch.missing for batch in found)


def test_a_quality_is_compared_as_it_is_written() -> None:
    layout = replace(layout_of(), other_values=True, quality=QualityLayout(("01",), "state"))
    found = batches(b"time,value,state\n2023-01-01,1,01\n2023-01-02,2,1\n", layout, WHOLE)
    assert [value for _, _, value in readings(found)] == ["1.0"]


def test_quotes_divide_nothing_where_blanks_do() -> None:
    stored = b'"time"  "flow line" note\n2023-01-01 "1" "x ""y"""\n2023-01-02 "2" a"b\n'
    layout = layout_of("{field}", "flow line", delimiter=BLANKS)
    assert [value for _, _, value in readings(batches(stored, layout, WHOLE))] == ["1.0", "2.0"]


@pytest.mark.parametrize(
    ("sensor", "text", "is_said"),
    [
        ("{device}.{field}", "time,device,b.c,c\n2023-01-01,a,1,2\n2023-01-01,a.b,3,4\n", True),
        ("{field}", "time,e\u0301,é\n2023-01-01,1,2\n", True),
        ("{field}", "time,00000000-0000-0000-0000-00000000000a,00000000-0000-0000-0000-00000000000A\n,,\n", True),
        ("{device}{at}.{field}", "time,device,at,value\n2023-01-01,1,23,1\n2023-01-01,12,3,2\n", True),
        ("{device}.{field}", "time,device,b,c\n2023-01-01,e\u0301,1,2\n2023-01-01,é,3,4\n", False),
        ("{device}.{field}", "time,device,b,c\n2023-01-01,a,1,2\n2023-01-01,b,3,4\n", False),
    ],
)
def test_two_sources_of_one_sensor_are_named(sensor: str, text: str, is_said: bool) -> None:
    layout = replace(layout_of(sensor), values=(), other_values=True)
    assert says_one_sensor(batches(text.encode(), layout, WHOLE)) == is_said


def test_a_value_that_has_the_name_of_another_column_is_named() -> None:
    layout = replace(layout_of("{field}"), values=(ValueLayout("a", name="b"),), other_values=True)
    assert says_one_sensor(batches(b"time,a,b\n2023-01-01,1,2\n", layout, WHOLE))


def test_a_field_without_a_name_is_no_sensor() -> None:
    layout = replace(layout_of(), form=Form.JSON, values=(), other_values=True)
    stored = b'{"time": "2023-01-01", " ": 1, "b": 2}\n'
    with pytest.raises(FileError, match="without a name"):
        batches(stored, layout, WHOLE)
    assert len(readings(batches(stored, replace(layout, ignored=(" ",)), WHOLE))) == 1


def test_the_header_may_come_again_where_blanks_divide() -> None:
    found = batches(b"time   value\n2023-01-01 1\ntime   value\n2023-01-02 2\n", layout_of(delimiter=BLANKS), WHOLE)
    assert [value for _, _, value in readings(found)] == ["1.0", "2.0"]
    assert rejects(found) == []


@pytest.mark.parametrize(
    ("thousands", "unit", "cell", "value"),
    [(" ", "kg", "1 234,5 kg", 1234.5), (" ", "kg", "1 234 kg", 1234.0), (".", "m.s", "1.234.567,5 m.s", 1234567.5)],
)
def test_a_unit_may_have_the_sign_of_thousands(thousands: str, unit: str, cell: str, value: float) -> None:
    layout = replace(
        layout_of(delimiter=";", decimal=",", thousands=thousands), values=(ValueLayout("value", unit=unit),)
    )
    found = batches(f"time;value\n2023-01-01;{cell}\n2023-01-02;-9999\n".encode(), layout, WHOLE)
    assert [float(value) for _, _, value in readings(found)] == [value, -9999.0]


@pytest.mark.filterwarnings("error")
def test_a_scale_may_lead_out_of_all_numbers() -> None:
    layout = replace(layout_of(), values=(ValueLayout("value", scale=1e10),))
    assert rejects(batches(b"time,value\n2023-01-01,1e308\n", layout, WHOLE)) == [(2, "not_finite", "value")]


@pytest.mark.parametrize(
    ("layout", "key"),
    [
        (layout_of(header=False, columns=("time", "value", "value")), ("text", "columns")),
        (layout_of(delimiter='"'), ("text", "delimiter")),
        (layout_of(delimiter="\r"), ("text", "delimiter")),
        (layout_of(encoding="idna"), ("text", "encoding")),
        (replace(layout_of(), values=(ValueLayout("value", name=" "),)), ("values", 0, "name")),
        (replace(layout_of(), values=(ValueLayout("value", scale=float("nan")),)), ("values", 0, "scale")),
        (replace(layout_of(), values=(ValueLayout("é"), ValueLayout("e\u0301"))), ("values", 1, "field")),
    ],
)
def test_a_layout_that_would_lose_readings_is_refused(layout: Layout, key: tuple[str | int, ...]) -> None:
    assert [found for found, _ in problems(layout)] == [key]


@pytest.mark.parametrize("block_bytes", [64, 1024 * 1024])
def test_an_object_means_the_same_whatever_stands_beside_it(block_bytes: int) -> None:
    layout = replace(layout_of(), form=Form.JSON, quality=QualityLayout(("1.0", "true"), "state"))
    objects = [("true", "1.0"), ("2.5", "1"), ("false", '"x"'), ('"3"', "true"), ("true", "false")]
    lines = [
        f'{{"time": "2023-01-0{day}", "value": {value}, "state": {state}}}'
        for day, (value, state) in enumerate(objects, 1)
    ]
    found = batches("\n".join(lines).encode() + b"\n", layout, replace(WHOLE, block_bytes=block_bytes))
    assert [value for _, _, value in readings(found)] == ["1.0", "3.0"]
    assert [line for line, reason, _ in rejects(found) if reason == "quality"] == [2, 3, 5]


@pytest.mark.parametrize("block_bytes", [16, 1024 * 1024])
def test_true_is_1_among_the_numbers_of_line_protocol(block_bytes: int) -> None:
    layout = replace(
        layout_of("{measurement}", "on"), form=Form.LINE_PROTOCOL, time=TimeLayout(("time",), "epoch-s", "UTC")
    )
    stored = b"pump on=t 1672531200\npump on=2.5 1672531201\npump on=false 1672531202\n"
    found = batches(stored, layout, replace(WHOLE, block_bytes=block_bytes))
    assert [value for _, _, value in readings(found)] == ["1.0", "2.5", "0.0"]

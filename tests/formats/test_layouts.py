"""Files read by a layout give the same as a slow and obvious reader: sensor, time, value, or the reason of a reject."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotctl.errors import FileError, UnfinishedFileError
from iotctl.formats import ReadOptions, read_batches
from iotctl.formats.csv import table
from iotctl.formats.layouts.identity import layout_digest
from iotctl.formats.layouts.layout import Form, Layout, QualityLayout, TextLayout, TimeLayout, ValueLayout
from iotctl.model import FileBatch, Position, StoredFile

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2023, 5, 7, tzinfo=UTC)

# line, sensor, microseconds since 1970 UTC, value
Reading = tuple[int, str, int, str]


def batches(
    stored: bytes,
    layout: Layout,
    options: ReadOptions,
    start: Position | None = None,
    name: str = "plant/a.csv",
    modified: datetime = EPOCH,
) -> list[FileBatch]:
    def open_at(offset: int) -> BinaryIO:
        return io.BytesIO(stored[offset:])

    file = StoredFile(name, len(stored), "v", modified)
    found = list(read_batches(file, open_at, replace(options, layouts=(layout,)), start))
    for batch in found:
        assert batch.rows_read == len(batch.time) + batch.rows_rejected + batch.missing + batch.bad_quality
    return found


def readings(found: Sequence[FileBatch]) -> list[tuple[str | None, int, str]]:
    return [
        (batch.names[sensor] if batch.names else None, time, repr(value))
        for batch in found
        for sensor, time, value in zip(batch.sensor.tolist(), batch.time.tolist(), batch.value.tolist(), strict=True)
    ]


def rejects(found: Sequence[FileBatch]) -> list[tuple[int, str, str]]:
    return sorted((reject.line, reject.reason.value, reject.field) for batch in found for reject in batch.rejects)


# --- random tables and a slow reader of them


@dataclass(frozen=True)
class Table:
    """layout: how it is written. stored: its bytes. rows: the line and the cells of each row that has all of them."""

    layout: Layout
    stored: bytes
    rows: list[tuple[int, list[str]]]
    columns: list[str]
    too_short: list[int]


TIME_FORMATS = ["iso", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "epoch-ms"]
UNITS = [None, "°C", "kWh"]
NAMES = ["boiler", "Rücklauf", "flow line", "P-1 (bar)", "x.y"]


@st.composite
def tables(draw: st.DrawFn) -> Table:
    delimiter = draw(st.sampled_from([";", ",", "\t", "|"]))
    decimal = draw(st.sampled_from([".", ","]))
    thousands = draw(st.sampled_from(["", "'", "." if decimal == "," else ","]))
    quality = draw(st.booleans())
    with_sensor = draw(st.booleans())
    time_format = draw(st.sampled_from(TIME_FORMATS))
    values = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    columns = ["when", *(["device"] if with_sensor else []), *values, *(["state"] if quality else []), "note"]
    columns = draw(st.permutations(columns))
    units = {name: draw(st.sampled_from(UNITS)) for name in values}
    header = draw(st.booleans())
    comment = draw(st.sampled_from(["", "#"]))
    short_rows = draw(st.booleans())
    preamble = draw(st.integers(0, 3))
    encoding = draw(st.sampled_from(["utf-8", "cp1252", "utf-16"]))
    layout = Layout(
        time=TimeLayout(("when",), time_format, "+02:00"),
        sensor="{device}/{field}" if with_sensor else "{field}",
        values=tuple(ValueLayout(name, unit=units[name]) for name in values),
        missing=("NA", "-999"),
        quality=QualityLayout(("ok", "1"), "state") if quality else None,
        text=TextLayout(
            encoding=encoding,
            delimiter=delimiter,
            decimal=decimal,
            thousands=thousands,
            skip_lines=preamble,
            comment=comment,
            header=header,
            columns=() if header else tuple(columns),
            below_header=1 if header and draw(st.booleans()) else 0,
            short_rows=short_rows,
        ),
    )
    lines = [f"preamble {number}" for number in range(preamble)]
    if header:
        lines.append(delimiter.join(columns))
        lines += ["units"] * layout.text.below_header
    rows: list[tuple[int, list[str]]] = []
    too_short: list[int] = []
    clean = draw(st.booleans())
    number = st.floats(-5000, 5000).map(lambda value: round(value, 3))
    for at in range(draw(st.integers(0, 12))):
        kind = "row" if clean else draw(st.sampled_from(["row"] * 8 + ["blank", "comment", "short", "header"]))
        if kind == "blank":
            lines.append(draw(st.sampled_from(["", "  ", "\t"])) if delimiter != "\t" else "")
            continue
        if kind == "comment" and comment:
            lines.append(f"{comment} a{delimiter}b")
            continue
        if kind == "header" and header:
            lines.append(delimiter.join(columns))
            continue
        moment = START + timedelta(seconds=at * 600 + draw(st.integers(0, 59)))
        cells = {
            "when": written_time(moment, time_format) if clean else draw(maybe(written_time(moment, time_format))),
            "device": draw(st.sampled_from(["pump-1", " tank 2 "] if clean else ["pump-1", "Förderband", ""])),
            "state": draw(st.sampled_from(["ok", "1", "bad"])),
            "note": draw(st.sampled_from(["", "x y", f"a{delimiter}b", 'say ""hi""'])),
        }
        for name in values:
            text = written_number(draw(number), decimal, thousands if draw(st.booleans()) else "")
            if not clean:
                text = draw(
                    st.sampled_from(
                        [text] * 6 + ["", "NA", "-999", f"-999{decimal}0", "offline", "nan", f"{text} {units[name]}"]
                    )
                )
            cells[name] = text
        row = [cells[name] for name in columns]
        if kind == "short" and len(row) > 1:
            row = row[: draw(st.integers(1, len(row) - 1))]
            if not "".join(row).strip():
                continue
            if not short_rows:
                too_short.append(len(lines) + 1)
        written = delimiter.join(quoted(cell, delimiter, always=draw(st.booleans())) for cell in row)
        if is_comment_or_header(written, layout, columns):
            continue
        if not written.strip():
            continue
        lines.append(written)
        if kind != "short" or short_rows:
            rows.append((len(lines), row + [""] * (len(columns) - len(row))))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(line + end for line in lines)
    return Table(layout, text.encode(encoding), rows, columns, too_short)


def maybe(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([text] * 8 + ["", "yesterday", text[:-3]])


def is_comment_or_header(written: str, layout: Layout, columns: Sequence[str]) -> bool:
    if layout.text.comment and written.startswith(layout.text.comment):
        return True
    return layout.text.header and written == layout.text.delimiter.join(columns)


def quoted(cell: str, delimiter: str, *, always: bool) -> str:
    if '""' in cell:
        return f'"{cell}"'
    return f'"{cell}"' if always or delimiter in cell else cell


def written_time(moment: datetime, form: str) -> str:
    local = moment + timedelta(hours=2)
    if form == "iso":
        return local.strftime("%Y-%m-%d %H:%M:%S")
    if form == "epoch-ms":
        return str(int(moment.timestamp()) * 1000)
    return local.strftime(form)


def written_number(value: float, decimal: str, thousands: str) -> str:
    text = f"{value:,.3f}".replace(",", "_").replace(".", decimal)
    return text.replace("_", thousands)


def slow(made: Table) -> tuple[list[tuple[str | None, int, str]], list[tuple[int, str, str]], int]:
    """Readings, rejects with line, reason and field, and how many values are missing; one cell at a time."""
    layout = made.layout
    found: list[tuple[str | None, int, str]] = []
    bad = [(line, "fields", "") for line in made.too_short]
    missing = 0
    for line, row in made.rows:
        cells = dict(zip(made.columns, row, strict=True))
        values = [(value, slow_value(cells[value.field], value, layout)) for value in layout.values]
        time = slow_time(cells["when"].strip(), layout.time.format)
        has_sensor = "device" not in cells or bool(cells["device"].strip())
        if time is None or not has_sensor:
            if all(number is None for _, number in values):
                missing += 1
            else:
                bad.append((line, "sensor", "") if not has_sensor else (line, "time", "when"))
            continue
        for value, number in values:
            if number is None:
                missing += 1
            elif layout.quality and cells["state"] not in layout.quality.good:
                bad.append((line, "quality", value.field))
            elif isinstance(number, str):
                bad.append((line, number, value.field))
            else:
                device = cells.get("device", "").strip()
                found.append((f"{device}/{value.field}" if device else value.field, time, repr(number)))
    return found, sorted(bad), missing


def slow_time(text: str, form: str) -> int | None:
    """Of the few texts that the tables have: whole ones, cut ones and nonsense."""
    try:
        if form == "epoch-ms":
            return int(text) * 1000
        moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
    except ValueError:
        return None
    return (moment.replace(tzinfo=UTC) - timedelta(hours=2) - EPOCH) // timedelta(microseconds=1)


def slow_value(text: str, value: ValueLayout, layout: Layout) -> float | str | None:
    """A number, the reason of a reject, or None where it is missing."""
    text = text.strip()
    if text in {"", "NA"}:
        return None
    if value.unit and text.endswith(value.unit):
        text = text[: -len(value.unit)].strip()
    if text == "nan":
        return "not_finite"
    plain = text
    if layout.text.thousands and re.fullmatch(r"[+-]?\d{1,3}(.\d{3})+(.\d*)?", text):
        plain = text.replace(layout.text.thousands, "")
    if "." in plain and layout.text.decimal == ",":
        return "value"
    if "," in plain and layout.text.decimal == ".":
        return "value"
    try:
        number = float(plain.replace(",", "."))
    except ValueError:
        return "value"
    return None if number == -999 else number


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), st.sampled_from([64, 300, 8 * 1024 * 1024]), st.booleans())
def test_a_table_by_a_layout_is_what_a_slow_reader_makes_of_it(made: Table, block_bytes: int, by_lines: bool) -> None:
    expected, bad, missing = slow(made)
    options = ReadOptions(block_bytes=block_bytes, batch_rows=3)
    with pytest.MonkeyPatch.context() as patch:
        if by_lines:  # both sides must not use the fast way
            patch.setattr(table.CsvTable, "_whole", lambda *_: None)
        found = batches(made.stored, made.layout, options)
        assert readings(found) == expected
        assert rejects(found) == bad
        assert sum(batch.missing for batch in found) == missing
        for batch in found[:3]:  # and from the end of any batch
            rest = batches(made.stored, made.layout, options, batch.end)
            assert readings(rest) == expected[len(expected) - len(readings(rest)) :]
            before = [reading for one in found for reading in readings([one])][: len(expected) - len(readings(rest))]
            assert len(before) + len(readings(rest)) == len(expected)


# --- single cases


def layout_of(sensor: str = "{field}", *values: str, **text: object) -> Layout:
    return Layout(
        time=TimeLayout(("time",), timezone="UTC"),
        sensor=sensor,
        values=tuple(ValueLayout(name) for name in values or ("value",)),
        text=TextLayout(**text),  # type: ignore[arg-type]
    )


def test_python_reads_the_same_quotes() -> None:
    text = 'time,note,value\n2023-01-01 00:00:00,"a, ""b""",1\n2023-01-01 00:00:01,"x",2\n'
    expected = [float(row["value"]) for row in csv.DictReader(io.StringIO(text))]
    assert [float(value) for _, _, value in readings(batches(text.encode(), layout_of(), ReadOptions()))] == expected


def test_a_wrong_byte_in_a_column_that_is_read_rejects_its_row_alone() -> None:
    text = b"time,device,value,note\n2023-01-01,a,1,\xff\n2023-01-02,\xff,2,\n2023-01-03,c,3,\n"
    found = batches(text, layout_of("{device}"), ReadOptions())
    assert [(name, value) for name, _, value in readings(found)] == [("a", "1.0"), ("c", "3.0")]
    assert rejects(found) == [(3, "encoding", "")]


@pytest.mark.parametrize(
    ("layout", "text", "says"),
    [
        (layout_of("{device}"), "time,value\n", "needs a column 'device'"),
        (layout_of("{field}", "a", "b"), "time,c\n", "needs a column 'a'"),
        (replace(layout_of(), values=(ValueLayout("value", quality="flag"),)), "time,value\n", "needs a column 'flag'"),
        (layout_of(skip_until="^X_Value"), "time,value\n1,2\n", "No line matches"),
        (replace(layout_of(), preamble={"id": r"SN: (\d+)"}), "time,value\n1,2\n", "'id'"),
        (replace(layout_of(), path={"id": r"channel_(\d+)"}), "time,value\n1,2\n", "'id'"),
        (replace(layout_of(), time=TimeLayout(("time",), "%Q")), "time,value\n1,2\n", "%Q"),
        (replace(layout_of(), files=("*.dat",)), "time,value\n1,2\n", "No layout matches"),
    ],
)
def test_a_layout_that_does_not_fit_says_why(layout: Layout, text: str, says: str) -> None:
    with pytest.raises(FileError, match=re.escape(says)):
        batches(text.encode(), layout, ReadOptions())


@pytest.mark.parametrize("block_bytes", [40, 4096])
@pytest.mark.parametrize(
    ("header", "stops"),
    [
        ("time,temp,rh", False),
        ('"time","temp","rh"', False),
        ("time,temp,pressure", False),  # not read
        ("time,rh,temp", True),
        ("temp,time,rh", True),
        ("2023-01-01,time,5", False),  # a row
    ],
)
def test_a_header_with_other_names_in_the_middle_ends_the_file(header: str, stops: bool, block_bytes: int) -> None:
    rows = [f"2023-01-{day:02},{day},{day + 50}" for day in range(1, 11)]
    content = "\n".join(["time,temp,rh", *rows[:5], header, *rows[5:], ""]).encode()
    options = ReadOptions(block_bytes=block_bytes)
    if stops:
        with pytest.raises(FileError, match="other names from line 7 on"):
            batches(content, layout_of("{field}", "temp"), options)
        return
    expected = [f"{day}.0" for day in range(1, 11)]
    assert [value for *_, value in readings(batches(content, layout_of("{field}", "temp"), options))] == expected


def test_parts_of_the_path_and_of_the_preamble_name_the_sensor() -> None:
    layout = replace(
        layout_of("{file.folder}.{channel}.{serial}.{file.stem}", skip_lines=1),
        preamble={"serial": r"SN: (\d+)"},
        path={"channel": r"channel_(\d+)"},
    )
    found = batches(b"SN: 77\ntime,value\n2023-01-01,1\n", layout, ReadOptions(), name="s3://b/house/channel_3.dat.gz")
    assert readings(found)[0][0] == "house.3.77.channel_3"


def test_each_block_of_columns_has_its_own_time() -> None:
    layout = Layout(
        time=TimeLayout(("t1",), timezone="UTC"),
        values=(ValueLayout("a"), ValueLayout("b", time=("t2",))),
    )
    text = b"t1,a,t2,b\n2023-01-01,1,2023-02-01,2\n,,2023-02-02,3\n2023-01-02,4,,\n2023-01-03,5,,6\n"
    found = batches(text, layout, ReadOptions())
    assert [(name, time // 86_400_000_000 - 19358, value) for name, time, value in readings(found)] == [
        ("a", 0, "1.0"),
        ("b", 31, "2.0"),
        ("b", 32, "3.0"),
        ("a", 1, "4.0"),
        ("a", 2, "5.0"),
    ]
    assert rejects(found) == [(5, "time", "b")]
    assert sum(batch.missing for batch in found) == 2


def test_a_record_without_any_value_is_counted_also_where_values_have_their_own_times() -> None:
    layout = Layout(
        time=TimeLayout(("t1",), timezone="UTC"),
        form=Form.JSON,
        values=(ValueLayout("a"), ValueLayout("b", time=("t2",))),
    )
    text = b'{"t1": "2023-01-01", "a": 1}\n{"note": "nothing"}\n{"t2": "2023-02-01", "b": 2}\n{"b": 3}\n'
    found = batches(text, layout, ReadOptions(), name="a.jsonl")
    assert [(name, value) for name, _, value in readings(found)] == [("a", "1.0"), ("b", "2.0")]
    assert rejects(found) == [(4, "time", "b")]
    assert sum(batch.missing for batch in found) == 1


def test_only_a_part_of_a_cell_is_the_value() -> None:
    layout = replace(layout_of(), values=(ValueLayout("value", part=1, scale=0.1), ValueLayout("value", "q", part=2)))
    text = b'time,value\n2023-01-01,"+0198,1"\n2023-01-02,"+9999,9"\n2023-01-03,7\n'
    found = batches(text, replace(layout, missing=("+9999",)), ReadOptions())
    assert [(name, float(value)) for name, _, value in readings(found)] == [
        ("value", pytest.approx(19.8)),
        ("q", 1.0),
        ("q", 9.0),
        ("value", pytest.approx(0.7)),
    ]
    assert [reason for _, reason, _ in rejects(found)] == ["value"]


@pytest.mark.parametrize("delimiter", [",", "blanks"])
def test_the_doubled_hour_is_settled_for_each_value_of_a_wide_file(delimiter: str) -> None:
    sign = "," if delimiter == "," else "  "
    layout = Layout(
        time=TimeLayout(("time",), timezone="Europe/Berlin"),
        values=(ValueLayout("a"), ValueLayout("b")),
        text=TextLayout(delimiter=delimiter),
    )
    local = [f"2023-10-29T{hour}:{minute}" for hour in ("01", "02", "02", "03") for minute in ("00", "30")]
    lines = [f"{time}{sign}{number}{sign}{-number}" for number, time in enumerate(local)]
    found = batches((f"time{sign}a{sign}b\n" + "\n".join(lines) + "\n").encode(), layout, ReadOptions(batch_rows=3))
    first = datetime(2023, 10, 28, 23, tzinfo=UTC)
    expected = [
        (name, (first + timedelta(minutes=30 * number) - EPOCH) // timedelta(microseconds=1), repr(float(value)))
        for number in range(8)
        for name, value in (("a", number), ("b", -number))
    ]
    assert readings(found) == [(name, time, value.replace("-0.0", "0.0")) for name, time, value in expected]


LINES_WITH_THEIR_TIME_LAST = {
    "commas": (
        Layout(TimeLayout(("time",), timezone="UTC"), values=(ValueLayout("value"),)),
        ("value,time\n", "1,2016-01-01 00:00:00\n", "2,2016-01-01 01"),
    ),
    "blanks": (
        Layout(
            TimeLayout(("date", "time"), timezone="UTC"),
            values=(ValueLayout("value"),),
            text=TextLayout(delimiter="blanks", header=False, columns=("value", "date", "time")),
        ),
        ("", "1   2016-01-01  00:00:00\n", "2   2016-01-01  01:0"),
    ),
    "line protocol": (
        Layout(TimeLayout(("time",), "epoch-ns"), form=Form.LINE_PROTOCOL, values=(ValueLayout("value"),)),
        ("", "plant value=1 1668560400000000000\n", "plant value=2 16685604"),
    ),
    "line protocol in seconds": (
        Layout(TimeLayout(("time",), "epoch-s"), form=Form.LINE_PROTOCOL, values=(ValueLayout("value"),)),
        ("", "plant value=1 1668560400\n", "plant value=2 16685604"),
    ),
}


@pytest.mark.parametrize("case", LINES_WITH_THEIR_TIME_LAST)
@pytest.mark.parametrize("resumed", [False, True])
def test_a_cut_time_is_never_read_as_a_shorter_time(case: str, resumed: bool) -> None:
    layout, (header, row, cut) = LINES_WITH_THEIR_TIME_LAST[case]
    text = (header + row + cut).encode()
    start = Position(len(header + row), 2 + bool(header)) if resumed else None
    found = batches(text, layout, ReadOptions(settle_seconds=0), start)
    assert [value for _, _, value in readings(found)] == ([] if resumed else ["1.0"])
    assert [reason for _, reason, _ in rejects(found)] == ["time"]
    whole = batches(text + row[len(cut) :].encode(), layout, ReadOptions(settle_seconds=0), start)
    assert rejects(whole) == []


def test_a_header_that_is_being_written_waits() -> None:
    with pytest.raises(UnfinishedFileError):
        batches(b"time,val", layout_of(), ReadOptions(), modified=datetime.now(UTC))


def test_a_last_line_without_its_end_waits() -> None:
    text = b"time,value\n2023-01-01,1\n2023-01-02,2"
    assert len(readings(batches(text, layout_of(), ReadOptions(settle_seconds=0)))) == 2
    with pytest.raises(UnfinishedFileError):
        batches(text, layout_of(), ReadOptions(), modified=datetime.now(UTC))


@pytest.mark.parametrize(
    ("layout", "text", "note"),
    [
        (
            replace(layout_of(), time=TimeLayout(("time",), "%d.%m.%Y")),
            "time,value\n2023-01-01,1\n2023-01-02,2\n",
            "line 2: '2023-01-01' in time does not fit the format %d.%m.%Y",
        ),
        (
            layout_of(delimiter=";"),
            "time;value\n2023-01-01;1,5\n2023-01-02;2,5\n",
            "line 2: '1,5' in value is not a number with the layout's decimal sign, .",
        ),
        (layout_of("{field}", "value", "other"), "time,value\n2023-01-01,1\n", "there is no column 'other'"),
    ],
)
def test_a_layout_that_reads_nothing_says_what_was_expected(layout: Layout, text: str, note: str) -> None:
    notes = [note for batch in batches(text.encode(), layout, ReadOptions()) for note in batch.notes]
    assert any(found.startswith(note) for found in notes), notes


def test_the_unit_of_a_reading_stands_in_a_field_of_its_row() -> None:
    layout = Layout(
        time=TimeLayout(("time",)), sensor="{tag}", values=(ValueLayout("value", unit="K", unit_field="unit"),)
    )
    rows = [("a", "°C"), ("b", " bar "), ("c", ""), ("a", "°F"), ("a", "°C"), ("b", "bar")]
    stored = "time,tag,value,unit\n" + "".join(
        f"2023-05-07T0{at}:00Z,{tag},{at},{unit}\n" for at, (tag, unit) in enumerate(rows)
    )
    (batch,) = batches(stored.encode(), layout, ReadOptions(settle_seconds=0))
    assert dict(zip(batch.names, batch.units, strict=True)) == {"a": "°C", "b": "bar", "c": "K"}
    assert [batch.names[sensor] for sensor in batch.sensor.tolist()] == [tag for tag, _ in rows]
    (note,) = batch.notes
    assert "a has readings in °C and in °F" in note


def test_a_key_of_values_that_came_later_leaves_older_digests_as_they_were() -> None:
    # From the release before unit_field.
    assert layout_digest(Layout(time=TimeLayout(("t",)), values=(ValueLayout("v", unit="K"),))) == "8dd88c82e436"
    later = Layout(time=TimeLayout(("t",)), values=(ValueLayout("v", unit="K", unit_field="u"),))
    assert layout_digest(later) != "8dd88c82e436"

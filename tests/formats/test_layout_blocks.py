"""What a file gives does not depend on the blocks that it is read in, nor on how a block is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iotctl.formats import ReadOptions
from iotctl.formats.csv import table
from iotctl.formats.layouts.layout import BLANKS, Layout, QualityLayout, TextLayout, TimeLayout, ValueLayout
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
    """A file of a layout, of which nothing is known but that there is one answer."""

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


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
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

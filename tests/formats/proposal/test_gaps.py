"""Blank cells, and bytes that are not a table: nothing is misread."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.errors import FileError
from iotctl.formats import ReadOptions
from iotctl.formats.proposal.proposal import Hints
from tests.formats.proposal.test_families import look
from tests.formats.test_layouts import batches, readings

UTC = Hints(timezone="UTC")
START = datetime(2023, 1, 1)
NAMES = ["temp", "humidity", "pressure"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 2), max_size=2), min_size=12, max_size=30),
    st.booleans(),
    st.sampled_from([6, 9]),
)
def test_a_blank_cell_moves_no_value_into_another_column(blank: list[set[int]], is_aligned: bool, width: int) -> None:
    """Where blanks divide, and a cell is blank, what stands behind it is of its own column or of none."""
    pad = width if is_aligned else 0
    rows, expected = ["time      " + "".join(f" {name:>{width}}" for name in NAMES)], set()
    for at, gone in enumerate(blank):
        time = START + timedelta(days=at)
        numbers = [20.5 + at / 10, 40.5 + at, 1000.5 + at]
        cells = ["" if place in gone else str(number) for place, number in enumerate(numbers)]
        rows.append(f"{time:%Y-%m-%d}" + "".join(f" {cell:>{pad}}" for cell in cells))
        expected |= {(name, at, repr(number)) for name, number in zip(NAMES, numbers, strict=True)}
    content = ("\n".join(rows) + "\n").encode()
    try:
        layout = look(content, UTC).layout
    except FileError:
        return
    if layout is not None:
        found = batches(content, layout, ReadOptions(settle_seconds=0))
        first = 19358  # days from 1970 to START
        assert {
            (str(name).rpartition(".")[2], time // 86_400_000_000 - first, value)
            for name, time, value in readings(found)
        } <= expected
        assert sum(batch.rows_read for batch in found) >= len(blank)


def test_a_first_row_with_a_blank_cell_is_a_row() -> None:
    rows = [f"2023-01-{day:02} {'' if day % 9 == 1 else day + 0.5!s:>6} {day:>5}" for day in range(1, 29)]
    content = "\n".join(["time         temp   hum", *rows, ""]).encode()
    layout = look(content, UTC).layout
    assert layout is not None
    assert (layout.text.below_header, layout.text.short_rows) == (0, False)


def test_what_is_blank_at_the_end_of_rows_is_missing() -> None:
    rows = [f"2023-01-{day:02} {day + 0.5:>6} {'' if day % 9 == 3 else day + 0.25!s:>5}" for day in range(1, 29)]
    content = "\n".join(["time         temp   hum", *rows, ""]).encode()
    layout = look(content, UTC).layout
    assert layout is not None
    assert layout.text.short_rows


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400) | st.text('";,|\r\n\t 1.:-a\x00', max_size=200).map(str.encode))
def test_any_bytes_have_a_layout_or_an_error(content: bytes) -> None:
    with suppress(FileError):
        look(content, UTC)


@pytest.mark.parametrize("cell", ['"a\rb"', '"' + "x" * 200_000 + '"'])
def test_a_cell_that_the_standard_library_refuses_is_no_traceback(cell: str) -> None:
    rows = [f'2023-01-{day:02},{day}.5,"x"' for day in range(1, 29)]
    content = "\n".join(["time,temp,note", *rows, f"2023-01-29,1.5,{cell}", ""]).encode()
    proposal = look(content, UTC)
    assert proposal.layout is not None

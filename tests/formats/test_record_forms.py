"""Rules for every record form, tested on each; expected columns come from the written records."""

from __future__ import annotations

import bz2
import gzip
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotctl.errors import UnfinishedFileError
from iotctl.formats.bad_rows import reason_of
from iotctl.formats.options import ReadOptions
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile, Records
from iotctl.model import Position, RejectReason, StoredFile
from tests.record_forms import CASES, START, Case, Record, some_records

BLOCKS = (64, 300, 4096, 8 * 1024 * 1024)


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

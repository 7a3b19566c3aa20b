"""The last line of a file without a line end: it may not be complete yet."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import pyarrow as pa
import pytest

from iotctl.errors import UnfinishedFileError
from iotctl.formats import ReadOptions, read_batches
from iotctl.model import FileBatch, Position, StoredFile
from tests.formats.test_reader import A, B, rejects, rows

NOW = datetime(2020, 1, 1, tzinfo=UTC)
HEADER = "timestamp;sensor_uuid;sensor_value\n"
FIRST, SECOND = f"2016-01-01 00:00:00Z;{A};1.5\n", f"2016-01-01 00:01:00Z;{A};663.642"


def read(
    content: bytes, age_seconds: float, name: str = "a.csv", start: Position | None = None, settle: float = 60.0
) -> tuple[list[FileBatch], bool]:
    """The batches of a file that changed so long before it was listed, and whether its last line was left."""

    def open_at(offset: int) -> BinaryIO:
        return io.BytesIO(content[offset:])

    file = StoredFile(f"/d/{name}", len(content), "v", NOW - timedelta(seconds=age_seconds), NOW)
    found: list[FileBatch] = []
    try:
        for batch in read_batches(file, open_at, ReadOptions(settle_seconds=settle, block_bytes=100), start):
            found.append(batch)
    except UnfinishedFileError:
        return found, True
    return found, False


def values(found: list[FileBatch]) -> list[float]:
    return [value for _, _, value in rows(found)]


def test_a_last_line_without_end_waits_until_its_file_has_settled() -> None:
    content = (HEADER + FIRST + SECOND).encode()
    for age, settle, expected, is_open in (
        (0, 60, [1.5], True),
        (59.9, 60, [1.5], True),
        (-3600, 60, [1.5], True),  # a clock that is ahead
        (60, 60, [1.5, 663.642], False),
        (5, 3, [1.5, 663.642], False),
        (-3600, 0, [1.5, 663.642], False),  # the user says so
    ):
        found, left = read(content, age, settle=settle)
        assert (values(found), left) == (expected, is_open)
        assert (sum(batch.rows_read for batch in found), rejects(found)) == (len(expected), [])


def test_a_file_is_left_at_every_byte_and_goes_on_from_there() -> None:
    """Cut anywhere: no row that the whole file does not have, no reject; then the rest follows from the position."""
    whole = (HEADER + FIRST + SECOND + f"\n2016-01-01 00:02:00Z;{B};-1e3\n").encode()
    lines = [1.5, 663.642, -1000.0]
    for cut in range(len(whole) + 1):
        first, left = read(whole[:cut], 0)
        complete = whole[:cut].count(b"\n") - 1
        assert values(first) == lines[: max(complete, 0)], cut
        assert rejects(first) == []
        assert left == (cut > 0 and not whole[:cut].endswith(b"\n"))
        position = first[-1].end if first else Position()
        rest, left = read(whole, 0, start=position)
        assert values(first) + values(rest) == lines
        assert not left


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".xz", lzma.compress),
        (".zst", lambda content: bytes(pa.Codec("zstd").compress(content, asbytes=True))),
        ("", gzip.compress),
    ],
)
def test_a_packed_file_that_is_complete_is_finished(suffix: str, pack: Callable[[bytes], bytes]) -> None:
    found, left = read(pack((HEADER + FIRST + SECOND).encode()), 0, f"a.csv{suffix}")
    assert (values(found), left) == ([1.5, 663.642], False)


def test_a_text_under_the_name_of_a_packed_file_is_no_packed_file() -> None:
    found, left = read((HEADER + FIRST + SECOND).encode(), 0, "a.csv.gz")
    assert (values(found), left) == ([1.5], True)


def test_blanks_at_the_end_are_no_unfinished_line() -> None:
    found, left = read((HEADER + FIRST + " \r").encode(), 0)
    assert (values(found), left) == ([1.5], False)


def test_an_unfinished_wide_text_goes_on_too() -> None:
    whole = (HEADER + FIRST + SECOND + "\n").encode("utf-16")
    first, left = read(whole[:-5], 0)
    assert (values(first), left) == ([1.5], True)
    rest, left = read(whole, 0, start=first[-1].end)
    assert (values(rest), left) == ([663.642], False)


@pytest.mark.parametrize(
    ("time", "cuts"),
    [
        ("2016-01-01 00:07:30", ["2016-01-01 00:07", "2016-01-01 00", "2016-01-01 0", "2016-01-01", "2016-01-0"]),
        ("2016-01-01 00:07:30.250", ["2016-01-01 00:07:30.2", "2016-01-01 00:07:30"]),
        ("2016-01-01T00:07:30+02:00", ["2016-01-01T00:07:30+02", "2016-01-01T00:07:30", "2016-01-01T00:07"]),
        ("1451606400123", ["145160640012", "1451606400", "145160640"]),
        ('"2016-01-01 00:07:30"', ['"2016-01-01 00:07']),
    ],
)
def test_a_cut_time_is_never_read_as_a_shorter_time(time: str, cuts: list[str]) -> None:
    header = "sensor_uuid;sensor_value;timestamp\n"
    for cut in cuts:
        content = (header + f"{A};1;{time}\n" * 3 + f"{B};2;{cut}").encode()
        for start in (None, read(content, 0)[0][-1].end):
            found, left = read(content, 3600, start=start)
            assert 2.0 not in values(found)
            assert [line for line, _ in rejects(found)] == [5]
            assert not left
    found, _ = read((header + f"{A};1;{time}\n" * 3 + f"{B};2;{time}").encode(), 3600)
    assert values(found)[-1] == 2.0

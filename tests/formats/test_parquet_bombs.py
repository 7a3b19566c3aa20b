"""Small Parquet files that unpack into very large ones, with wrong footers, too: read within limits, or refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iotctl.formats.parquet import pages as parquet_pages
from iotctl.formats.parquet.footer import read_chunks
from tests.formats.test_bombs import A, read

MILLION = 1_000_000


# Newer versions of pyarrow end a page after 20,000 rows.
MORE_ROWS_A_PAGE = (
    {"max_rows_per_page": 40 * MILLION} if "max_rows_per_page" in inspect.signature(pq.write_table).parameters else {}
)


def constant(value: object, kind: pa.DataType, rows: int) -> pa.Array:
    """A column of one value, which costs no memory."""
    indices = pa.array(np.zeros(rows, dtype=np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array([value], kind))


def table(rows: int, value: pa.Array, time: pa.Array | None = None) -> pa.Table:
    moment = pa.array(np.full(rows, 1_451_606_400_000_000), pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "timestamp": moment if time is None else time,
            "sensor_uuid": constant(A, pa.string(), rows),
            "sensor_value": value,
            "other": constant("x" * 100_000, pa.string(), rows),  # it is never read
        }
    )


def floats(rows: int) -> pa.Array:
    return pa.array(np.zeros(rows))


def write_many_rows(path: Path) -> None:
    pq.write_table(table(20 * MILLION, floats(20 * MILLION)), path, row_group_size=20 * MILLION)


def write_nulls(path: Path) -> None:
    rows = 20 * MILLION
    pq.write_table(table(rows, pa.nulls(rows, pa.float64())), path, row_group_size=rows)


def write_repeated_text(path: Path) -> None:
    pq.write_table(table(4 * MILLION, constant("9" * 10_000, pa.string(), 4 * MILLION)), path)


def write_repeated_time(path: Path) -> None:
    rows = 4 * MILLION
    long = pa.DictionaryArray.from_arrays(
        pa.array(np.tile([0, 1], rows // 2).astype(np.int32)), pa.array(["2016-01-01", "2016-01-01" + " " * 40_000])
    )
    pq.write_table(table(rows, floats(rows), long), path, compression="zstd")


def write_large_page(path: Path) -> None:
    pq.write_table(
        table(40 * MILLION, floats(40 * MILLION)),
        path,
        row_group_size=40 * MILLION,
        use_dictionary=["sensor_uuid", "other"],
        data_page_size=2**30,
        write_batch_size=40 * MILLION,
        compression="zstd",
        **MORE_ROWS_A_PAGE,
    )


def write_large_dictionary(path: Path) -> None:
    texts = pa.array([f"{number:06}" + "x" * 4000 for number in range(20_000)])
    pq.write_table(table(20_000, texts), path, compression="zstd", dictionary_pagesize_limit=2**30)


def write_long_texts(path: Path) -> None:
    texts = pa.array([f"{number:06}" + "x" * 4000 for number in range(60_000)])
    pq.write_table(table(60_000, texts), path, compression="zstd", use_dictionary=["other"], data_page_size=64 * 1024)


def write_shared_beginnings(path: Path) -> None:
    texts = pa.array(["x" * 200_000 + f"{number:06}" for number in range(2000)])
    pq.write_table(
        table(2000, texts),
        path,
        compression="zstd",
        use_dictionary=["other"],
        column_encoding={"sensor_value": "DELTA_BYTE_ARRAY"},
    )


@pytest.mark.parametrize(
    ("write", "rows", "kept", "problem"),
    [
        (write_many_rows, 20 * MILLION, 0, ""),
        (write_nulls, 20 * MILLION, 1000, ""),
        (write_repeated_text, 0, 0, "repeats a text of 10000 bytes"),
        (write_repeated_time, 0, 0, "repeats a text of 40010 bytes"),
        (write_large_page, 0, 0, "has a page of"),
        (write_large_dictionary, 0, 0, "has a page of"),
        (write_long_texts, 0, 0, "MiB of text"),
        (write_shared_beginnings, 2000, 1000, ""),
    ],
)
def test_a_parquet_file_takes_little_memory_or_is_refused(
    tmp_path: Path, write: Callable[[Path], None], rows: int, kept: int, problem: str
) -> None:
    path = tmp_path / "bomb.parquet"
    write(path)
    assert path.stat().st_size < 8 * 1024 * 1024
    found, some, said = read(path)
    assert (found, some) == (rows, kept)
    assert problem in said


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_ordinary_files_are_read_in_every_form(
    tmp_path: Path, compression: str, version: str, use_dictionary: bool
) -> None:
    rows = 300_000
    times = pa.array(np.arange(rows) * MILLION + 1_451_606_400_000_000, pa.timestamp("us"))
    readings = pa.table(
        {
            "timestamp": times.cast(pa.string()),
            "sensor_uuid": pa.array([A] * rows),
            "sensor_value": pa.array(np.random.default_rng(1).normal(size=rows)).cast(pa.string()),
        }
    )
    path = tmp_path / "a.parquet"
    pq.write_table(
        readings,
        path,
        compression=compression,
        data_page_version=version,
        use_dictionary=use_dictionary,
        data_page_size=100_000,
        row_group_size=170_000,
    )
    assert read(path) == (rows, 0, "")


def test_every_page_is_looked_at_wherever_reads_are_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages that the watch sees are those that the file has, by pyarrow's own count of values."""
    path = tmp_path / "a.parquet"
    texts = pa.array([f"{number}" * 3 for number in range(50_000)])
    pq.write_table(pa.table({"a": texts}), path, data_page_size=3000, dictionary_pagesize_limit=50_000)
    content = path.read_bytes()
    told = pq.ParquetFile(path).metadata.row_group(0).column(0)
    start, size = told.dictionary_page_offset, told.total_compressed_size
    footer = content[-8 - int.from_bytes(content[-8:-4], "little") : -8]
    ((chunk,),) = read_chunks(footer, ["a"])
    assert (chunk.start, chunk.size, chunk.codec) == (start, size, told.compression)
    seen: list[int] = []

    def note(self: parquet_pages.ColumnWatch, header: parquet_pages._PageHeader) -> None:
        seen.append(0 if header.is_dictionary else header.values)

    monkeypatch.setattr(parquet_pages.ColumnWatch, "_check", note)
    for step in (1, 7, 1000, 65_536, size):
        seen.clear()
        watch = parquet_pages.ColumnWatch(chunk, "a.parquet")
        for at in range(start, start + size, step):
            watch.see(at, content[at : min(at + step, start + size)])
        # A dictionary that comes in parts is looked at anew with each of them.
        assert sum(seen) == len(texts)

"""The content of a file decides how it is read, not its name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iotctl.errors import FileError
from iotctl.formats import ReadOptions
from tests.formats.test_reader import A, B, batches, many_rows, rejects, rows

HEADER = "timestamp;sensor_uuid;sensor_value\n"
PLAIN = many_rows(3000, bad_every=501)


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def parquet(content: bytes) -> bytes:
    times, uuids, values = zip(*(line.split(";") for line in content.decode().splitlines()[1:]), strict=True)
    sink = io.BytesIO()
    pq.write_table(pa.table({"timestamp": times, "sensor_uuid": uuids, "sensor_value": values}), sink)
    return sink.getvalue()


def recoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda content: content.decode().encode(encoding)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.dat", "a", "a.parquet", "a.csv.bz2", "a.xz"])
@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        bz2.compress,
        lzma.compress,
        lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
        zstd,
        lambda content: gzip.compress(gzip.compress(content)),
        recoded("utf-8-sig"),
        recoded("utf-16"),
        recoded("utf-16-le"),
        recoded("utf-16-be"),
        lambda content: b"\xfe\xff" + content.decode().encode("utf-16-be"),
        recoded("utf-32"),
        lambda content: gzip.compress(content.decode().encode("utf-16")),
        parquet,
    ],
)
def test_the_rows_are_the_same_whatever_a_file_is_called_and_however_it_is_packed(
    name: str, pack: Callable[[bytes], bytes]
) -> None:
    expected = batches(PLAIN)
    options = ReadOptions(batch_rows=900, block_bytes=8000)
    found = batches(pack(PLAIN.encode()), options, name)
    assert rows(found) == rows(expected)
    # In Parquet the header is no line.
    shift = 1 if pack is parquet else 0
    assert [(line + shift, reason) for line, reason in rejects(found)] == rejects(expected)
    rest = batches(pack(PLAIN.encode()), options, name, found[0].end)
    assert rows(rest) == rows(found[1:])


def excel() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return sink.getvalue()


def archive() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", PLAIN)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (excel(), "Excel workbook"),
        (archive(), "zip archive"),
        (gzip.compress(archive()), "zip archive within gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "Excel workbook"),
        (b"<!DOCTYPE html>\n<html><body>Sign in</body></html>", "HTML"),
        (b"\xef\xbb\xbf <html>\n", "HTML"),
        (b'<?xml version="1.0"?>\n<a/>\n', "XML"),
        (b'{"timestamp": 1}\n', "JSON"),
        (b'[{"timestamp": 1}]\n', "JSON"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "PDF"),
        (gzip.compress(parquet(PLAIN.encode().replace(b"oops", b"1"))), "Parquet file within gzip"),
        (bytes(range(256)) * 9, "binary data"),
        (b"SQLite format 3\0" + bytes(100), "SQLite"),
        (b"ARROW1\0\0" + bytes(100), "Arrow"),
        (b"Obj\x01" + bytes(100), "Avro"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "Git LFS"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.csv.gz", "a"])
def test_what_cannot_be_read_is_named(content: bytes, words: str, name: str) -> None:
    with pytest.raises(FileError, match=words):
        batches(content, name=name)


def test_columns_may_have_names_like_the_signs_of_formats() -> None:
    for first in ("PAR1", "BZh9", "ORC", "<a>", "{x", "Obj", "PK"):
        content = f"{first};timestamp;sensor_uuid;sensor_value\n0;2016-01-01;{A};1\n"
        assert [value for _, _, value in rows(batches(content))] == [1.0]


# --- bytes of another encoding


def test_bytes_in_columns_that_nobody_reads_reject_no_row() -> None:
    lines = [f"2016-01-01 00:{number % 60:02}:00Z;{A};{number};Außen °C\n" for number in range(300)]
    header = "timestamp;sensor_uuid;sensor_value;Größe\n"
    expected = rows(batches(header + "".join(lines)))
    odd = {7: b"2016-01-01 00:00:00Z;" + A.encode() + b";7;\0\xff\n", 9: f'2016-01-01T00:00Z;{A};9;"ä;ö"\n'.encode()}
    content = [odd.get(number, line.encode("cp1252")) for number, line in enumerate(lines)]
    for block_bytes in (200, 1 << 20):
        found = batches(header.encode("cp1252") + b"".join(content), ReadOptions(block_bytes=block_bytes))
        assert [value for _, _, value in rows(found)] == [value for _, _, value in expected]
        assert rejects(found) == []


def test_bytes_that_are_no_text_in_wanted_columns_are_rejected() -> None:
    good = f"2016-01-01 00:00:00Z;{A};1;x\n".encode()
    bad = [
        f"2016-01-01 00:00:00Z;{B};1°;x\n".encode("latin-1"),
        b"2016\xff-01-01;" + A.encode() + b";1;x\n",
        b"2016-01-01;" + A.encode() + b"\0;1;x\n",
        b"2016-01-01;" + A.encode() + b'\xe4;"1";x\n',
    ]
    content = (HEADER.strip() + ";unit\n").encode() + b"".join(good * 20 + line for line in bad)
    for block_bytes in (100, 1 << 20):
        found = batches(content, ReadOptions(block_bytes=block_bytes))
        assert sum(batch.rows_read for batch in found) == 84
        assert rejects(found) == [(22 + 21 * number, "encoding") for number in range(4)]
    assert "1\\xb0" in found[0].rejects[0].text


def test_half_a_character_at_the_end_of_a_wide_text_is_a_reject() -> None:
    content = (HEADER + f"2016-01-01;{A};1\n2016-01-02;{A};2").encode("utf-16")
    found = batches(content[:-1])
    assert [value for _, _, value in rows(found)] == [1.0]
    assert rejects(found) == [(3, "encoding")]

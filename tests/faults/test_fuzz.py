"""Files with random damage, for a limited time: no crash, every line accounted for, the same rows at any cut."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import time
from collections.abc import Callable
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iotctl.errors import FileError
from iotctl.formats import ReadOptions
from tests.formats.test_reader import HEADER, batches, many_rows, rejects, rows

SECONDS = 20

ODD = [b"\0", b"\xff", b'"', b'""', b";", b";;", b"\r", b"\n\n", b"\r\n", b"nan", b"1e999", b",", b"\xef\xbb\xbf", b" "]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Content with a few things put in, taken out, doubled or changed."""
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 40])):
        at = chance.randrange(len(damaged) or 1)
        match chance.randrange(5):
            case 0:
                damaged[at : at + 1] = chance.randbytes(1)
            case 1:
                damaged[at:at] = chance.choice(ODD)
            case 2:
                del damaged[at : at + chance.choice([1, 10, 1000])]
            case 3:
                other = chance.randrange(len(damaged) or 1)
                damaged[at:at] = damaged[other : other + 200]
            case _:
                damaged[at : at + 1] = chance.choice(ODD)
    return bytes(damaged)


def test_no_damage_to_a_text_makes_the_reader_fail_or_lose_a_line() -> None:
    chance = random.Random(time.time_ns())
    deadline, tried = time.monotonic() + SECONDS, 0
    plain = many_rows(400).encode()
    while time.monotonic() < deadline:
        state = chance.getstate()
        body = damaged(plain[len(HEADER) :], chance)
        content = HEADER.encode() + body
        found = batches(content, ReadOptions(block_bytes=1 << 20))
        lines = sum(bool(line.strip(b" \t\r")) for line in body.split(b"\n"))
        context = f"chance.setstate({state!r})"
        assert sum(batch.rows_read for batch in found) == lines, context
        cut = batches(content, ReadOptions(block_bytes=chance.randrange(1, 5000), batch_rows=chance.randrange(1, 300)))
        assert list(map(repr, rows(cut))) == list(map(repr, rows(found))), context
        assert rejects(cut) == rejects(found), context
        tried += 1
    assert tried > 20


def parquet(content: bytes) -> bytes:
    times, uuids, values = zip(*(line.split(";") for line in content.decode().splitlines()[1:]), strict=True)
    sink = io.BytesIO()
    table = pa.table({"timestamp": times, "sensor_uuid": uuids, "sensor_value": list(map(float, values))})
    pq.write_table(table, sink, row_group_size=150)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("a.csv.gz", gzip.compress),
        ("a.csv.bz2", bz2.compress),
        ("a.csv.xz", lzma.compress),
        ("a.csv.zst", partial(pa.Codec("zstd").compress, asbytes=True)),
        ("a.parquet", parquet),
    ],
)
def test_no_damage_to_a_packed_file_makes_the_reader_fail_otherwise_than_by_saying_so(
    name: str, pack: Callable[[bytes], bytes]
) -> None:
    chance = random.Random(time.time_ns())
    packed = pack(many_rows(400).encode())
    deadline, tried, refused = time.monotonic() + SECONDS / 4, 0, 0
    while time.monotonic() < deadline:
        state = chance.getstate()
        try:
            batches(damaged(packed, chance), name=name)  # which holds each batch's balance itself
        except FileError:
            refused += 1
        except Exception as error:
            raise AssertionError(f"chance.setstate({state!r})") from error
        tried += 1
    assert refused > tried / 10

"""Big files of every record form: the memory of reading stays limited."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.record_forms import CASES, some_records, write_parquet

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells of memory as Linux does"),
]

MEGABYTE = 1024 * 1024
FILE_MEGABYTES, MOST_MEGABYTES = 80, 400  # the latter with Python and its libraries, some 130

READ = """
import os, re, sys
from pathlib import Path
from datetime import UTC, datetime
from iotctl.formats import ReadOptions
from iotctl.formats.records.forms import read_records
from iotctl.formats.records.records import RecordFile
from iotctl.model import Position, StoredFile
from tests.record_forms import CASES

path, form = sys.argv[1:]

def open_at(offset):
    file = open(path, "rb")
    file.seek(offset)
    return file

file = StoredFile(path, os.path.getsize(path), "v", datetime(2020, 1, 1, tzinfo=UTC))
source = RecordFile(file, open_at, CASES[form].layout, ReadOptions(), Position())
rows = sum(len(some.line) for some in read_records(source))
peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
print(rows, peak // 1024)
"""


def write_big(form: str, path: Path) -> int:
    """Write a big file of a form; returns its number of records."""
    records = some_records(2000)
    if form == "parquet":
        path.write_bytes(write_parquet(some_records(50_000) * 4))
        return 200_000
    content = CASES[form].write(records)
    if form == "json array":
        begin, end = content.index(b"[") + 1, content.rindex(b"}\n  ]") + 1
        times = FILE_MEGABYTES * MEGABYTE // len(content)
        path.write_bytes(content[:begin] + b",".join([content[begin:end]] * times) + content[end:])
    else:
        head = b"".join(content.splitlines(keepends=True)[: CASES[form].head])
        times = FILE_MEGABYTES * MEGABYTE // len(content)
        path.write_bytes(head + content[len(head) :] * times)
    return 2000 * times


@pytest.mark.parametrize("form", [form for form in CASES if form != "xlsx"])
def test_a_big_file_is_read_in_little_memory(form: str, tmp_path: Path) -> None:
    count = write_big(form, tmp_path / "big")
    ended = subprocess.run(
        [sys.executable, "-c", READ, tmp_path / "big", form], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    rows, megabytes = map(int, ended.stdout.split())
    assert rows == count
    assert megabytes < MOST_MEGABYTES

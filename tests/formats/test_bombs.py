"""Small files that unpack into very large ones: the cost stays limited, and every row is counted."""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells of memory as Linux does")

A = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e"
HEADER = b"timestamp;sensor_uuid;sensor_value\n"
MEGABYTE = 1024 * 1024

# The memory limit of a reader, with Python and its libraries.
MOST_MEGABYTES = 350
MOST_SECONDS = 60  # generous: other work may go on beside; each of these took minutes, or gigabytes

READ = """
import os, re, sys
from pathlib import Path
from datetime import UTC, datetime
from iotctl.errors import FileError
from iotctl.formats import ReadOptions, read_batches
from iotctl.model import StoredFile

def open_at(offset):
    file = open(sys.argv[1], "rb")
    file.seek(offset)
    return file

rows = kept = 0
problem = ""
file = StoredFile(sys.argv[1], os.path.getsize(sys.argv[1]), "v", datetime(2020, 1, 1, tzinfo=UTC))
try:
    for batch in read_batches(file, open_at, ReadOptions()):
        assert batch.rows_read == len(batch.time) + batch.rows_rejected
        rows, kept = rows + batch.rows_read, kept + len(batch.rejects)
except FileError as error:
    problem = error.message
# Not getrusage: a process begins with the peak of the one that started it.
peak = re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())
print(rows, kept, int(peak[1]) // 1024, problem)
"""


def read(path: Path) -> tuple[int, int, str]:
    """Rows, kept rejects and the problem of a file that a process of its own reads within the bounds."""
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, timeout=4 * MOST_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr
    rows, kept, megabytes, *problem = ended.stdout.split()
    assert int(megabytes) < MOST_MEGABYTES
    assert time.monotonic() - began < MOST_SECONDS
    return int(rows), int(kept), " ".join(problem)


@pytest.mark.parametrize(
    ("piece", "pieces", "rows", "kept"),
    [
        pytest.param(b"\n" * MEGABYTE, 300, 0, 0, id="line feeds"),
        pytest.param(b" \t\r\n" * (MEGABYTE // 4), 200, 0, 0, id="blanks"),
        pytest.param(b" " * MEGABYTE, 300, 0, 0, id="one blank line"),
        pytest.param(b"x\n" * (MEGABYTE // 2), 60, 60 * MEGABYTE // 2, 1000, id="wrong number of fields"),
        pytest.param(b";;\n" * (MEGABYTE // 3), 60, 60 * (MEGABYTE // 3), 1000, id="empty fields"),
        pytest.param(b'"";"";""\n' * (MEGABYTE // 9), 60, 60 * (MEGABYTE // 9), 1000, id="empty quotes"),
        pytest.param(b"\xff;\0\n" * (MEGABYTE // 5), 60, 60 * (MEGABYTE // 5), 1000, id="no text"),
        pytest.param(b"x" * MEGABYTE, 500, 1, 1, id="one line"),
        pytest.param(b'"' * MEGABYTE, 200, 1, 1, id="one line of quotes"),
        pytest.param(b"x" * (MEGABYTE - 1) + b"\n", 200, 200, 200, id="long lines"),
    ],
)
def test_a_packed_text_costs_little_whatever_it_unfolds_into(
    tmp_path: Path, piece: bytes, pieces: int, rows: int, kept: int
) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(HEADER)
        for _ in range(pieces):
            file.write(piece)
    assert read(path) == (rows, kept, "")


def test_blank_lines_before_the_header_cost_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(300):
            file.write(b"\n" * MEGABYTE)
        file.write(HEADER + f"2016-01-01;{A};1\nx\n".encode())
    assert read(path) == (2, 1, "")


def test_a_header_of_very_many_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(HEADER.strip() + b";x" * 300_000 + b"\n")
        for _ in range(50):
            file.write(b";" * 300_002 + b"\n")
    assert read(path) == (0, 0, "The header has 300003 columns; 10000 can be read.")

"""Files as in real folders: half written, temporary, with odd names, and full of nonsense."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import time
from pathlib import Path

import pytest

from iotctl.sources import StoreSettings
from iotctl.sources.s3 import S3Source
from tests.cli.conftest import Ended, Iotctl
from tests.store import S3Server

A = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e"
HEADER = "timestamp;sensor_uuid;sensor_value\n"
FIRST = f"2016-01-01 00:00:00Z;{A};1.5\n"
CUT = f"2016-01-01 00:01:00Z;{A};663.64"
WHOLE = f"2016-01-01 00:01:00Z;{A};663.642\n"


def values(iotctl: Iotctl) -> list[float]:
    """The loaded values, by time."""
    rows = iotctl("query", A, "2016-01-01", "2016-01-03", "--format", "json")
    return [row["sensor_value"] for row in json.loads(rows.stdout)] if rows.returncode == 0 else []


def summary(ended: Ended) -> dict[str, int]:
    found: dict[str, int] = json.loads(ended.stdout)
    assert found["rows_read"] == found["rows_loaded"] + found["duplicates"] + found["rejected"]
    return found


def test_a_half_written_last_line_is_no_reading_and_no_reject(iotctl: Iotctl, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(HEADER + FIRST + CUT)
    dry = iotctl("ingest", "log.csv", "--dry-run", "--json")
    read = json.loads(dry.stdout)
    assert (dry.returncode, read["rows_read"], read["files_unfinished"]) == (0, 1, 1)
    for expected in (1, 0):
        ended = iotctl("ingest", "log.csv", "--json")
        assert ended.returncode == 0
        assert "1 file ends in an unfinished line" in ended.stderr
        assert "--settle" in ended.stderr
        found = summary(ended)
        assert (found["files"], found["files_unfinished"], found["rows_read"]) == (0, 1, expected)
        assert values(iotctl) == [1.5]
    log.write_text(HEADER + FIRST + WHOLE)
    assert iotctl("ingest", "log.csv").returncode == 0
    assert values(iotctl) == [1.5, 663.642]
    assert iotctl("rejects").stdout == "file,line,reason,text\n"


def test_a_last_line_is_loaded_once_its_file_has_not_changed_for_a_while(iotctl: Iotctl, tmp_path: Path) -> None:
    """The version of the file stays the same meanwhile."""
    log = tmp_path / "log.csv"
    log.write_text(HEADER + FIRST + CUT)
    moment = time.time() - 30
    os.utime(log, (moment, moment))
    assert iotctl("ingest", ".").returncode == 0
    assert values(iotctl) == [1.5]
    ended = iotctl("ingest", ".", "--settle", "20s", "--json")
    assert (ended.returncode, summary(ended)["rows_read"], summary(ended)["files"]) == (0, 1, 1)
    assert values(iotctl) == [1.5, 663.64]
    assert summary(iotctl("ingest", ".", "--json"))["files_unchanged"] == 1
    (tmp_path / "other.csv").write_text(HEADER + CUT.replace("00:01", "00:02"))
    assert iotctl("ingest", "other.csv", "--settle", "0s").returncode == 0
    assert values(iotctl) == [1.5, 663.64, 663.64]
    assert iotctl("ingest", "other.csv", "--settle", "soon").returncode == 2


def test_the_same_holds_for_objects_and_a_packed_one_is_finished(iotctl: Iotctl, store: S3Server) -> None:
    store.put("growing", "t/a.csv", (HEADER + FIRST + CUT).encode())
    store.put("growing", "t/b.csv.gz", gzip.compress((HEADER + f"2016-01-02T00:00Z;{A};7").encode()))
    ended = iotctl("ingest", "s3://growing/t/", "--json")
    assert (ended.returncode, summary(ended)["files"], summary(ended)["files_unfinished"]) == (0, 1, 1)
    assert values(iotctl) == [1.5, 7.0]
    old = time.time() - 3600
    os.utime(store.root / "growing/t/a.csv", (old, old))
    assert iotctl("ingest", "s3://growing/t/").returncode == 0
    assert values(iotctl) == [1.5, 663.64, 7.0]


def test_a_watch_never_loads_half_a_value_of_a_slow_writer(
    environment: dict[str, str], iotctl: Iotctl, tmp_path: Path
) -> None:
    from tests.cli.test_watch import until, watching

    log = tmp_path / "log.csv"
    log.write_text(HEADER)
    expected = [number + 0.123 for number in range(40)]
    with watching("log.csv", environment, tmp_path, "--settle", "30s"):
        for number, value in enumerate(expected):
            line = f"2016-01-01 00:{number:02}:00Z;{A};{value}\n"
            for part in (line[:19], line[19:-4], line[-4:]):
                with log.open("a") as file:
                    file.write(part)
                time.sleep(0.05)
        until(lambda: len(values(iotctl)) == len(expected))
    assert values(iotctl) == expected
    assert iotctl("rejects").stdout == "file,line,reason,text\n"


# --- names


NOT_MEANT = [
    *("_temporary/0/_temporary/part-0.csv", ".ipynb_checkpoints/a-checkpoint.csv", "a/.hidden/b.csv", "_SUCCESS"),
    *(".a.csv.crc", "a.csv.crc", ".DS_Store", "Thumbs.db", "a/desktop.ini", "b_$folder$", "a.csv.part", "~$a.xlsx"),
    *("_delta_log/0.json", ".a.csv.Xy12", "a.csv.md5", "a.csv~", "_metadata.parquet"),
]


@pytest.mark.parametrize("where", ["local", "store"])
def test_hidden_files_and_markers_are_left_out_and_do_not_count(
    iotctl: Iotctl, tmp_path: Path, store: S3Server, where: str
) -> None:
    bucket = f"hidden-{where}"
    # The folder itself may be hidden: it is named.
    for name in NOT_MEANT:
        content = (HEADER + f"2016-01-02T00:00Z;{A};99\n").encode()
        store.put(bucket, f"_in/.t/{name}", content)
        (tmp_path / "_in/.t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_in/.t" / name).write_bytes(content)
    uri = "_in/.t" if where == "local" else f"s3://{bucket}/_in/.t/"
    ended = iotctl("ingest", uri, "--json")
    assert (ended.returncode, summary(ended)["files"], summary(ended)["files_skipped"]) == (0, 0, 0), ended.stderr
    for name, line in (("a.csv", FIRST), ("_year=2016/b.csv", WHOLE)):
        store.put(bucket, f"_in/.t/{name}", (HEADER + line).encode())
        (tmp_path / "_in/.t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "_in/.t" / name).write_text(HEADER + line)
    ended = iotctl("ingest", uri, "--json")
    assert (ended.returncode, summary(ended)["files"], summary(ended)["files_skipped"]) == (0, 2, 0), ended.stderr
    assert values(iotctl) == [1.5, 663.642]
    # Named, a hidden file is read.
    assert iotctl("ingest", f"{uri.rstrip('/')}/_temporary/0/_temporary/part-0.csv").returncode == 0
    assert values(iotctl) == [1.5, 663.642, 99.0]


def test_a_hidden_folder_that_may_not_be_read_ends_nothing(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "in" / "lost+found").mkdir(parents=True)
    (tmp_path / "in" / "lost+found").chmod(0)
    (tmp_path / "in" / "a.csv").write_text(HEADER + FIRST)
    try:
        assert iotctl("ingest", "in").returncode == 0
    finally:
        (tmp_path / "in" / "lost+found").chmod(0o700)
    assert values(iotctl) == [1.5]


def test_a_file_that_is_named_is_read_whatever_its_suffix(iotctl: Iotctl, tmp_path: Path, store: S3Server) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "data.dat").write_text(HEADER + FIRST)
    store.put("named", "t/stream-1-2016-01-01-00-00-00", gzip.compress((HEADER + WHOLE).encode()))
    left_out = iotctl("ingest", "in", "--json")
    assert (left_out.returncode in (1, 3), summary(left_out)["files_other"]) == (True, 1)
    assert ".csv .tsv .txt" in left_out.stderr
    assert ".parquet" in left_out.stderr
    assert "--manifest" in left_out.stderr
    assert iotctl("ingest", "in/data.dat").returncode == 0
    assert values(iotctl) == [1.5]
    assert iotctl("ingest", "s3://named/t/").returncode != 0
    assert iotctl("ingest", "s3://named/t/stream-1-2016-01-01-00-00-00").returncode == 0
    assert values(iotctl) == [1.5, 663.642]
    (tmp_path / "in" / "more.log").write_text(HEADER + f"2016-01-02T00:00Z;{A};7\n")
    (tmp_path / "names.txt").write_text("more.log\n")
    assert iotctl("ingest", "in", "--manifest", "names.txt").returncode == 0
    assert values(iotctl) == [1.5, 663.642, 7.0]
    (tmp_path / "page.csv").write_text("<html><body>Please sign in</body></html>")
    refused = iotctl("ingest", "page.csv")
    assert refused.returncode == 1
    assert "HTML" in refused.stderr


def test_objects_with_a_content_encoding_are_read(iotctl: Iotctl, store: S3Server) -> None:
    """As browsers and log shippers store them: gzip under the name of the text."""
    store.put("encoded", "t/.keep", b"")
    S3Source(StoreSettings(store.endpoint_url, store.access_key, store.secret_key, "us-east-1"))._client.put_object(
        Bucket="encoded",
        Key="t/a.csv",
        Body=gzip.compress((HEADER + FIRST).encode()),
        ContentEncoding="gzip",
        ContentType="text/csv",
    )
    assert iotctl("ingest", "s3://encoded/t/").returncode == 0
    assert values(iotctl) == [1.5]


# --- rejects


def test_the_first_rejects_of_a_file_are_kept_and_the_others_counted(iotctl: Iotctl, tmp_path: Path) -> None:
    bad = "".join("x\n" if number % 3 else f"never;{A};1\n" for number in range(3000))
    (tmp_path / "bad.csv").write_text(HEADER + FIRST + bad)
    ended = iotctl("ingest", "bad.csv", "--json")
    assert (ended.returncode, summary(ended)["rejected"], summary(ended)["rows_loaded"]) == (3, 3000, 1)
    listed = iotctl("rejects")
    kept = list(csv.DictReader(io.StringIO(listed.stdout)))
    assert [int(row["line"]) for row in kept] == list(range(3, 1003))
    assert "2000 more rows were not loaded" in listed.stderr
    counted = json.loads(iotctl("rejects", "--count", "--format", "json").stdout)
    assert [(row["reason"], row["rows"], row["kept"]) for row in counted] == [
        ("fields", 2000, 666),
        ("time", 1000, 334),
    ]
    assert json.loads(iotctl("status", "--json").stdout)["rejects"] == 3000
    (tmp_path / "all.csv").write_text(HEADER + FIRST + bad)
    assert iotctl("ingest", "all.csv", "--keep-rejects", "5000").returncode == 3
    assert iotctl("rejects", "--file", "all.csv").stdout.count("\n") == 3001


@pytest.mark.parametrize("reason", ["fields", "sensor"])
def test_rejects_are_listed_for_a_reason_with_those_that_are_not_kept(
    iotctl: Iotctl, tmp_path: Path, reason: str
) -> None:
    (tmp_path / "bad.csv").write_text(HEADER + "x\n" * 10 + "2016-01-01;y;1\n" * 10)
    assert iotctl("ingest", "bad.csv", "--keep-rejects", "4").returncode in (1, 3)
    (counted,) = json.loads(iotctl("rejects", "--count", "--reason", reason, "--format", "json").stdout)
    assert (counted["rows"], counted["kept"]) == (10, 4 if reason == "fields" else 0)

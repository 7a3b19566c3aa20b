"""Which files ingest takes: by time, name, number, and from a manifest."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Ended, Iotctl
from tests.obvious import HEADER, SENSORS
from tests.store import S3Server


def content(number: int) -> bytes:
    return (HEADER + f"2016-01-01T00:{number:02}Z;{SENSORS[0]};{number}\n").encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six files, 2015/0.csv to 2016/5.csv, each modified on the first of a month: January to June 2020, at noon UTC."""
    for number in range(6):
        path = tmp_path / "in" / f"{2015 + number // 3}" / f"{number}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number))
        moment = datetime(2020, number + 1, 1, 12, tzinfo=UTC).timestamp()
        os.utime(path, (moment, moment))
    return tmp_path / "in"


def values(iotctl: Iotctl) -> list[float]:
    """What is loaded, by time; each file has its number as value."""
    rows = iotctl("query", SENSORS[0], "2016-01-01", "2016-01-02", "--format", "json")
    return [row["sensor_value"] for row in json.loads(rows.stdout)] if rows.returncode == 0 else []


def test_since_takes_files_modified_then_or_later(iotctl: Iotctl, folder: Path) -> None:
    # 14:00 in Berlin is noon UTC in May; a second later leaves that file out.
    assert iotctl("ingest", folder, "--since", "2020-05-01T14:00:01").returncode == 0
    assert values(iotctl) == [5]
    assert iotctl("ingest", folder, "--since", "2020-05-01 14:00").returncode == 0
    assert values(iotctl) == [4, 5]
    refused = iotctl("ingest", folder, "--since", "lately")
    assert (refused.returncode, refused.stdout) == (2, "")


def test_a_pattern_is_held_against_the_path_below_the_uri(iotctl: Iotctl, folder: Path, store: S3Server) -> None:
    assert iotctl("ingest", "in", "--pattern", "2015/[01].csv").returncode == 0
    assert values(iotctl) == [0, 1]
    assert iotctl("ingest", "in/2015", "--pattern", "2015/*").returncode == 0
    assert values(iotctl) == [0, 1]
    for number in (2, 3, 4):
        store.put("pattern", f"t/2016/{number}.csv", content(number))
    store.put("pattern", "2016/9.csv", content(9))
    assert iotctl("ingest", "s3://pattern/t/", "--pattern", "2016/[34]*").returncode == 0
    assert values(iotctl) == [0, 1, 3, 4]
    assert iotctl("ingest", "s3://pattern/", "--pattern", "*/2.csv").returncode == 0
    assert values(iotctl) == [0, 1, 2, 3, 4]


def test_a_limit_counts_the_files_that_are_not_loaded_yet(iotctl: Iotctl, folder: Path) -> None:
    dry = json.loads(iotctl("ingest", folder, "--limit-files", "4", "--dry-run", "--json").stdout)
    assert (dry["files"], dry["rows_read"]) == (4, 4)
    for expected in ([0, 1, 2, 3], [0, 1, 2, 3, 4, 5]):
        assert iotctl("ingest", folder, "--limit-files", "4").returncode == 0
        assert values(iotctl) == expected


def test_a_manifest_names_the_files_and_a_missing_one_is_a_failed_file(
    iotctl: Iotctl, folder: Path, store: S3Server, tmp_path: Path
) -> None:
    for number in (3, 4):
        store.put("manifest", f"t/{number} x.csv", content(number))
    lines = [
        "\ufeff# what is new",
        "",
        "3 x.csv\r",
        "3 x.csv",
        "s3://manifest/t/4 x.csv",
        "no/such.csv",
        str(folder / "2015/0.csv"),
    ]
    (tmp_path / "new.txt").write_text("\n".join(lines))
    ended = iotctl("ingest", "s3://manifest/t/", "--manifest", "new.txt", "--json")
    assert ended.returncode == 3, ended.stderr
    summary = json.loads(ended.stdout)
    assert (summary["files"], summary["files_failed"]) == (2, 2)
    # A path in a list of objects is an object below the URI.
    assert [failed["uri"] for failed in summary["failed"]] == [
        "s3://manifest/t/no/such.csv",
        f"s3://manifest/t/{folder}/2015/0.csv",
    ]
    assert values(iotctl) == [3, 4]
    (tmp_path / "local.txt").write_text(f"2015/1.csv\n{folder / '2016' / '5.csv'}\n")
    assert iotctl("ingest", "in", "--manifest", "local.txt").returncode == 0
    assert values(iotctl) == [1, 3, 4, 5]


def test_a_manifest_in_a_store_names_no_file_of_this_machine(iotctl: Iotctl, folder: Path, store: S3Server) -> None:
    store.put("foreign", "m.txt", f"2015/0.csv\nfile://{folder}/2015/1.csv\ns3://foreign/2.csv\n".encode())
    store.put("foreign", "2.csv", content(2))
    ended = iotctl("ingest", "in", "--manifest", "s3://foreign/m.txt", "--json")
    assert ended.returncode == 3
    assert [Path(failed["uri"]).name for failed in json.loads(ended.stdout)["failed"]] == ["0.csv", "1.csv"]
    assert values(iotctl) == [2]


@pytest.mark.parametrize(
    ("manifest", "code", "words"),
    [
        (None, 4, "none.txt"),
        (b"\xff\xfe0\n", 1, "UTF-8"),
        (b"a.csv\nb.csv\n", 4, "2 of 2 files"),
        (b"s3://bucket/0.csv\n" * 9, 5, "does not answer"),
    ],
)
def test_a_manifest_that_gives_nothing_ends_with_the_reason(
    iotctl: Iotctl, tmp_path: Path, manifest: bytes | None, code: int, words: str
) -> None:
    if manifest is not None:
        (tmp_path / "none.txt").write_bytes(manifest)
    ended: Ended = iotctl("ingest", ".", "--manifest", "none.txt", IOTCTL_S3_ENDPOINT_URL="http://127.0.0.1:9")
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr

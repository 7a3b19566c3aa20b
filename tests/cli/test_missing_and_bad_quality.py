"""Missing values and bad quality in a file with a layout: counted apart wherever rows are counted, and listed."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

from tests.cli.conftest import Ended, Iotctl

LAYOUT = """
sensor = "{device}/{field}"
missing = ["-999"]
[time]
fields = ["time"]
timezone = "UTC"
[quality]
field = "status"
good = ["ok"]
[[values]]
field = "temp"
unit = "°C"
[[values]]
field = "flow"
"""
# Twelve values: seven readings, two without a value, two of a row that is not ok, and one that is no number.
GOOD = "time,device,temp,flow,status\n2024-01-01T00:00,a,1,2,ok\n2024-01-01T00:10,a,,-999,ok\n"
BAD = "2024-01-01T00:20,a,5,6,fault\n"
REST = "2024-01-01T00:30,a,7,8,ok\n2024-01-01T00:40,a,9,{},ok\n2024-01-01T00:50,b,1,2,ok\n"


def rows(ended: Ended) -> list[dict[str, str]]:
    assert ended.returncode == 0, ended.stderr
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def test_every_value_has_one_ending_and_each_is_named_where_it_is_there(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "l.toml").write_text(LAYOUT)
    (tmp_path / "a.csv").write_text(GOOD + BAD + REST.format("wet"))
    how = ("--layout", "l.toml", "--settle", "0s")
    dry = json.loads(iotctl("ingest", "a.csv", *how, "--dry-run", "--json").stdout)
    ended = iotctl("ingest", "a.csv", *how, "--json", "--metrics", "m.prom")
    found = json.loads(ended.stdout)
    counts = {"rows_read": 12, "duplicates": 0, "conflicts": 0, "rejected": 1, "missing": 2, "bad_quality": 2}
    assert {name: found[name] for name in counts} == counts
    assert {name: dry[name] for name in counts} == counts
    assert (ended.returncode, found["rows_loaded"], dry["rows_loaded"]) == (3, 7, 0)
    assert (
        "12 rows read = 7 loaded + 0 duplicates + 0 conflicts + 1 rejected + 2 missing + 2 bad quality" in ended.stderr
    )
    (run,) = rows(iotctl("runs"))
    assert {name: int(run[name]) for name in counts} == counts
    endings = dict(re.findall(r'^iotctl_ingest_rows\{ending="(\w+)"\} (\d+)', (tmp_path / "m.prom").read_text(), re.M))
    assert (endings["missing"], endings["bad_quality"], sum(map(int, endings.values()))) == ("2", "2", 12)
    listed = rows(iotctl("rejects"))
    assert [(row["line"], row["field"], row["reason"]) for row in listed if row["reason"] == "value"] == [
        ("6", "flow", "value")
    ]
    assert {(row["line"], row["reason"]) for row in rows(iotctl("rejects", "--reason", "quality"))} == {
        ("4", "quality")
    }
    assert {(row["reason"], row["rows"]) for row in rows(iotctl("rejects", "--count"))} == {
        ("quality", "2"),
        ("value", "1"),
    }
    assert iotctl("verify", "a.csv").returncode == 0


def test_bad_quality_and_missing_values_alone_make_no_other_exit_code(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "l.toml").write_text(LAYOUT)
    (tmp_path / "a.csv").write_text(GOOD + BAD + REST.format(3))
    ended = iotctl("ingest", "a.csv", "--layout", "l.toml", "--settle", "0s")
    assert (ended.returncode, "rejects --reason quality" in ended.stderr) == (0, True), ended.stderr
    # A layout that gives no reading at all has failed, whatever its rows are called.
    (tmp_path / "b.csv").write_text(GOOD.partition("\n")[0] + "\n" + BAD)
    ended = iotctl("ingest", "b.csv", "--layout", "l.toml", "--settle", "0s")
    assert (ended.returncode, "none of 2 rows gave a reading" in ended.stderr) == (1, True), ended.stderr


def test_standard_files_look_as_ever(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "timestamp;sensor_uuid;sensor_value\nx\n2024-01-01T00:00Z;6f2c1d0a-1111-4222-8333-444455556666;1\n"
    )
    ended = iotctl("ingest", "a.csv")
    assert ("missing" in ended.stderr, "quality" in ended.stderr) == (False, False)
    assert iotctl("rejects").stdout.splitlines()[0] == "file,line,reason,text"

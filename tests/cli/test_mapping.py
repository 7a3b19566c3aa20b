"""load-mapping: names, units, limits and labels, for sensors with UUIDs and for sensors with text ids."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unicodedata import normalize
from uuid import UUID, uuid5

import pytest

from tests.cli.conftest import Iotctl

A, B = "6f2c1d0a-1111-4222-8333-444455556666", "6f2c1d0a-1111-4222-8333-444455556667"
NAMESPACE = UUID("5ef0a7a4-6a9c-5c0a-9d2c-0f6f6c1d2b11")


def sensors(iotctl: Iotctl, *options: str) -> list[dict[str, str]]:
    ended = iotctl("sensors", "--mapping", *options)
    assert ended.returncode == 0, ended.stderr
    return list(csv.DictReader(io.StringIO(ended.stdout)))


def load(iotctl: Iotctl, path: Path, content: str, *options: str) -> dict[str, object]:
    path.write_text(content)
    ended = iotctl("load-mapping", path, "--json", *options)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


def counts(summary: dict[str, object]) -> list[object]:
    return [summary[name] for name in ("sensors", "added", "renamed", "changed", "unchanged")]


def test_a_mapping_gives_names_units_limits_and_labels_and_sensors_shows_them(iotctl: Iotctl, tmp_path: Path) -> None:
    mapping = (
        "Sensor Name;sensor_uuid;Unit;low;HIGH;site;Asset;Line No\n"
        f"K 1;{A};°C;-40;125,5;Süd;Kessel 1;3\nK 2;{B};;;;;;\n"
    )
    assert counts(load(iotctl, tmp_path / "m.csv", mapping)) == [2, 2, 0, 0, 0]
    assert sensors(iotctl) == [
        {
            "sensor_name": "K 1",
            "sensor_uuid": A,
            "unit": "°C",
            "low": "-40.0",
            "high": "125.5",
            "Line No": "3",
            "asset": "Kessel 1",
            "site": "Süd",
        },
        dict.fromkeys(("unit", "low", "high", "Line No", "asset", "site"), "")
        | {"sensor_name": "K 2", "sensor_uuid": B},
    ]
    assert counts(load(iotctl, tmp_path / "m.csv", mapping)) == [2, 0, 0, 0, 2]
    # The output of sensors --mapping is a mapping with the same contents.
    assert counts(load(iotctl, tmp_path / "again.csv", iotctl("sensors", "--mapping").stdout)) == [2, 0, 0, 0, 2]
    assert [row["sensor_name"] for row in sensors(iotctl, "*2")] == ["K 2"]
    assert json.loads(iotctl("sensors", "--mapping", "--format", "json").stdout)[0]["high"] == 125.5


def test_a_column_that_is_not_there_leaves_and_an_empty_cell_takes_away(iotctl: Iotctl, tmp_path: Path) -> None:
    load(iotctl, tmp_path / "m.csv", f"sensor_name,sensor_uuid,unit,low,site\nK,{A},bar,1,North\n")
    assert counts(load(iotctl, tmp_path / "m.csv", f"sensor_uuid,high,line\n{A},9,7\n")) == [1, 0, 0, 1, 0]
    (row,) = sensors(iotctl)
    kept = {"sensor_name": "K", "unit": "bar", "low": "1.0", "high": "9.0", "line": "7", "site": "North"}
    assert row == kept | {"sensor_uuid": A}
    dry = load(iotctl, tmp_path / "m.csv", f"sensor_uuid,unit,high,site\n{A},,,\n", "--dry-run")
    assert (counts(dry), sensors(iotctl)) == ([1, 0, 0, 1, 0], [row])
    assert counts(load(iotctl, tmp_path / "m.csv", f"sensor_uuid,unit,high,site\n{A},,,\n")) == [1, 0, 0, 1, 0]
    (row,) = sensors(iotctl)
    assert row == {"sensor_name": "K", "sensor_uuid": A, "unit": "", "low": "1.0", "high": "", "line": "7"}
    (tmp_path / "m.csv").write_text(f"sensor_uuid,high\n{A},0.5\n")
    refused = iotctl("load-mapping", "m.csv")
    assert (refused.returncode, "Of K, low 1 is not below high 0.5" in refused.stderr) == (1, True), refused.stderr
    assert sensors(iotctl) == [row]


@pytest.mark.parametrize("column", ["sensor_id", "Sensor", "sensor_uuid"])
def test_a_text_id_is_the_sensor_that_files_call_so(iotctl: Iotctl, tmp_path: Path, column: str) -> None:
    wide = normalize("NFD", "pümp-7/temp")
    summary = load(iotctl, tmp_path / "m.csv", f"name,{column},unit\nPump 7,{wide},°C\n")
    assert counts(summary) == [1, 1, 0, 0, 0]
    (row,) = sensors(iotctl)
    assert row["sensor_uuid"] == str(uuid5(NAMESPACE, normalize("NFC", wide)))
    # It is found by both names, in both forms of their accents.
    for name in ("Pump 7", wide, normalize("NFC", wide)):
        assert iotctl("query", name, "2016-01-01", "2016-01-02").returncode == 0
    # Without a column of names the text is the name.
    load(iotctl, tmp_path / "m.csv", f"{column},unit\nfan 1,A\n")
    assert [row["sensor_name"] for row in sensors(iotctl)] == ["Pump 7", "fan 1"]


def test_text_ids_and_uuids_may_stand_together_where_the_column_says_so(iotctl: Iotctl, tmp_path: Path) -> None:
    assert counts(load(iotctl, tmp_path / "m.csv", f"sensor_id,unit\n{A},K\nfan,A\n")) == [2, 2, 0, 0, 0]
    (tmp_path / "m.csv").write_text(f"sensor_uuid,unit\n{A},K\nfan,A\n")
    refused = iotctl("load-mapping", "m.csv")
    assert (refused.returncode, "line 3: sensor" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("low", "warm", "line 3: value: low 'warm' is not a number"),
        ("low", "nan", "line 3: value: low 'nan'"),
        ("high", "1e999", "line 3: value: high '1e999'"),
        ("high", "1 2", "line 3: value: high '1 2'"),
        ("low;high", "5;5", "line 3: value: low 5 is not below high 5"),
        ("low;high", "7;-1", "line 3: value: low 7 is not below high -1"),
        # A comma that may set off thousands, and nothing that settles it.
        ("low", "1,234", "line 3: value: low '1,234'"),
        ("unit", "\udcb0C", "line 3: encoding"),
    ],
)
def test_a_bad_row_is_named_with_its_reason_and_nothing_is_loaded(
    iotctl: Iotctl, tmp_path: Path, header: str, row: str, problem: str
) -> None:
    empty = ";" * header.count(";")
    content = f"sensor_name;sensor_uuid;{header}\nK;{A};{empty}\nL;{B};{row}\n"
    (tmp_path / "m.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    ended = iotctl("load-mapping", "m.csv")
    assert (ended.returncode, problem in ended.stderr) == (1, True), ended.stderr
    assert sensors(iotctl) == []


def test_damaged_uuids_contradictions_and_files_that_are_no_mapping_are_refused(iotctl: Iotctl, tmp_path: Path) -> None:
    for content, words in (
        (f"sensor_id,unit\n{A[:-1]},K\n", "line 2: sensor"),
        (f"sensor_id,unit\n{A},K\n{A},A\n", "line 3 gives it another unit"),
        (f"sensor_id,site\n{A},N\n{A},S\n", "line 3 gives it another unit, limit or label"),
        ("name,sensor_id\nK,a\nK,b\n", "line 2: K = a, line 3: K = b"),
        (f"timestamp;sensor_uuid;sensor_value\n2016-01-01;{A};1\n", "sensor_name"),
        ("name;unit\nK;A\n", "sensor_uuid"),
        (f"sensor_name,sensor_uuid,unit,unit\nK,{A},1,2\n", "unit is in the header twice"),
        (f"sensor_name,sensor_uuid,Site,note,note\nK,{A},1,2,3\n", "note is in the header twice"),
    ):
        (tmp_path / "m.csv").write_text(content)
        ended = iotctl("load-mapping", "m.csv")
        assert (ended.returncode, words in ended.stderr) == (1, True), ended.stderr
    assert sensors(iotctl) == []
    # The same row twice is no contradiction.
    assert counts(load(iotctl, tmp_path / "m.csv", f"sensor_id,unit\n{A},K\n{A},K\n")) == [1, 1, 0, 0, 0]


def test_labels_that_are_no_text_are_left_out_and_told(iotctl: Iotctl, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes(f"sensor_name;sensor_uuid;note;site\nK;{A};Zürich;N\n".encode("latin-1"))
    ended = iotctl("load-mapping", "m.csv")
    assert (ended.returncode, "1 label left out: not UTF-8" in ended.stderr) == (0, True), ended.stderr
    assert sensors(iotctl) == [{"sensor_name": "K", "sensor_uuid": A, "unit": "", "low": "", "high": "", "site": "N"}]


def test_detect_holds_sensors_to_their_limits_and_names_their_units(iotctl: Iotctl, tmp_path: Path) -> None:
    noise = random.Random(1)
    values = [20 + noise.gauss(0, 0.3) for _ in range(600)]
    values[300:303] = [25.0, 24.5, 24.0]
    start = datetime(2016, 1, 1, tzinfo=UTC)
    rows = [f"{(start + timedelta(minutes=10 * row)).isoformat()};{A};{value}" for row, value in enumerate(values)]
    (tmp_path / "r.csv").write_text("\n".join(["timestamp;sensor_uuid;sensor_value", *rows, ""]))
    assert iotctl("ingest", "r.csv").returncode == 0
    load(iotctl, tmp_path / "m.csv", f"sensor_name,sensor_uuid,unit,low,high,site\nBoiler,{A},°C,,24.2,<North>\n")

    def detect(*options: str) -> dict[str, dict[str, str]]:
        ended = iotctl("detect", "Boiler", *options)
        assert ended.returncode == 0, ended.stderr
        return {row["kind"]: row for row in csv.DictReader(io.StringIO(ended.stdout))}

    found = detect("--plot", "b.svg", "--report", "all.html", "--save")
    assert found["limit"]["explanation"].startswith("2 readings above the limit of 24.2 °C, farthest at 25"), found
    assert found["limit"]["rows"] == "2"
    assert re.search(r"25(\.\d+)? °C where 20\.\d+ °C was expected, [45]\.\d+ °C above", found["spike"]["explanation"])
    assert re.search(r"\(usual: 1\d\.\d+ to 2\d\.\d+ °C\)", found["spike"]["explanation"])
    picture = (tmp_path / "b.svg").read_text()
    assert ">Boiler [°C]</text>" in picture
    assert "limits: up to 24.2 °C" in picture
    page = (tmp_path / "all.html").read_text()
    assert "<small>limits up to 24.2 °C; site &lt;North&gt;</small>" in page
    assert "Boiler [\\u00b0C]" in page
    # What is saved is listed so, too; and an option goes before the mapping.
    saved = csv.DictReader(io.StringIO(iotctl("anomalies", "Boiler").stdout))
    assert {row["kind"]: row["explanation"] for row in saved} == {
        kind: row["explanation"] for kind, row in found.items()
    }
    assert "limit" not in detect("--limits", ",30", "--plot", "b.svg")
    assert "limits: up to 30 °C" in (tmp_path / "b.svg").read_text()
    wide = detect("--limits", "19.9,", "--plot", "b.svg")["limit"]["explanation"]
    assert ("below the limit of 19.9 °C" in wide, "above" in wide) == (True, False)
    iotctl("query", "Boiler", "2016-01-01", "2016-01-02", "--plot", "q.svg")
    assert ">Boiler [°C]</text>" in (tmp_path / "q.svg").read_text()
    iotctl("query", "Boiler", "2016-01-01", "2016-01-02", "--every", "1h", "--agg", "count", "--plot", "q.svg")
    assert ">Boiler</text>" in (tmp_path / "q.svg").read_text()
    # Names and columns of a query are a promise.
    assert iotctl("query", "Boiler", "2016-01-01", "2016-01-02").stdout.splitlines()[0] == "timestamp,sensor_value"

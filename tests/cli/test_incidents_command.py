"""iotctl incidents: what is printed, on a plant of which the faults are known."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

import numpy as np
import pytest
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import Jsonb

from iotctl.repositories import Database
from tests import process
from tests.cli.conftest import Iotctl
from tests.conftest import new_database
from tests.fork_server import ForkServer
from tests.sensors import add_sensor
from tests.store import S3Server

ROWS = 4000


@pytest.fixture(scope="module")
def plant(
    postgres_server: Database, store: S3Server, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Three sensors of pump 7 that move one after the other, four of a gateway that is silent, and a lone spike."""
    with new_database(postgres_server) as database:
        add_plant(database)
        env = process.environment(database, store)
        detected = process.run(fork_server, ("detect", "--all", "--save"), env, tmp_path_factory.mktemp("plant"))
        assert detected.returncode == 0, detected.stderr
        yield database


@pytest.fixture
def postgres(postgres_server: Database, plant: Database) -> Iterator[Database]:
    """A copy of the plant's database."""
    with new_database(postgres_server, template=str(conninfo_to_dict(plant.dsn)["dbname"])) as database:
        yield database


def add_plant(postgres: Database) -> None:
    random = np.random.default_rng(5)
    with postgres.connect() as conn:
        course = random.normal(size=ROWS)
        for number in range(3):
            value = 20 + course + random.normal(size=ROWS)
            begin = 2000 + 2 * number
            value[begin : begin + 100] += 25
            sensor_id = add_sensor(conn, f"pump-7/{number}", value)
            labels = Jsonb({"asset": "pump 7", "gateway": "gw-1"})
            conn.execute("UPDATE sensor SET labels = %s WHERE sensor_id = %s", (labels, sensor_id))
        for number in range(4):
            value = random.normal(50, 1, ROWS)
            add_sensor(conn, f"tank/{number}", value[:3000])
            sensor_id = add_sensor(conn, f"tank/{number}", value[3060:], first_row=3060)
            labels = Jsonb({"asset": f"tank {number}", "gateway": "gw-2"})
            conn.execute("UPDATE sensor SET labels = %s WHERE sensor_id = %s", (labels, sensor_id))
        value = random.normal(5, 1, ROWS)
        value[1000] += 30
        add_sensor(conn, "alone", value)


def test_incidents_name_where_it_began_and_the_way_of_the_data(iotctl: Iotctl) -> None:
    ended = iotctl("incidents", "--format", "csv")
    assert ended.returncode == 0, ended.stderr
    lone, pump, gateway = csv.DictReader(ended.stdout.splitlines())
    assert (lone["origin"], lone["sensors"], lone["cause"]) == ("alone", "1", "plant")
    assert (pump["origin"], pump["names"]) == ("pump-7/0", "pump-7/0, pump-7/1, pump-7/2")
    assert pump["place"] == "asset pump 7"
    # Row 2000 of 10 minutes after 2015-01-01 UTC, in Berlin.
    assert pump["sentence"] == (
        "3 sensors of asset pump 7 from 2015-01-14 22:20 on, pump-7/0 first (shift);"
        " pump-7/1 after 20 min, pump-7/2 after 40 min"
    )
    assert (gateway["cause"], gateway["place"], gateway["sensors"]) == ("data path", "gateway gw-2", "4")
    assert gateway["sentence"].startswith("4 sensors of gateway gw-2 silent at the same time, from 2015-01-21 20:50 on")


def test_an_incident_is_the_same_in_every_range_that_shows_it(iotctl: Iotctl) -> None:
    def listed(*options: str) -> list[dict[str, object]]:
        ended = iotctl("incidents", "list", "--format", "json", *options)
        assert ended.returncode == 0, ended.stderr
        found: list[dict[str, object]] = json.loads(ended.stdout)
        return found

    everything = listed()
    assert listed("--start", "2015-01-12", "--end", "2015-01-16") == everything[1:2]
    assert listed("--min-sensors", "2") == everything[1:]
    assert listed("--min-severity", "99") == []
    assert listed("--limit", "1") == everything[:1]
    assert iotctl("detect", "--all", "--save").returncode == 0
    assert listed() == everything


def test_show_prints_the_events_by_the_id_of_the_incident_or_of_one_of_them(iotctl: Iotctl) -> None:
    incident = json.loads(iotctl("incidents", "--format", "json", "--min-sensors", "2").stdout)[0]
    ended = iotctl("incidents", "show", incident["incident_id"], "--format", "json")
    events = json.loads(ended.stdout)
    assert [event["sensor"] for event in events] == ["pump-7/0", "pump-7/1", "pump-7/2"]
    assert "3 sensors of asset pump 7" in ended.stderr
    assert iotctl("incidents", "show", events[2]["event_id"], "--format", "json").stdout == ended.stdout
    missing = iotctl("incidents", "show", "000000000000")
    assert missing.returncode == 4
    assert "iotctl incidents" in missing.stderr


def test_a_label_takes_an_event_out_of_its_incident(iotctl: Iotctl) -> None:
    lone = json.loads(iotctl("incidents", "--format", "json").stdout)[0]
    event = json.loads(iotctl("incidents", "show", lone["incident_id"], "--format", "json").stdout)[0]
    assert iotctl("anomalies", "label", event["event_id"], "false").returncode == 0
    left = json.loads(iotctl("incidents", "--format", "json").stdout)
    assert lone["incident_id"] not in [incident["incident_id"] for incident in left]
    again = json.loads(iotctl("incidents", "--format", "json", "--include-labelled").stdout)
    assert again[0]["incident_id"] == lone["incident_id"]

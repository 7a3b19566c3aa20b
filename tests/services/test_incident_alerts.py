"""One alert for an incident: messages, rows for dashboards, and messages of a growing incident."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from psycopg.types.json import Jsonb

from iotctl.analysis import DetectOptions
from iotctl.model import Label
from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.services.detect.anomalies import label_events
from iotctl.services.detect.detect_task import Request
from iotctl.services.detect.fleet import choose_sensors
from iotctl.services.incidents.incident_alerts import incident_cards, refresh_incidents, with_news
from iotctl.services.incidents.notify import notify
from tests.sensors import STEP, add_sensor
from tests.services.test_fleet import run
from tests.webhook import Webhook

ROWS = 4000
ASKED = Request(DetectOptions(), notify=True)


@pytest.fixture
def conn(postgres: Database) -> Iterator[Connection]:
    with postgres.connect() as conn:
        ensure_schema(conn)
        yield conn


@pytest.fixture
def plant(conn: Connection) -> list[int]:
    """Ids of three sensors of pump 7 that move one after the other from row 2000 on, 20 minutes apart, and of one
    sensor with a spike at row 1000."""
    random = np.random.default_rng(5)
    course = random.normal(size=ROWS)
    ids = []
    for number in range(3):
        value = 20 + course + random.normal(size=ROWS)
        value[2000 + 2 * number : 2100 + 2 * number] += 25
        ids.append(add_sensor(conn, f"pump-7/{number}", value))
        conn.execute("UPDATE sensor SET labels = %s WHERE sensor_id = %s", (Jsonb({"asset": "pump 7"}), ids[-1]))
    value = random.normal(5, 1, ROWS)
    value[1000] += 30
    return [*ids, add_sensor(conn, "alone", value)]


def send(database: Database, url: str) -> int:
    return notify(url, database, choose_sensors(database, []), refresh_incidents(database, "UTC"), "UTC").events


def test_events_of_one_cause_are_one_message_and_single_ones_stay_as_they_are(
    postgres: Database, plant: list[int]
) -> None:
    run(postgres, ASKED, save=True)
    with Webhook() as hook:
        assert send(postgres, hook.url) == 4
        assert send(postgres, hook.url) == 0
    incident, single = (message for _, _, message in hook.requests)
    assert [event["sensor"] for event in incident["events"]] == ["pump-7/0", "pump-7/1", "pump-7/2"]
    assert [event["sensor"] for event in single["events"]] == ["alone"]
    assert "incident" not in single
    told = incident["incident"]
    assert told["sentence"] == (
        "3 sensors of asset pump 7 from 2015-01-14 21:20 on, pump-7/0 first (shift);"
        " pump-7/1 after 20 min, pump-7/2 after 40 min"
    )
    assert (told["origin"], told["cause"], told["place"], told["told"]) == ("pump-7/0", "plant", "asset pump 7", False)
    assert (told["sensors"], told["events"]) == (3, 3)
    assert told["names"] == ["pump-7/0", "pump-7/1", "pump-7/2"]


def test_an_incident_that_grows_says_so_and_sends_what_is_new_alone(
    postgres: Database, conn: Connection, plant: list[int]
) -> None:
    run(postgres, ASKED, names=["pump-7/0", "pump-7/1"], save=True)
    with Webhook() as hook:
        assert send(postgres, hook.url) == 2
        run(postgres, ASKED, names=["pump-7/2"], save=True)
        assert send(postgres, hook.url) == 1
    first, second = (message for _, _, message in hook.requests)
    assert first["incident"]["incident_id"] == second["incident"]["incident_id"]
    assert (first["incident"]["told"], second["incident"]["told"]) == (False, True)
    assert (first["incident"]["sensors"], second["incident"]["sensors"]) == (2, 3)
    assert [event["sensor"] for event in second["events"]] == ["pump-7/2"]


def test_a_refusal_leaves_the_rest_for_the_next_run(postgres: Database, plant: list[int]) -> None:
    run(postgres, ASKED, save=True)
    with Webhook([200, 400]) as hook:
        with pytest.raises(Exception, match="status 400"):
            send(postgres, hook.url)
        assert send(postgres, hook.url) == 1
    assert len(set(hook.event_ids)) == 4


def test_what_is_kept_is_what_is_grouped_now(postgres: Database, conn: Connection, plant: list[int]) -> None:
    (found,) = run(postgres, ASKED, names=["pump-7/2"], save=True)
    assert refresh_incidents(postgres, "UTC") == []
    run(postgres, ASKED, save=True)
    (incident,) = refresh_incidents(postgres, "UTC")
    rows = conn.execute(
        "SELECT incident_id, (extract(epoch FROM start_time) * 1000000)::bigint, sensors, events, origin, place,"
        " sentence FROM incident"
    ).fetchall()
    ((incident_id, start, *rest),) = rows
    assert (incident_id, int(str(start))) == (incident.incident_id, incident.start)
    assert rest[:4] == [3, 3, plant[0], "asset pump 7"]
    assert str(rest[4]).startswith("3 sensors of asset pump 7 from 2015-01-14 21:20 on")
    # What a run reports leads to its incident.
    assert with_news([incident], [(found.sensor, found.findings[0])]) == [incident]
    assert with_news([incident], []) == []
    (card,) = incident_cards([incident], "UTC")
    assert [sensor.sensor_name for sensor, _ in card.events] == ["pump-7/0", "pump-7/1", "pump-7/2"]
    assert card.events[1][1].start - card.events[0][1].start == 2 * STEP
    label_events(postgres, {incident.findings[0][1].event.event_id: Label.FALSE})
    label_events(postgres, {incident.findings[1][1].event.event_id: Label.FALSE})
    assert refresh_incidents(postgres, "UTC") == []
    assert conn.execute("SELECT count(*) FROM incident").fetchone() == (0,)

"""The ends of what people were told of: one message when an incident is over or withdrawn, and none again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from psycopg.types.json import Jsonb

from iotctl.errors import IotctlError
from iotctl.model import Label
from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.services.detect.anomalies import label_events
from iotctl.services.detect.fleet import choose_sensors
from iotctl.services.incidents.incident_alerts import refresh_incidents
from iotctl.services.incidents.notify import Told, notify
from tests.sensors import START, STEP, add_sensor
from tests.services.test_fleet import hourly, run
from tests.webhook import Webhook

ROWS = 2600
BEGIN = 2000


@pytest.fixture
def conn(postgres: Database) -> Iterator[Connection]:
    with postgres.connect() as conn:
        ensure_schema(conn)
        yield conn


def add_pump(conn: Connection, lasting: tuple[int, ...]) -> list[int]:
    """Sensors of pump 7 that move one after the other from row 2000 on, 20 minutes apart, each for so many rows."""
    random = np.random.default_rng(5)
    course = random.normal(size=ROWS)
    ids = []
    for number, rows in enumerate(lasting):
        value = 20 + course + random.normal(size=ROWS)
        first = BEGIN + 2 * number
        value[first : first + rows] += 25
        ids.append(add_sensor(conn, f"pump-7/{number}", value))
        conn.execute("UPDATE sensor SET labels = %s WHERE sensor_id = %s", (Jsonb({"asset": "pump 7"}), ids[-1]))
    return ids


def at_row(database: Database, url: str, row: int) -> Told:
    """What a scheduled run says that sees the readings before a row."""
    run(database, replace(hourly(START + row * STEP), notify=True), save=True)
    return notify(url, database, choose_sensors(database, []), refresh_incidents(database, "UTC"), "UTC")


def messages(hook: Webhook) -> list[dict[str, Any]]:
    return [message for _, _, message in hook.requests]


def take_back(conn: Connection, sensor_ids: list[int]) -> None:
    conn.execute(
        "UPDATE reading SET sensor_value = 20 + sin(extract(epoch FROM timestamp))"
        " WHERE sensor_id = ANY(%s) AND sensor_value > 33",
        (sensor_ids,),
    )


def test_an_incident_that_is_over_is_told_once(postgres: Database, conn: Connection) -> None:
    add_pump(conn, (100, 98, 96))
    with Webhook() as hook:
        assert at_row(postgres, hook.url, BEGIN + 95) == Told(3, 0)
        assert at_row(postgres, hook.url, BEGIN + 105) == Told(0, 0), "12 readings without it are asked for"
        assert at_row(postgres, hook.url, BEGIN + 140) == Told(0, 3)
        assert [at_row(postgres, hook.url, BEGIN + row) for row in (150, 590)] == [Told(0, 0)] * 2
    first, last = messages(hook)
    assert (first["incident"]["state"], last["incident"]["state"]) == ("open", "over")
    assert first["incident"]["incident_id"] == last["incident"]["incident_id"]
    assert last["incident"]["sentence"] == (
        "over since 2015-01-15 14:00: 3 sensors of asset pump 7 from 2015-01-14 21:20 on, pump-7/0 first (shift);"
        " pump-7/1 after 20 min, pump-7/2 after 40 min"
    )
    assert [event["goes_on"] for event in first["events"]] == [True] * 3
    assert {event["event_id"] for event in last["over"]} == set(hook.event_ids)
    assert (last["events"], last["withdrawn"]) == ([], [])


def test_what_is_sent_again_since_it_has_grown_tells_of_its_end_as_well(postgres: Database, conn: Connection) -> None:
    add_pump(conn, (100, 98, 96))
    with Webhook() as hook:
        assert at_row(postgres, hook.url, BEGIN + 40) == Told(3, 0)
        assert [at_row(postgres, hook.url, BEGIN + row) for row in (60, 150, 200)] == [
            Told(0, 0),
            Told(3, 0),
            Told(0, 0),
        ]
    first, last = messages(hook)
    assert (first["incident"]["state"], last["incident"]["state"]) == ("open", "over")
    assert [event["goes_on"] for event in last["events"]] == [False] * 3


def test_an_incident_is_not_over_while_one_of_its_sensors_goes_on(postgres: Database, conn: Connection) -> None:
    add_pump(conn, (40, 38, 120))
    with Webhook() as hook:
        assert at_row(postgres, hook.url, BEGIN + 36) == Told(3, 0)
        assert at_row(postgres, hook.url, BEGIN + 100) == Told(0, 0)
        assert at_row(postgres, hook.url, BEGIN + 150) == Told(1, 2)
        assert at_row(postgres, hook.url, BEGIN + 200) == Told(0, 0)
    _, grown, last = messages(hook)
    assert (grown["incident"]["state"], [event["sensor"] for event in grown["events"]]) == ("over", ["pump-7/2"])
    assert [event["sensor"] for event in last["over"]] == ["pump-7/0", "pump-7/1"]


def test_an_incident_that_is_none_is_withdrawn_once_and_told_again_if_it_comes_back(
    postgres: Database, conn: Connection
) -> None:
    ids = add_pump(conn, (20, 18, 16))
    with Webhook() as hook:
        at_row(postgres, hook.url, BEGIN + 60)
        take_back(conn, ids)
        assert at_row(postgres, hook.url, BEGIN + 75) == Told(0, 3)
        assert at_row(postgres, hook.url, BEGIN + 90) == Told(0, 0)
        conn.execute(
            "UPDATE reading SET sensor_value = 60 WHERE sensor_id = %s"
            " AND timestamp BETWEEN to_timestamp(%s) AND to_timestamp(%s)",
            (ids[0], (START + BEGIN * STEP) / 1e6, (START + (BEGIN + 15) * STEP) / 1e6),
        )
        assert at_row(postgres, hook.url, BEGIN + 105) == Told(1, 0)
    first, last, again = messages(hook)
    assert (last["incident"]["state"], last["events"], last["over"]) == ("withdrawn", [], [])
    assert last["incident"]["incident_id"] == first["incident"]["incident_id"]
    assert last["incident"]["sentence"].startswith(
        "withdrawn, because later readings show that it is usual: 3 sensors from 2015-01-14 21:20 on, pump-7/0 first"
    )
    assert all(event["explanation"].startswith("withdrawn, because later") for event in last["withdrawn"])
    assert [event["event_id"] for event in last["withdrawn"]] == hook.event_ids[:3]
    assert again["events"][0]["event_id"] == hook.event_ids[0]


def test_events_that_stand_alone_end_together_and_a_refusal_is_made_up_for(
    postgres: Database, conn: Connection
) -> None:
    random = np.random.default_rng(7)
    for name, first, rows in (("a", BEGIN, 100), ("b", BEGIN - 100, 10)):
        value = random.normal(20, 1, ROWS)
        value[first : first + rows] += 25
        add_sensor(conn, name, value)
    with Webhook([200, 400]) as hook:
        assert at_row(postgres, hook.url, BEGIN + 95) == Told(2, 0)
        take_back(conn, [2])
        with pytest.raises(IotctlError, match="status 400"):
            at_row(postgres, hook.url, BEGIN + 140)
        assert at_row(postgres, hook.url, BEGIN + 141) == Told(0, 2)
        assert at_row(postgres, hook.url, BEGIN + 142) == Told(0, 0)
    _, refused, last = messages(hook)
    assert "incident" not in last
    assert [event["sensor"] for event in refused["over"]] == ["a"]
    assert [event["sensor"] for event in last["over"]] == ["a"]
    assert [event["sensor"] for event in last["withdrawn"]] == ["b"]


def test_nobody_is_told_of_the_end_of_what_was_over_when_told_or_is_known_to_be_nothing(
    postgres: Database, conn: Connection
) -> None:
    add_pump(conn, (100, 98, 96))
    with Webhook() as hook:
        assert at_row(postgres, hook.url, BEGIN + 300) == Told(3, 0)
        assert at_row(postgres, hook.url, BEGIN + 400) == Told(0, 0)
    (only,) = messages(hook)
    assert only["incident"]["state"] == "over"


def test_a_label_ends_it_without_a_word(postgres: Database, conn: Connection) -> None:
    add_pump(conn, (100,))
    with Webhook() as hook:
        at_row(postgres, hook.url, BEGIN + 95)
        label_events(postgres, {hook.event_ids[0]: Label.EXPECTED})
        assert at_row(postgres, hook.url, BEGIN + 140) == Told(0, 0)

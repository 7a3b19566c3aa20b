"""A silent sensor is an event, which is told once and ends as a gap."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from iotctl.analysis import DetectOptions
from iotctl.model import Kind, Label
from iotctl.repositories import Connection, Database
from iotctl.services.detect.anomalies import label_events
from iotctl.services.detect.detect_task import Request
from iotctl.services.detect.fleet import choose_sensors
from iotctl.services.incidents.notify import notify
from tests.repositories.test_arrivals import add_batches
from tests.sensors import DAY, START, STEP, add_sensor, noise
from tests.services.test_fleet import Listener, hourly, run, stored
from tests.webhook import Webhook

ROWS_A_DAY = 144


@pytest.fixture
def fleet(conn: Connection) -> None:
    """Three sensors that go on for 30 days, and one that speaks on the first 10 and from day 20 on."""
    for name in ("a", "b", "c"):
        add_sensor(conn, name, noise(30 * ROWS_A_DAY, ord(name)))
    value = noise(30 * ROWS_A_DAY, 9)
    add_sensor(conn, "quiet", value[: 10 * ROWS_A_DAY])
    add_sensor(conn, "quiet", value[20 * ROWS_A_DAY :], first_row=20 * ROWS_A_DAY)


def test_a_silent_sensor_is_an_event_up_to_what_is_known_of_the_others(database: Database, fleet: None) -> None:
    end = START + 15 * DAY
    now = replace(hourly(end), context=30 * DAY)  # a scheduled run knows nothing of later readings
    found = {one.sensor.sensor_name: one.findings for one in run(database, now)}
    assert found["a"] == found["b"] == found["c"] == ()
    (only,) = found["quiet"]
    last = START + (10 * ROWS_A_DAY - 1) * STEP
    assert (only.event.kind, only.event.start, only.event.end) == (Kind.SILENT, last, end - STEP)
    # Within a range that begins after its last reading, too.
    late = run(database, replace(now, start=START + 12 * DAY), names=["a", "quiet"])
    assert [finding.event for finding in late[1].findings] == [only.event]
    # A look back knows that it spoke again.
    (_, past) = run(database, Request(DetectOptions(), end=end), names=["a", "quiet"])
    assert [(finding.event.kind, finding.event.end) for finding in past.findings] == [(Kind.GAP, START + 20 * DAY)]
    # Alone it is the newest that is known: it may be that nothing came at all.
    assert run(database, now, names=["quiet"])[0].findings == ()


def test_silence_is_told_once_and_ends_as_a_gap_under_the_same_id(database: Database, fleet: None) -> None:
    news, printed = 0, []
    for hour in (216, 240, 246, 252, 360, 480, 486, 504):
        listener = Listener()
        request = replace(hourly(START + hour * DAY // 24), notify=True)
        for found in run(database, request, save=True, listener=listener):
            news += found.new
            printed += [(hour, finding.event.kind, finding.event.end) for finding in found.findings]
    first, again = printed
    assert (first[0], first[1]) == (10 * 24 + 6, Kind.SILENT)
    assert again == (20 * 24 + 6, Kind.GAP, START + 20 * DAY)
    assert news == 1
    (event,) = [finding.event for finding in stored(database)]
    assert (event.kind, event.start, event.end) == (Kind.GAP, START + (10 * ROWS_A_DAY - 1) * STEP, START + 20 * DAY)


def test_silence_goes_on_in_what_is_stored_and_a_label_silences_it(database: Database, fleet: None) -> None:
    for day in (9, 11, 12):
        run(database, hourly(START + day * DAY), save=True)
    (event,) = [finding.event for finding in stored(database)]
    assert (event.kind, event.end) == (Kind.SILENT, START + 12 * DAY - STEP)
    label_events(database, {event.event_id: Label.EXPECTED})
    for names in ((), ("a", "quiet")):
        assert [len(one.findings) for one in run(database, hourly(START + 13 * DAY), names=names, save=True)] in (
            [0, 0, 0],
            [],
        )
    assert [finding.label for finding in stored(database)] == [Label.EXPECTED]


def test_people_are_notified_of_silence_once(postgres: Database) -> None:
    with postgres.connect() as conn:
        add_sensor(conn, "a", noise(3000))
        add_sensor(conn, "quiet", noise(2500))
    with Webhook() as hook:
        for row in (2400, 2600, 2700, 2990):
            run(postgres, replace(hourly(START + row * STEP), notify=True), save=True)
            notify(hook.url, postgres, choose_sensors(postgres, []))
    ((_, _, message),) = hook.requests
    (event,) = message["events"]
    assert (event["sensor"], event["kind"]) == ("quiet", "silent")
    assert event["explanation"].startswith("silent for ")


def test_silence_that_no_gap_goes_on_ends_at_the_next_reading(postgres: Database) -> None:
    with postgres.connect() as conn:
        add_sensor(conn, "a", noise(3000))
        sensor = add_sensor(conn, "b", noise(2500))
        run(postgres, hourly(START + 2520 * STEP), save=True)
        assert [finding.event.kind for finding in stored(postgres)] == [Kind.SILENT]
        # Readings that came late: the gap that is left is as long as its usual ones.
        add_sensor(conn, "b", noise(491), first_row=2509)
        conn.execute("UPDATE reading SET sensor_value = sensor_value WHERE sensor_id = %s", (sensor,))
    run(postgres, Request(DetectOptions()), save=True)
    (event,) = [finding.event for finding in stored(postgres)]
    assert (event.kind, event.end) == (Kind.GAP, START + 2509 * STEP)


def test_sensors_whose_files_have_not_come_yet_are_not_silent(postgres: Database) -> None:
    with postgres.connect() as conn:
        for name in ("a", "b", "c", "d"):
            add_sensor(conn, name, noise(1000, ord(name)))
        run(postgres, hourly(None), save=True)
        add_sensor(conn, "a", noise(1000), first_row=1000)
        assert [one.findings for one in run(postgres, hourly(None), save=True)] == [()]
        add_sensor(conn, "b", noise(1000), first_row=1000)
        found = {one.sensor.sensor_name: one.findings for one in run(postgres, hourly(None), save=True)}
    # Half of them have come: the others are late.
    assert {name: [finding.event.kind for finding in findings] for name, findings in found.items()} == {
        "b": [],
        "c": [Kind.SILENT],
        "d": [Kind.SILENT],
    }


def test_where_readings_come_all_the_time_all_sensors_may_be_silent(postgres: Database) -> None:
    now, hour = time.time_ns() // 1000, DAY // 24
    with postgres.connect() as conn:
        for name in ("a", "b"):
            add_sensor(conn, name, noise(2000, ord(name)), first_row=(now - 5 * hour - START) // STEP - 2000)
        assert [one.findings for one in run(postgres, Request(DetectOptions()))] == [(), ()]
        loaded = [now - n * hour for n in range(72, 4, -1)]
        add_batches(conn, loaded, [moment - hour // 30 for moment in loaded])
    found = run(postgres, Request(DetectOptions()), save=True)
    assert [[finding.event.kind for finding in one.findings] for one in found] == [[Kind.SILENT], [Kind.SILENT]]
    # Readings come each hour, and are an hour old by then: none is missed before that has happened twice.
    (event,) = (finding.event for finding in found[0].findings)
    assert event.end == pytest.approx(now - 2 * hour, abs=hour // 4)
    # The first scheduled run reports all that there is, the next one nothing.
    assert [len(one.findings) for one in run(postgres, hourly(None), save=True)] == [1, 1]
    assert run(postgres, hourly(None), save=True) == []

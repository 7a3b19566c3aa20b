"""The webhook: every event arrives, and without failures only once, whatever the server does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from iotctl.analysis import DetectOptions
from iotctl.errors import IotctlError, UsageError
from iotctl.model import Label
from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.services.detect.anomalies import label_events, stored_events
from iotctl.services.detect.detect_task import Request
from iotctl.services.detect.fleet import choose_sensors
from iotctl.services.incidents.notify import notify
from iotctl.services.incidents.webhook import check_url
from tests.sensors import START, STEP, add_sensor, noise, uuid_of
from tests.services.test_fleet import run
from tests.store import free_port
from tests.webhook import Webhook

ASKED = Request(DetectOptions(), notify=True)


@pytest.fixture
def conn(postgres: Database) -> Iterator[Connection]:
    with postgres.connect() as conn:
        ensure_schema(conn)
        yield conn


@pytest.fixture
def found(postgres: Database, conn: Connection) -> list[str]:
    """The ids of three events that a run with --notify has saved, by time."""
    value = noise(3000)
    value[[500, 1500, 2500]] += 30
    add_sensor(conn, "a", value)
    (only,) = run(postgres, ASKED, save=True)
    assert len(only.findings) == 3
    return [finding.event.event_id for finding in only.findings]


def send(database: Database, url: str) -> int:
    return notify(url, database, choose_sensors(database, [])).events


def test_events_arrive_as_json_once(postgres: Database, found: list[str]) -> None:
    with Webhook() as hook:
        assert send(postgres, hook.url) == 3
        assert send(postgres, hook.url) == 0
        run(postgres, ASKED, save=True)
        assert send(postgres, hook.url) == 0
    ((path, content_type, message),) = hook.requests
    assert (path, content_type) == ("/hooks/s3cr3t?token=hunter2", "application/json")
    assert hook.event_ids == found
    first = message["events"][0]
    assert (first["sensor"], first["sensor_uuid"], first["kind"], first["rows"]) == ("a", uuid_of("a"), "spike", 1)
    assert datetime.fromisoformat(first["start"]).timestamp() * 1e6 == START + STEP * 500
    assert first["low"] < first["expected"] < first["high"] < first["extreme"]
    assert "expected" in first["explanation"]


def test_a_server_that_fails_twice_gets_everything_in_the_end(postgres: Database, found: list[str]) -> None:
    with Webhook([503, 0]) as hook:
        assert send(postgres, hook.url) == 3
    assert hook.event_ids == found * 3


@pytest.mark.parametrize("answer", [400, 401, 301, 307])
def test_a_refusal_is_final_for_this_run_and_the_next_one_sends_it(
    postgres: Database, found: list[str], answer: int
) -> None:
    with Webhook([answer]) as hook:
        with pytest.raises(IotctlError, match=f"status {answer}") as caught:
            send(postgres, hook.url)
        assert len(hook.requests) == 1
        assert "hunter2" not in str(caught.value)
        assert "s3cr3t" not in str(caught.value)
        assert send(postgres, hook.url) == 3
    assert hook.event_ids == found * 2


def test_a_server_that_is_not_there_is_an_error_without_the_secret(postgres: Database, found: list[str]) -> None:
    with pytest.raises(IotctlError, match=r"http://127\.0\.0\.1 did not accept them: Connection refused") as caught:
        send(postgres, f"http://127.0.0.1:{free_port()}/s3cr3t")
    assert "s3cr3t" not in str(caught.value)
    with Webhook() as hook:
        assert send(postgres, hook.url) == 3


def test_many_events_travel_in_several_requests_and_those_that_arrived_stay_sent(
    postgres: Database, conn: Connection, found: list[str]
) -> None:
    conn.execute(
        "INSERT INTO anomaly (sensor_id, event_id, kind, start_time, end_time, readings, severity, score, extreme,"
        " expected, low, high, explanation, first_run, last_run, found_at, merged_into, over_budget, notify)"
        " SELECT sensor_id, 'x' || n, kind, start_time, end_time, readings, severity, score,"
        " extreme, expected, low, high, explanation, first_run, last_run, found_at, NULL, false, true"
        " FROM anomaly, generate_series(1, 247) AS n WHERE event_id = %s",
        (found[0],),
    )
    with Webhook([200, 404]) as hook:
        with pytest.raises(IotctlError):
            send(postgres, hook.url)
        assert send(postgres, hook.url) == 150
    assert [len(message["events"]) for _, _, message in hook.requests] == [100, 100, 100, 50]
    assert len(set(hook.event_ids)) == 250


def test_labelled_events_and_those_nobody_asked_to_be_told_of_are_not_sent(
    postgres: Database, conn: Connection, found: list[str]
) -> None:
    value = noise(3000, 2)
    value[100] += 30
    add_sensor(conn, "quiet", value)
    run(postgres, Request(DetectOptions()), names=["quiet"], save=True)
    label_events(postgres, {found[0]: Label.FALSE})
    label_events(postgres, {found[1]: Label.TRUE})
    with Webhook() as hook:
        send(postgres, hook.url)
    assert hook.event_ids == found[1:]


def test_what_is_over_the_budget_is_not_sent_until_a_run_with_a_larger_one(
    postgres: Database, conn: Connection
) -> None:
    value = noise(3000)
    value[[700, 800]] += [40, 20]
    add_sensor(conn, "a", value)
    run(postgres, Request(DetectOptions(), notify=True, alert_budget=1), save=True)
    with Webhook() as hook:
        assert send(postgres, hook.url) == 1
        run(postgres, Request(DetectOptions(), notify=True, alert_budget=2), save=True)
        assert send(postgres, hook.url) == 1
        starts = [event["start"] for _, _, message in hook.requests for event in message["events"]]
    assert [datetime.fromisoformat(text).timestamp() * 1e6 for text in starts] == [
        START + STEP * 700,
        START + STEP * 800,
    ]


def test_two_runs_that_notify_at_once_send_nothing_twice(postgres: Database, found: list[str]) -> None:
    with Webhook() as hook, ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: send(postgres, hook.url), range(4)))
    assert sorted(sent) == [0, 0, 0, 3]
    assert hook.event_ids == found
    with stored_events(postgres) as events:
        assert all(finding.notified_at is not None for _, finding in events)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://host/s3cr3t",
            "file:///etc/s3cr3t",
            "s3cr3t",
            "http:///s3cr3t",
            "http://host:s3cr3t/",
            "http://[s3cr3t",
        ),
        *("http://me:s3cr3t@host/", "http://host/ s3cr3t", "http://host/s3cr3t\r\nX: y", ""),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_url(url)
    assert "s3cr3t" not in str(caught.value)

"""Labels teach, in a real database: variants are not told, larger faults are, and all of it can be undone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from iotctl.analysis import DetectOptions, detect
from iotctl.errors import NotFoundError, UsageError
from iotctl.model import Event, Finding, Kind, Label
from iotctl.repositories import Connection, Database, ensure_schema
from iotctl.services.detect.anomalies import label_events, label_matching, stored_events
from iotctl.services.detect.detect_task import Request, SensorFindings
from iotctl.services.detect.fleet import choose_sensors, detect_fleet
from iotctl.services.detect.learned import forget, learned
from iotctl.workers.threads import Threads
from tests.bench.variants import make_variants
from tests.sensors import START, STEP, Floats, add_sensor, noise


@pytest.fixture
def conn(postgres: Database) -> Iterator[Connection]:
    with postgres.connect() as conn:
        ensure_schema(conn)
        yield conn


class Listener:
    def found(self, sensors: int, without_news: int) -> None: ...
    def finished(self, findings: SensorFindings) -> None: ...


def told(database: Database, *, save: bool = True) -> dict[str, list[Finding]]:
    """Sensor -> what a run reports of it."""
    request = Request(DetectOptions())
    with Threads(1) as threads:
        sensors = choose_sensors(database, ())
        found = detect_fleet(sensors, database, request, threads, Listener(), save=save)
        return {str(one.sensor.sensor_name): list(one.findings) for one in found}


def stored(database: Database) -> dict[str, Finding]:
    with stored_events(database) as events:
        return {finding.event.event_id: finding for _, finding in events}


def odd(value: Floats, at: int, height: float) -> Floats:
    value = value.copy()
    value[at] = 20 + height
    return value


@pytest.mark.faults  # a minute
def test_a_false_alarm_labelled_once_does_not_come_back_in_ten_variants(postgres: Database, conn: Connection) -> None:
    sensor = make_variants(Kind.SHIFT, 320)
    add_sensor(conn, "pump", sensor.value)
    assert sensor.time[0] == START
    before = [finding.event for finding in told(postgres)["pump"]]
    (first,) = sensor.event_at(sensor.spans[0], tuple(before))
    larger = sensor.event_at(sensor.spans[-1], tuple(before))
    assert len(before) >= 12
    label_events(postgres, {first.event_id: Label.FALSE})

    after = [finding.event.event_id for finding in told(postgres)["pump"]]
    assert after == [event.event_id for event in larger]
    kept_back = [finding for finding in stored(postgres).values() if finding.silenced]
    assert {finding.like for finding in kept_back if finding.label is None} == {first.event_id}
    (row,) = learned(postgres)
    assert (row.kind, row.kept_back) == (Kind.SHIFT, len(kept_back) - 1)
    assert row.times == pytest.approx(0.5, abs=0.01)

    forget(postgres, [first.event_id])
    again = {finding.event.event_id for finding in told(postgres, save=False)["pump"]}
    assert again == {event.event_id for event in before} - {first.event_id}
    assert learned(postgres) == []
    assert {finding.silenced for finding in stored(postgres).values()} == {True, False}  # its own label stays
    label_events(postgres, {first.event_id: Label.FALSE})
    label_events(postgres, {first.event_id: None})
    assert not any(finding.silenced for finding in stored(postgres).values())
    assert learned(postgres) == []


def borderline(least: float, most: float) -> tuple[Floats, Event]:
    """A series with a spike that comes by chance so many times a year, by detection of the plain series."""
    time = START + STEP * np.arange(4000)
    low, high = 3.0, 12.0
    for _ in range(20):
        value = odd(noise(4000, 3), 2000, (low + high) / 2)
        events = detect(time, value, DetectOptions(false_alarms=50.0)).events
        near = [event for event in events if event.start == time[2000]]
        if near and least < near[0].a_year <= most:
            return value, near[0]
        if near and near[0].a_year <= least:
            high = (low + high) / 2
        else:
            low = (low + high) / 2
    raise AssertionError("no such height")


def labelled_sensor(conn: Connection, name: str, labels: dict[str, str] | None = None) -> None:
    """A sensor with three spikes that are so unlike one another that none is kept back for another."""
    value = noise(4000, 7)
    for number, at in enumerate((500, 1540, 2580)):
        value[at] = 20 + 15 * 3**number
    sensor_id = add_sensor(conn, name, value)
    if labels:
        from psycopg.types.json import Jsonb

        conn.execute("UPDATE sensor SET labels = %s WHERE sensor_id = %s", (Jsonb(labels), sensor_id))


def test_a_false_alarm_makes_its_kind_less_sensitive_and_a_true_one_more(postgres: Database, conn: Connection) -> None:
    weak, event = borderline(0.55, 0.95)
    value = np.concatenate([weak, noise(10, 4)])
    value[300] += 40
    add_sensor(conn, "pump", value)
    found = {finding.event.start: finding.event for finding in told(postgres)["pump"]}
    strong = found[START + STEP * 300]
    assert event.start in found
    label_events(postgres, {strong.event_id: Label.FALSE})
    assert event.start not in {one.event.start for one in told(postgres)["pump"]}
    label_events(postgres, {strong.event_id: Label.TRUE})
    assert event.start in {one.event.start for one in told(postgres)["pump"]}


def test_a_label_that_makes_its_own_event_too_usual_hides_it_and_loses_nothing(
    postgres: Database, conn: Connection
) -> None:
    weak, event = borderline(0.55, 0.95)
    add_sensor(conn, "pump", weak)
    (finding,) = (one for one in told(postgres)["pump"] if one.event.start == event.start)
    label_events(postgres, {finding.event.event_id: Label.FALSE})
    with Threads(1) as threads:
        sensors = choose_sensors(postgres, ())
        for include in (False, True):
            request = Request(DetectOptions(), include_labelled=include)
            (found,) = detect_fleet(sensors, postgres, request, threads, Listener())
            assert [one.event.start for one in found.findings].count(event.start) == include
            assert found.silenced == (not include)


def test_a_true_verdict_tells_what_was_too_usual_before(postgres: Database, conn: Connection) -> None:
    weak, event = borderline(1.2, 1.8)
    value = np.concatenate([weak, noise(10, 4)])
    value[300] += 40
    add_sensor(conn, "pump", value)
    (strong,) = told(postgres)["pump"]
    label_events(postgres, {strong.event.event_id: Label.TRUE})
    assert event.start in {one.event.start for one in told(postgres)["pump"]}
    label_events(postgres, {strong.event.event_id: None})
    assert event.start not in {one.event.start for one in told(postgres, save=False)["pump"]}


def test_related_sensors_learn_less_and_others_nothing(postgres: Database, conn: Connection) -> None:
    labelled_sensor(conn, "a1", {"asset": "loop 1", "site": "north"})
    labelled_sensor(conn, "a2", {"asset": "loop 1", "site": "north"})
    labelled_sensor(conn, "b", {"asset": "loop 2", "site": "north"})
    spikes = [finding.event.event_id for finding in told(postgres)["a1"]]
    label_events(postgres, dict.fromkeys(spikes, Label.FALSE))
    times = {row.sensor.sensor_name: row.times for row in learned(postgres)}
    # 0.3 decades for each of three labels; a quarter of that reaches a2.
    assert times == {"a1": pytest.approx(10**-0.9), "a2": pytest.approx(10 ** (-0.9 / 4))}
    assert [row.kin for row in learned(postgres, "a2")] == [pytest.approx(-0.225)]
    assert all(not finding.silenced for finding in told(postgres, save=False)["a2"])


def test_labels_in_bulk_are_kept_together_or_not_at_all(postgres: Database, conn: Connection) -> None:
    labelled_sensor(conn, "pump_1")
    labelled_sensor(conn, "pump_2")
    found = told(postgres)
    ids = [finding.event.event_id for finding in found["pump_1"]]
    with pytest.raises(NotFoundError, match="nope"):
        label_events(postgres, {ids[0]: Label.TRUE, "nope": Label.TRUE})
    assert not any(finding.label for finding in stored(postgres).values())
    label_events(postgres, {ids[0]: Label.TRUE})
    middle = START + STEP * 2000
    labelled = label_matching(postgres, Label.EXPECTED, "pump_*", None, middle)
    assert [(sensor.sensor_name, finding.event.start) for sensor, finding in labelled] == [
        ("pump_1", START + STEP * 1540),
        ("pump_2", START + STEP * 500),
        ("pump_2", START + STEP * 1540),
    ]
    assert stored(postgres)[ids[0]].label is Label.TRUE
    assert len(label_matching(postgres, None, "*", None, None)) == 4
    assert not any(finding.label for finding in stored(postgres).values())
    with pytest.raises(NotFoundError):
        label_matching(postgres, Label.TRUE, "valve_*", None, None)
    with pytest.raises(NotFoundError):
        forget(postgres, [ids[0]])


def test_two_ids_of_one_event_cannot_have_two_verdicts(postgres: Database, conn: Connection) -> None:
    labelled_sensor(conn, "pump")
    first, second, _ = (finding.event.event_id for finding in told(postgres)["pump"])
    conn.execute("UPDATE anomaly SET merged_into = %s WHERE event_id = %s", (first, second))
    with pytest.raises(UsageError, match="two verdicts"):
        label_events(postgres, {first: Label.TRUE, second: Label.FALSE})
    ((_, finding),) = label_events(postgres, {first: Label.TRUE, second: Label.TRUE})
    assert (finding.event.event_id, finding.label) == (first, Label.TRUE)

"""Detection over a fleet in a real database: scheduled runs, ids, labels, an error of one sensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from iotctl.analysis import DetectOptions, detect
from iotctl.errors import NotFoundError, UnreachableError
from iotctl.model import Finding, Kind, Label
from iotctl.repositories import Connection, Database
from iotctl.services.detect.anomalies import label_events, stored_events
from iotctl.services.detect.detect_task import Request, SensorFindings
from iotctl.services.detect.fleet import choose_sensors, detect_fleet
from iotctl.workers.processes import Processes
from iotctl.workers.threads import Threads
from tests.sensors import DAY, START, STEP, add_sensor, noise
from tests.store import free_port

ROWS_A_DAY = 144
CONTEXT = 56 * DAY


class Listener:
    def __init__(self) -> None:
        self.sensors = self.without_news = 0
        self.done: list[str] = []

    def found(self, sensors: int, without_news: int) -> None:
        self.sensors, self.without_news = sensors, without_news

    def finished(self, findings: SensorFindings) -> None:
        self.done.append(str(findings.sensor.sensor_name))


def run(
    database: Database,
    request: Request,
    *,
    names: Sequence[str] = (),
    save: bool = False,
    workers: Processes | Threads | None = None,
    listener: Listener | None = None,
) -> list[SensorFindings]:
    with workers or Threads(1) as threads:
        sensors = choose_sensors(database, names)
        return list(detect_fleet(sensors, database, request, threads, listener or Listener(), save=save))


def hourly(end: int | None) -> Request:
    return Request(DetectOptions(), end=end, since_last=True, context=CONTEXT)


def stored(database: Database) -> list[Finding]:
    with stored_events(database) as events:
        return [finding for _, finding in events]


@pytest.fixture
def spiky(conn: Connection) -> int:
    """A sensor of 30 days with a spike on day 10."""
    value = noise(30 * ROWS_A_DAY)
    value[10 * ROWS_A_DAY] += 30
    return add_sensor(conn, "spiky", value)


def test_a_fleet_comes_in_the_order_of_names_with_what_analysis_finds(database: Database, conn: Connection) -> None:
    expected = {}
    for number in (3, 1, 2):
        value = noise(2000, number)
        value[500 * number] += 30
        add_sensor(conn, f"s{number}", value)
        found = detect(START + STEP * np.arange(2000), value).events
        expected[f"s{number}"] = [(e.kind, e.start, e.end, e.rows, e.explanation) for e in found]
    listener = Listener()
    workers = Processes(2)
    results = run(database, Request(DetectOptions()), workers=workers, listener=listener)
    assert listener.done == ["s1", "s2", "s3"]
    for result in results:
        events = [finding.event for finding in result.findings]
        assert [(e.kind, e.start, e.end, e.rows, e.explanation) for e in events] == expected[
            str(result.sensor.sensor_name)
        ]
        assert (result.readings, result.detection) == (2000, None)
    assert stored(database) == []


def test_one_sensors_trouble_does_not_touch_the_others(database: Database, conn: Connection) -> None:
    for name in ("a", "b", "c"):
        value = noise(2000)
        value[700] += 30
        add_sensor(conn, name, value)
    conn.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.sensor_id = (SELECT sensor_id FROM sensor WHERE sensor_name = 'b')"
        " THEN RAISE EXCEPTION 'no room for b'; END IF; RETURN NEW; END $$"
    )
    conn.execute("CREATE TRIGGER refuse BEFORE INSERT ON anomaly FOR EACH ROW EXECUTE FUNCTION refuse()")
    a, b, c = run(database, hourly(None), save=True)
    assert b.trouble is not None
    assert "no room for b" in b.trouble
    assert [len(a.findings), len(b.findings), len(c.findings)] == [1, 0, 1]
    assert a.trouble is c.trouble is None
    assert len(stored(database)) == 2
    conn.execute("DROP TRIGGER refuse ON anomaly")
    (again,) = run(database, hourly(None), save=True)
    assert (again.sensor.sensor_name, again.new) == ("b", 1)


def test_a_reading_that_nothing_can_be_made_of_is_its_sensors_trouble_alone(postgres: Database) -> None:
    with postgres.connect() as conn:
        for name in ("a", "b", "c"):
            sensor = add_sensor(conn, name, noise(500))
            if name == "b":
                conn.execute(
                    "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (%s, '12000-01-01Z', 1)",
                    (sensor,),
                )
    results = run(postgres, Request(DetectOptions()), save=True)
    assert [result.trouble is None for result in results] == [True, False, True]


def test_a_database_that_is_gone_ends_the_run(database: Database, spiky: int) -> None:
    sensors = choose_sensors(database, ["spiky"])
    gone = Database(f"postgresql://127.0.0.1:{free_port()}/x")
    with Threads(1) as threads, pytest.raises(UnreachableError):
        list(detect_fleet(sensors, gone, Request(DetectOptions()), threads, Listener()))


def test_sensors_are_chosen_once_by_name_uuid_or_pattern(database: Database, conn: Connection) -> None:
    for name in ("pump_1", "pump_2", "fan_1", "pumpX1"):
        add_sensor(conn, name)
    pump = choose_sensors(database, ["pump_1"])[0]
    chosen = choose_sensors(database, ["pump_1", "fan_1", pump.sensor_uuid.upper()])
    assert [sensor.sensor_name for sensor in chosen] == ["fan_1", "pump_1"]
    assert [sensor.sensor_name for sensor in choose_sensors(database, [], "pump_*")] == ["pump_1", "pump_2"]
    assert len(choose_sensors(database, [])) == 4
    with pytest.raises(NotFoundError, match="no_such"):
        choose_sensors(database, ["pump_1", "no_such"])
    with pytest.raises(NotFoundError, match="x\\*"):
        choose_sensors(database, [], "x*")


def test_saving_twice_keeps_each_event_once(database: Database, spiky: int) -> None:
    first = run(database, Request(DetectOptions()), save=True)[0]
    second = run(database, Request(DetectOptions()), save=True)[0]
    assert (first.new, second.new) == (1, 0)
    assert (
        [f.event for f in first.findings] == [f.event for f in second.findings] == [f.event for f in stored(database)]
    )


def test_limits_that_are_open_on_one_side_can_be_saved(database: Database, spiky: int) -> None:
    options = DetectOptions(limits=(float("-inf"), 40.0))
    (found,) = run(database, Request(options), save=True)
    assert {finding.event.kind for finding in found.findings} == {Kind.SPIKE, Kind.LIMIT}


def test_hourly_runs_give_an_event_that_goes_on_one_id_and_tell_it_when_new_and_when_over(
    database: Database, conn: Connection
) -> None:
    first_odd, rows = 25 * ROWS_A_DAY, 30 * ROWS_A_DAY
    value = noise(rows)
    value[first_odd : first_odd + 200] += 9
    add_sensor(conn, "a", value)
    ids, news, reports = set(), 0, []
    for row in range(first_odd - 60, first_odd + 400, 6):
        (found,) = run(database, hourly(START + STEP * row), save=True)
        ids |= {finding.event.event_id for finding in found.findings}
        news += found.new
        reports += [row - first_odd] * len(found.findings)
    assert news == 1
    assert len(ids) == 1
    first, last = reports
    assert 0 < first <= 6
    assert 200 + 12 <= last <= 200 + 30
    (event,) = [finding.event for finding in stored(database)]
    assert event.event_id in ids
    assert abs(event.start - (START + STEP * first_odd)) <= 12 * STEP
    assert abs(event.end - (START + STEP * (first_odd + 199))) <= 12 * STEP


def test_a_scheduled_run_agrees_with_one_over_everything(database: Database, conn: Connection) -> None:
    value = noise(60 * ROWS_A_DAY)
    for day in (5, 20, 41, 55):
        value[day * ROWS_A_DAY : day * ROWS_A_DAY + 20] += 12
    add_sensor(conn, "a", value)
    for day in range(30, 61):
        run(database, hourly(START + day * DAY), save=True)
    scheduled = [finding.event for finding in stored(database)]
    (whole,) = run(database, Request(DetectOptions()))
    assert [e.event_id for e in scheduled] == [finding.event.event_id for finding in whole.findings]
    assert len(scheduled) == 4
    assert whole.new == 0


def test_an_event_that_readings_take_back_is_withdrawn_by_a_run_that_asks_the_same(
    database: Database, conn: Connection
) -> None:
    value = noise(30 * ROWS_A_DAY)
    value[28 * ROWS_A_DAY] += 30
    sensor = add_sensor(conn, "a", value)
    (found,) = run(database, hourly(START + 29 * DAY), save=True)
    (event,) = [finding.event for finding in found.findings]
    conn.execute("UPDATE reading SET sensor_value = 20 WHERE sensor_id = %s AND sensor_value > 40", (sensor,))
    run(database, Request(DetectOptions(threshold=20)), save=True)
    assert [f.event.event_id for f in stored(database)] == [event.event_id], "another threshold asks another question"
    (after,) = run(database, hourly(START + 29 * DAY + 12 * STEP), save=True)
    assert after.findings == ()
    assert stored(database) == []
    with stored_events(database, withdrawn=True) as events:
        ((_, withdrawn),) = events
    assert (withdrawn.event, withdrawn.withdrawn_at is None) == (event, False)
    conn.execute(
        "UPDATE reading SET sensor_value = 50 WHERE sensor_id = %s AND timestamp = to_timestamp(%s)",
        (sensor, (START + 28 * DAY) / 1e6),
    )
    (again,) = run(database, hourly(START + 29 * DAY + 24 * STEP), save=True)
    assert again.findings == (), "it has been told already"
    assert [f.event.event_id for f in stored(database)] == [event.event_id]


def test_a_scheduled_run_leaves_out_sensors_without_new_readings(database: Database, conn: Connection) -> None:
    for name in ("a", "b"):
        add_sensor(conn, name, noise(1000))
    assert len(run(database, hourly(None), save=True)) == 2
    listener = Listener()
    assert run(database, hourly(None), save=True, listener=listener) == []
    assert (listener.sensors, listener.without_news) == (0, 2)
    add_sensor(conn, "b", noise(5, 2), first_row=1000)
    (only,) = run(database, hourly(None), save=True)
    assert only.sensor.sensor_name == "b"
    # Other parameters ask another question, which has not been answered yet.
    stricter = Request(DetectOptions(threshold=5), since_last=True, context=CONTEXT)
    assert len(run(database, stricter, save=True)) == 2


def test_a_scheduled_run_reads_the_context_alone(database: Database, conn: Connection) -> None:
    add_sensor(conn, "a", noise(30 * ROWS_A_DAY))
    run(database, hourly(START + 29 * DAY), save=True)
    request = Request(DetectOptions(), since_last=True, context=2 * DAY)
    (found,) = run(database, request, save=True)
    assert found.readings == 3 * ROWS_A_DAY + 1


def test_a_label_survives_and_silences_later_runs(database: Database, conn: Connection, spiky: int) -> None:
    (event,) = [f.event for f in run(database, Request(DetectOptions()), save=True)[0].findings]
    label_events(database, {event.event_id: Label.FALSE})
    (silent,) = run(database, Request(DetectOptions()), save=True)
    assert (silent.findings, silent.silenced) == ((), 1)
    (shown,) = run(database, Request(DetectOptions(), include_labelled=True), save=True)
    assert [f.label for f in shown.findings] == [Label.FALSE]
    assert [f.label for f in stored(database)] == [Label.FALSE]
    label_events(database, {event.event_id: Label.TRUE})
    assert len(run(database, Request(DetectOptions()))[0].findings) == 1
    label_events(database, {event.event_id: None})
    assert [f.label for f in stored(database)] == [None]
    with pytest.raises(NotFoundError, match="nothing"):
        label_events(database, {"nothing": Label.TRUE})


def test_a_label_on_an_event_that_was_merged_goes_to_the_longer_one(database: Database, conn: Connection) -> None:
    value = noise(12_000)
    value[1000:1010] += 12
    value[1500:1700] += 12
    sensor = add_sensor(conn, "a", value)
    first = [f.event.event_id for f in run(database, Request(DetectOptions()), save=True)[0].findings]
    assert len(first) == 2
    conn.execute(
        "UPDATE reading SET sensor_value = 32 + sensor_value - 20 WHERE sensor_id = %s AND timestamp >="
        " to_timestamp(%s) AND timestamp < to_timestamp(%s)",
        (sensor, (START + STEP * 1010) / 1e6, (START + STEP * 1500) / 1e6),
    )
    (only,) = run(database, Request(DetectOptions()), save=True)[0].findings
    assert only.event.event_id == first[1]
    assert len(stored(database)) == 1
    label_events(database, {first[0]: Label.EXPECTED})
    assert [(f.event.event_id, f.label) for f in stored(database)] == [(first[1], Label.EXPECTED)]


def test_the_budget_holds_over_scheduled_runs(database: Database, conn: Connection) -> None:
    value = noise(30 * ROWS_A_DAY)
    monday = 25 * ROWS_A_DAY  # 2015-01-26
    for day, height in enumerate((20, 30, 40, 50)):
        value[monday + day * ROWS_A_DAY] += height
    add_sensor(conn, "a", value)
    reported = []
    for day in range(25, 31):
        request = Request(DetectOptions(), end=START + day * DAY, since_last=True, context=CONTEXT, alert_budget=2)
        (found,) = run(database, request, save=True)
        reported += [finding.event.start for finding in found.findings if not finding.known]
    assert reported == [START + STEP * (monday + day * ROWS_A_DAY) for day in (0, 1)]
    (at_once,) = run(database, Request(DetectOptions(), alert_budget=2))
    assert [finding.event.start for finding in at_once.findings] == reported
    assert at_once.over_budget == 2
    assert len(stored(database)) == 4


def test_a_reference_period_outside_the_range_is_read_and_not_reported(database: Database, conn: Connection) -> None:
    value = noise(40 * ROWS_A_DAY)
    value[2 * ROWS_A_DAY] += 40  # in the reference period
    value[35 * ROWS_A_DAY] += 40
    add_sensor(conn, "a", value)
    options = DetectOptions(reference=(START, START + 10 * DAY))
    (found,) = run(database, Request(options, start=START + 20 * DAY))
    assert [finding.event.start for finding in found.findings] == [START + 35 * DAY]
    assert found.readings == 20 * ROWS_A_DAY
    (early,) = run(
        database, Request(DetectOptions(reference=(START + 30 * DAY, START + 34 * DAY)), end=START + 5 * DAY)
    )
    assert [finding.event.start for finding in early.findings] == [START + 2 * DAY]

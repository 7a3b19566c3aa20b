"""Watermarks: which sensors have readings that no run with these parameters has seen."""

from __future__ import annotations

from iotctl.model import HeldRun, SensorKind, SensorMemory
from iotctl.repositories import Connection
from iotctl.repositories.findings.detect_runs import DetectRunRepository
from tests.sensors import START, STEP, add_sensor, noise

ASKED: dict[str, object] = {"method": "piecewise", "limits": [None, 5.0]}

TAILS = {"point": (1.5, 2.25, 4.125), "level16": (0.1, 0.2, 0.3)}
RUNS = (HeldRun(0.1, 40, START), HeldRun(99.5, 12, START))
KNOWN = SensorMemory(
    START, 5000, SensorKind.SATURATING, TAILS, (24.0,), (HeldRun(0.1, 40, START), HeldRun(99.5, 12, START))
)


def test_news_are_readings_behind_the_watermark_and_before_the_end(conn: Connection) -> None:
    a, b, c = (add_sensor(conn, name, noise(rows)) for name, rows in (("a", 10), ("b", 20), ("c", 0)))
    runs = DetectRunRepository(conn)
    assert runs.with_news([a, b, c], ASKED, None) == {a: None, b: None}
    last = START + STEP * 9
    for sensor in (a, b):
        runs.move_watermark(sensor, ASKED, last, SensorMemory())
    assert runs.with_news([a, b, c], ASKED, None) == {b: last}
    assert runs.with_news([a, b, c], ASKED, last + STEP) == {}
    assert runs.with_news([a, b, c], ASKED, last + STEP + 1) == {b: last}
    assert runs.with_news([a], ASKED, None) == {}
    assert runs.with_news([a], {**ASKED, "method": "ruptures"}, None) == {a: None}


def test_a_watermark_never_goes_back(conn: Connection) -> None:
    a = add_sensor(conn, "a", noise(10))
    runs = DetectRunRepository(conn)
    runs.move_watermark(a, ASKED, START + STEP * 5, KNOWN)
    runs.move_watermark(a, ASKED, START, SensorMemory())
    assert runs.with_news([a], ASKED, None) == {a: START + STEP * 5}


def test_what_was_learnt_of_a_sensor_comes_back_as_it_was_for_the_same_parameters_alone(conn: Connection) -> None:
    a = add_sensor(conn, "a", noise(10))
    runs = DetectRunRepository(conn)
    assert runs.memory(a, ASKED) == SensorMemory()
    runs.move_watermark(a, ASKED, START + STEP * 5, KNOWN)
    assert runs.memory(a, ASKED) == KNOWN
    assert runs.memory(a, {**ASKED, "method": "ruptures"}) == SensorMemory()
    runs.move_watermark(a, ASKED, START + STEP, SensorMemory())
    assert runs.memory(a, ASKED) == KNOWN, "a run over the past does not take away what is known of the present"
    for strange in (
        '{"rows": 5}',
        "[1]",
        '{"until": 1, "rows": 2, "sensor_kind": "pump", "tails": {}, "periods_hours": []}',
    ):
        conn.execute("UPDATE detect_watermark SET learnt = %s::jsonb", (strange,))
        assert runs.memory(a, ASKED) == SensorMemory()


def test_every_run_has_a_number_of_its_own(conn: Connection) -> None:
    runs = DetectRunRepository(conn)
    assert runs.begin("piecewise 1", ASKED) < runs.begin("piecewise 1", ASKED)
    assert conn.execute("SELECT method, parameters FROM detect_run LIMIT 1").fetchone() == ("piecewise 1", ASKED)

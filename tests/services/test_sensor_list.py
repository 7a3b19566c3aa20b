"""The list of sensors shows what each has sent, and which of them are silent."""

from __future__ import annotations

import numpy as np

from iotctl.model import SensorState
from iotctl.repositories import Connection, SensorRepository
from iotctl.services.detect.silence import listen, silence_of
from iotctl.services.sensor_list import list_sensors
from tests.sensors import START, STEP, add_sensor, noise

ROWS = 3000
NOW = START + ROWS * STEP


def test_each_sensor_has_its_span_last_value_interval_and_state(conn: Connection) -> None:
    on_time, stopped = noise(ROWS, 1), noise(ROWS - 500, 2)
    add_sensor(conn, "b on time", on_time)
    add_sensor(conn, "a on time", on_time)
    add_sensor(conn, "c a step behind", on_time[:-1])
    add_sensor(conn, "d stopped", stopped)
    for row in (0, 7, 11, 500, 2000, 2990):  # without any interval
        add_sensor(conn, "e now and then", on_time[row : row + 1], first_row=row)
    add_sensor(conn, "f nothing")
    listed = {one.sensor.sensor_name: one for one in list_sensors(conn, None, None, NOW)}
    assert [str(name)[0] for name in listed] == list("abcdef")
    states = [one.state for one in listed.values()]
    assert states == [SensorState.OK] * 3 + [SensorState.SILENT, SensorState.OK, SensorState.EMPTY]
    # What detection would say of each.
    heard = listen(conn, SensorRepository(conn).all(), None, NOW)
    silent = [name for name, one in listed.items() if silence_of(one.sensor, heard, None, conn) is not None]
    assert silent == ["d stopped"]
    last = START + (ROWS - 501) * STEP
    found = listed["d stopped"]
    assert (found.readings, found.first, found.last) == (ROWS - 500, START, last)
    assert (found.last_value, found.interval_seconds) == (stopped[-1], 600)
    assert (listed["e now and then"].readings, listed["e now and then"].interval_seconds) == (6, None)
    nothing = listed["f nothing"]
    assert (nothing.readings, nothing.first, nothing.last, nothing.last_value) == (0, None, None, None)
    some = list_sensors(conn, "? on*", 1, NOW)
    assert [one.sensor.sensor_name for one in some] == ["a on time"]
    assert list_sensors(conn, "d*", None, NOW)[0].state is SensorState.SILENT


def test_an_interval_is_that_of_the_last_readings(conn: Connection) -> None:
    add_sensor(conn, "hourly by now", noise(1000))
    for row in range(250):
        add_sensor(conn, "hourly by now", np.array([1.0]), first_row=1000 + 6 * row)
    (found,) = list_sensors(conn, None, None, START + 4000 * STEP)
    assert (found.readings, found.interval_seconds) == (1250, 3600)
    assert found.last == START + (1000 + 6 * 249) * STEP

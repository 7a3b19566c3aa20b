"""Stored hourly means: computed once, computed again after new loads, and never more days than allowed."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.repositories import Connection
from iotctl.repositories.readings.hourly_course import hourly_courses
from tests.repositories.test_arrivals import add_batches
from tests.sensors import DAY, START, add_sensor, noise

FIRST = START // DAY
DAYS = list(range(FIRST, FIRST + 4))
MANY = 1_000_000


def set_values(conn: Connection, sensor_id: int, value: float) -> None:
    conn.execute("UPDATE reading SET sensor_value = %s WHERE sensor_id = %s", (value, sensor_id))


def test_means_are_those_of_numpy_from_the_readings_and_from_what_is_kept(conn: Connection) -> None:
    value = noise(4 * 144)
    a, b, c = add_sensor(conn, "a", value), add_sensor(conn, "b", value[:288], first_row=144), add_sensor(conn, "c")
    for _ in range(2):
        means = hourly_courses(conn, [b, c, a], DAYS, MANY)
        assert means.shape == (3, 4, 24)
        assert means[2].ravel() == pytest.approx(value.reshape(-1, 6).mean(axis=1), rel=1e-12)
        assert means[0, 1:3].ravel() == pytest.approx(value[:288].reshape(-1, 6).mean(axis=1), rel=1e-12)
        assert np.isnan(means[0, [0, 3]]).all()
        assert np.isnan(means[1]).all()
    assert hourly_courses(conn, [], [], 1).shape == (0, 0, 24)


def test_only_days_with_newly_loaded_readings_and_new_sensors_are_read_again(conn: Connection) -> None:
    a = add_sensor(conn, "a", noise(4 * 144))
    before = hourly_courses(conn, [a], DAYS, MANY)
    set_values(conn, a, 5.0)
    b = add_sensor(conn, "b", noise(4 * 144, 2))
    again = hourly_courses(conn, [a, b], DAYS, MANY)
    assert again[0] == pytest.approx(before[0])
    assert np.isfinite(again[1]).all()
    row = conn.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").fetchone()
    assert row is not None
    add_batches(conn, [int(str(row[0]))], [START + 2 * DAY + DAY // 2])
    loaded = hourly_courses(conn, [a, b], DAYS, MANY)
    assert loaded[0, 2] == pytest.approx(5.0)
    assert loaded[0, [0, 1, 3]] == pytest.approx(before[0, [0, 1, 3]])


def test_no_more_readings_are_read_than_promised_and_the_next_call_goes_on(conn: Connection) -> None:
    a, b = add_sensor(conn, "a", noise(4 * 144)), add_sensor(conn, "b", noise(4 * 144, 2))
    first = hourly_courses(conn, [a, b], DAYS, 289)  # a day of both has 288
    assert np.isnan(first[:, :2]).all()
    assert np.isfinite(first[:, 2:]).all()
    assert np.isfinite(hourly_courses(conn, [a, b], DAYS, 289)).all()


def test_a_day_that_is_not_over_is_read_again(conn: Connection) -> None:
    row = conn.execute("SELECT floor(extract(epoch FROM now()) / 86400)::bigint").fetchone()
    assert row is not None
    today = int(str(row[0]))
    a = add_sensor(conn, "a", noise(6), first_row=(today - FIRST) * 144)
    assert np.isfinite(hourly_courses(conn, [a], [today - 1, today], MANY)[0, 1, 0])
    set_values(conn, a, 7.0)
    assert hourly_courses(conn, [a], [today - 1, today], MANY)[0, 1, 0] in (7.0, pytest.approx(7.0))


def test_a_user_who_may_only_read_has_the_same_means(conn: Connection) -> None:
    value = noise(144)
    a = add_sensor(conn, "a", value)
    conn.execute("SET default_transaction_read_only = on")
    for _ in range(2):
        means = hourly_courses(conn, [a], [FIRST], MANY)
        assert means.ravel() == pytest.approx(value.reshape(-1, 6).mean(axis=1))

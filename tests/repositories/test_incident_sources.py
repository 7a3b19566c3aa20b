"""The data for incidents, on each kind of server: hourly means as from numpy, and the files of readings."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.repositories import Database, ensure_schema
from iotctl.repositories.readings.incident_sources import files_at, hourly_means
from tests.sensors import DAY, START, STEP, add_sensor, noise

FIRST_DAY = START // DAY


def test_hourly_means_are_those_of_numpy(database: Database) -> None:
    value = noise(3 * 144)
    with database.connect() as conn:
        whole = add_sensor(conn, "whole", value)
        late = add_sensor(conn, "late", value[: 2 * 144], first_row=144)
        silent = add_sensor(conn, "silent")
        first, first_readings = hourly_means(conn, [late, silent, whole], FIRST_DAY)
        second, second_readings = hourly_means(conn, [late, silent, whole], FIRST_DAY + 1)
        assert first.shape == (3, 24)
        assert first[2] == pytest.approx(value[:144].reshape(-1, 6).mean(axis=1))
        assert second[2] == pytest.approx(value[144:288].reshape(-1, 6).mean(axis=1))
        assert second[0] == pytest.approx(value[:144].reshape(-1, 6).mean(axis=1))
        assert np.isnan(first[[0, 1]]).all()
        assert (first_readings, second_readings) == (144, 288)
        assert hourly_means(conn, [], FIRST_DAY)[0].shape == (0, 24)


def test_a_file_is_that_of_the_last_reading_before_a_moment(database: Database) -> None:
    with database.connect() as conn:
        ensure_schema(conn)
        a, b = (add_sensor(conn, name, noise(300)) for name in ("a", "b"))
        rows = conn.execute(
            "INSERT INTO ingest_file (uri, version, size_bytes, modified, options)"
            " SELECT uri, '1', 1, now(), '{}' FROM unnest(ARRAY['old.csv', 'new.csv']) AS uri RETURNING file_id"
        ).fetchall()
        old, new = (row[0] for row in rows)
        conn.execute("UPDATE reading SET file_id = %s WHERE sensor_id = %s", (old, a))
        conn.execute(
            "UPDATE reading SET file_id = %s WHERE sensor_id = %s AND timestamp >= to_timestamp(%s)",
            (new, a, (START + 100 * STEP) / 1e6),
        )
        assert files_at(conn, [a, b], START + 100 * STEP - 1) == {a: "old.csv"}
        assert files_at(conn, [a, b], START + 100 * STEP) == {a: "new.csv"}
        assert files_at(conn, [a], START + 299 * STEP + 2 * DAY) == {}

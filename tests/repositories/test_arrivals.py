"""How far readings have come, by the ledger's batches and their times of loading."""

from __future__ import annotations

import numpy as np
import pytest

from iotctl.repositories import Connection, storage_of
from iotctl.repositories.postgres.timestamps import as_microseconds
from iotctl.repositories.readings.arrivals import expected_up_to, last_readings
from tests.sensors import DAY, MINUTE, START, STEP, add_sensor, noise

NOW = START + 400 * DAY
HOUR = 60 * MINUTE


def add_batches(conn: Connection, loaded: list[int], last: list[int]) -> None:
    """Batches that were loaded at these moments with readings up to those, all microseconds since 1970-01-01 UTC."""
    conn.execute(
        "WITH file AS (INSERT INTO ingest_file (uri, version, size_bytes, modified, state, options)"
        " VALUES ('a.csv', '1', 1, now(), 'loaded', '{}') ON CONFLICT (uri) DO UPDATE SET state = 'loaded'"
        " RETURNING file_id)"
        " INSERT INTO ingest_batch (file_id, generation, start_offset, end_offset, end_line, forms, rows_read,"
        " rows_loaded, duplicates, conflicts, rejected, missing, bad_quality, reasons, ambiguous, nonexistent, sensors,"
        " first_time, last_time, loaded_at)"
        " SELECT file_id, 1, (SELECT count(*) FROM ingest_batch) + n, 1, 1, '{}', 0, 0, 0, 0, 0, 0, 0, '{}', 0, 0,"
        " '{}', to_timestamp(last), to_timestamp(last), to_timestamp(loaded)"
        " FROM file, unnest(%s::float8[], %s::float8[]) WITH ORDINALITY AS t (loaded, last, n)",
        ([moment / 1e6 for moment in loaded], [moment / 1e6 for moment in last]),
    )


def test_the_last_reading_is_the_last_one_before_a_moment(conn: Connection) -> None:
    a, b, c = add_sensor(conn, "a", noise(300)), add_sensor(conn, "b", noise(3), first_row=500), add_sensor(conn, "c")
    assert last_readings(conn, [a, b, c], NOW) == {a: START + 299 * STEP, b: START + 502 * STEP}
    assert last_readings(conn, [a, b, c], START + 299 * STEP) == {a: START + 298 * STEP}
    assert last_readings(conn, [], NOW) == {}


def test_each_sensor_has_its_span_and_its_last_readings(conn: Connection) -> None:
    values = {"a": noise(3000), "b": noise(3), "one by one": noise(30)}
    ids = {name: add_sensor(conn, name, value) for name, value in values.items() if name != "one by one"}
    for row, value in enumerate(values["one by one"]):
        ids["one by one"] = add_sensor(conn, "one by one", np.array([value]), first_row=50_000 + row)
    ids["none"], ids["not asked for"] = add_sensor(conn, "none"), add_sensor(conn, "not asked for", noise(5))
    asked = [ids[name] for name in ("a", "b", "one by one", "none")]
    storage = storage_of(conn)
    expected = conn.execute(
        "SELECT sensor_id, count(*), min(timestamp), max(timestamp) FROM reading WHERE sensor_id = ANY(%s) GROUP BY 1",
        (asked,),
    ).fetchall()
    assert len(expected) == 3
    found = storage.spans(asked)
    assert {(sensor_id, span.readings, span.first, span.last) for sensor_id, span in found.items()} == {
        (sensor_id, count, as_microseconds(first), as_microseconds(last)) for sensor_id, count, first, last in expected
    }
    latest = storage.latest(asked, 20)
    assert latest.keys() == found.keys()
    for name, value in values.items():
        time, last = latest[ids[name]]
        assert last.tolist() == value[-20:].tolist()
        assert time[-1] == found[ids[name]].last
        assert (np.diff(time) == STEP).all()
    assert (storage.latest([], 20), storage.spans([])) == ({}, {})


def test_readings_are_expected_as_late_as_they_usually_come(conn: Connection) -> None:
    minutes = [NOW - n * MINUTE for n in range(3 * 1440, 0, -1)]
    add_batches(conn, minutes, [moment - 2 * MINUTE for moment in minutes])
    # When a batch comes, the newest reading is that of the one before: 3 minutes old.
    assert expected_up_to(conn, NOW) == pytest.approx(NOW - 2 * 3 * MINUTE, abs=1)
    # Readings of the future, and one long outage, change nothing.
    add_batches(conn, [NOW - DAY], [NOW + 5000 * DAY])
    assert expected_up_to(conn, NOW) == pytest.approx(NOW - 2 * 3 * MINUTE, abs=1)


def test_yesterdays_file_each_morning_is_no_silence_by_the_evening(conn: Connection) -> None:
    mornings = [NOW - n * DAY for n in range(20, 0, -1)]
    add_batches(conn, mornings, [moment - 6 * HOUR for moment in mornings])
    expected = expected_up_to(conn, NOW)
    assert expected == pytest.approx(NOW - 2 * 30 * HOUR, abs=1)
    assert expected is not None
    assert expected < mornings[-1] - 6 * HOUR


def test_history_that_is_loaded_at_once_says_nothing_of_now(conn: Connection) -> None:
    loaded = [NOW - HOUR + n * MINUTE for n in range(50)]
    add_batches(conn, loaded, (START + np.arange(50) * DAY).tolist())
    assert expected_up_to(conn, NOW) is None

"""Quality of sensors in a real database: losses in the ledger, months of a zone, an error of one sensor."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from iotctl.repositories import Connection, Database
from iotctl.repositories.ledger.losses import Losses, losses_by_sensor
from iotctl.services.detect.fleet import choose_sensors
from iotctl.services.quality import QualityRequest, SensorQuality, fleet_quality, month_edges
from iotctl.workers.threads import Threads
from tests.sensors import DAY, START, STEP, add_sensor, noise, uuid_of

ROWS_A_DAY = 144


def run(database: Database, request: QualityRequest) -> list[SensorQuality]:
    with Threads(2) as threads:
        return list(fleet_quality(choose_sensors(database, []), database, request, threads))


def add_file(conn: Connection, number: int) -> int:
    row = conn.execute(
        "INSERT INTO ingest_file (uri, version, size_bytes, modified, state, options)"
        " VALUES (%s, '1', 1, now(), 'loaded', '{}') RETURNING file_id",
        (f"file://{number}.csv",),
    ).fetchone()
    assert row is not None
    return int(str(row[0]))


def add_batch(
    conn: Connection, file_id: int, sensors: list[int], *, generation: int = 1, day: str = "2015-01-01"
) -> None:
    conn.execute(
        "INSERT INTO ingest_batch (file_id, generation, start_offset, end_offset, end_line, forms, rows_read,"
        " rows_loaded, duplicates, conflicts, rejected, missing, bad_quality, reasons, ambiguous, nonexistent, sensors,"
        " first_time, last_time)"
        " SELECT %s, %s, (SELECT count(*) FROM ingest_batch), 1, 1, '{}', 10, 4, 0, 0, 1, 2, 3, '{}', 0, 0,"
        " range_agg(int4range(s, s, '[]')), %s::timestamptz, %s::timestamptz + interval '1 day'"
        " FROM unnest(%s::int[]) s",
        (file_id, generation, f"{day}Z", f"{day}Z", sensors),
    )


def test_the_ledger_tells_what_was_lost_where_a_batch_is_of_one_sensor(conn: Connection) -> None:
    alone, shared, twice, lost = (add_sensor(conn, name) for name in ("alone", "shared", "twice", "lost"))
    first, second = add_file(conn, 1), add_file(conn, 2)
    add_batch(conn, first, [alone])
    add_batch(conn, first, [alone], generation=2)  # of no file's present generation
    add_batch(conn, first, [shared, lost])
    add_batch(conn, second, [shared])
    add_batch(conn, second, [twice])
    add_batch(conn, second, [twice], day="2016-01-01")
    for value, sensor in enumerate((lost, lost, twice)):
        conn.execute("INSERT INTO conflict VALUES (%s, %s, '2015-01-01Z', %s, %s, 1)", (second, sensor, value, first))
    assert losses_by_sensor(conn) == {
        alone: Losses(0, 1, 2, 3),
        twice: Losses(1, 2, 4, 6),
        shared: Losses(0, None, None, None),
        lost: Losses(2, None, None, None),
    }
    assert losses_by_sensor(conn, START + 10 * DAY) == {twice: Losses(0, 1, 2, 3)}
    assert losses_by_sensor(conn, end=START + DAY)[twice] == Losses(1, 1, 2, 3)


def test_silence_counts_up_to_the_end_or_up_to_now(database: Database, conn: Connection) -> None:
    add_sensor(conn, "a", noise(2 * ROWS_A_DAY))
    last = START + STEP * (2 * ROWS_A_DAY - 1)

    def silent(now: int, end: int | None = None) -> float | None:
        (found,) = run(database, QualityRequest(now=now, end=end))
        assert found.whole is not None
        return found.whole.silent

    assert silent(last + STEP) == 0.0
    assert silent(last + DAY) == 86400
    assert silent(last + 5 * DAY, end=last + DAY) == 86400
    assert silent(last + DAY, end=last + 5 * DAY) == 86400
    assert silent(last + 5 * DAY, end=last + STEP) == 0.0


def test_a_month_is_one_of_the_zone_and_months_without_readings_are_there(database: Database, conn: Connection) -> None:
    add_sensor(conn, "a", noise(ROWS_A_DAY))
    add_sensor(conn, "a", noise(ROWS_A_DAY), first_row=90 * ROWS_A_DAY)  # on April 1st
    add_sensor(conn, "b")
    a, b = run(database, QualityRequest(now=START, months_of="Europe/Berlin"))
    zone = ZoneInfo("Europe/Berlin")
    assert [month for month, _ in a.months] == [
        int(datetime(2015, month, 1, tzinfo=zone).timestamp()) * 1_000_000 for month in (1, 2, 3, 4)
    ]
    readings = [quality.readings for _, quality in a.months]
    assert readings == [ROWS_A_DAY, 0, 0, ROWS_A_DAY]
    missing = [quality.missing for _, quality in a.months]
    assert missing[1] == pytest.approx(28 * ROWS_A_DAY, abs=1)
    # 31 days, less the hour that the clock skips.
    assert missing[2] == pytest.approx(31 * ROWS_A_DAY - 6, abs=1)
    assert b.months == ()


def test_the_months_of_a_year_end_with_it() -> None:
    zone = ZoneInfo("America/New_York")
    moment = int(datetime(2015, 12, 31, 23, 59, tzinfo=zone).timestamp()) * 1_000_000
    edges = month_edges(moment, moment, "America/New_York")
    assert [datetime.fromtimestamp(edge / 1e6, zone).isoformat() for edge in edges.tolist()] == [
        "2015-12-01T00:00:00-05:00",
        "2016-01-01T00:00:00-05:00",
    ]


def test_one_sensors_trouble_does_not_touch_the_others(postgres: Database) -> None:
    with postgres.connect() as conn:
        for name in ("a", "b", "c"):
            sensor = add_sensor(conn, name, noise(500))
            if name == "b":
                conn.execute(
                    "INSERT INTO reading (sensor_id, timestamp, sensor_value) VALUES (%s, '12000-01-01Z', 1)", (sensor,)
                )
    for months_of in (None, "Europe/Berlin"):
        found = run(postgres, QualityRequest(now=START, months_of=months_of))
        assert [one.trouble is None for one in found] == [True, False, True]
        assert [one.whole is not None for one in found] == [True, False, True]


def add_reject(conn: Connection, file_id: int, raw: str, reason: str = "bad_value") -> None:
    conn.execute(
        "INSERT INTO reject (file_id, line, reason, field, raw) VALUES (%s, 7, %s, '', %s)", (file_id, reason, raw)
    )


def test_rejects_of_shared_batches_are_of_the_sensor_that_their_text_names(conn: Connection) -> None:
    a, b, c = (add_sensor(conn, name) for name in ("a", "b", "c"))
    first, second = add_file(conn, 1), add_file(conn, 2)
    add_batch(conn, first, [a, b])  # one rejected row and three of bad quality
    add_batch(conn, second, [c])
    add_batch(conn, second, [c, b], day="2016-01-01")
    add_reject(conn, first, f"2015-01-01;{uuid_of('a').upper()};x")
    add_reject(conn, first, f"2015-01-01;{uuid_of('a')};3", "quality")
    add_reject(conn, first, f"{uuid_of('a')} {uuid_of('b')}", "quality")  # of both, thus of none
    add_reject(conn, first, "nonsense")
    # Of the second file nothing is kept: of its sensors nothing is known.
    assert losses_by_sensor(conn) == {a: Losses(0, 1, None, 1), c: Losses()}
    for _ in range(8):
        add_reject(conn, second, f"2015-01-01;{uuid_of('b')};x")
    assert losses_by_sensor(conn) == {a: Losses(0, 1, None, 1), b: Losses(0, 8, None, 0), c: Losses()}
    assert losses_by_sensor(conn, START) == {c: Losses()}

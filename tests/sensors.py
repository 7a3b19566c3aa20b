"""Sensors written to a database only by SQL, so that tests of detection do not depend on ingest."""

from __future__ import annotations

import hashlib
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories import Connection, ensure_schema

MINUTE = 60_000_000
DAY = 1440 * MINUTE
START = 1_420_070_400_000_000  # 2015-01-01 UTC, a Thursday
STEP = 10 * MINUTE

Floats = NDArray[np.float64]


def uuid_of(name: str) -> str:
    """The UUID that add_sensor gives a name."""
    return str(UUID(bytes=hashlib.sha256(name.encode()).digest()[:16]))


def add_sensor(conn: Connection, name: str, value: Floats | None = None, *, first_row: int = 0) -> int:
    """The id of a new or known sensor; its readings come every 10 minutes, value[0] at row first_row."""
    ensure_schema(conn)
    conn.execute(
        "INSERT INTO sensor (sensor_uuid, sensor_name) VALUES (%s, %s) ON CONFLICT DO NOTHING", (uuid_of(name), name)
    )
    row = conn.execute("SELECT sensor_id FROM sensor WHERE sensor_name = %s", (name,)).fetchone()
    assert row is not None
    sensor_id = int(str(row[0]))
    if value is not None:
        seconds = (START + STEP * (first_row + np.arange(len(value)))) / 1e6
        conn.execute(
            "INSERT INTO reading (sensor_id, timestamp, sensor_value)"
            " SELECT %s, to_timestamp(s), v FROM unnest(%s::float8[], %s::float8[]) AS t(s, v)",
            (sensor_id, seconds.tolist(), value.tolist()),
        )
    return sensor_id


def noise(rows: int, seed: int = 1) -> Floats:
    """White noise about 20 with sigma 1."""
    return np.random.default_rng(seed).normal(20, 1, rows)

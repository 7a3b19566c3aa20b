"""The digests that numpy computes are those of the server, and tell readings apart."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.repositories import Connection
from iotctl.repositories.postgres.binary import array_value, decode_floats
from iotctl.repositories.readings.digests import DIGEST_SQL, digests

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

ODD_VALUES = [0.0, -0.0, np.nan, np.inf, -np.inf, 5e-324, -5e-324, 1.7976931348623157e308, 0.1, 0.1 + 2**-56, 1.0, -1.0]
ODD_TIMES = [0, 1, -1, 999_999, -999_999, 86_400_000_000, 1_451_602_800_000_000, -2_208_988_800_000_000]
ODD_TIMES += [7_289_654_399_999_999, 4_294_967_296, 4_294_967_297]


def on_server(conn: Connection, time: Times, value: Floats) -> list[int]:
    rows = conn.execute(
        f"""
        SELECT {DIGEST_SQL}
        FROM (SELECT '1970-01-01 UTC'::timestamptz + t * interval '1 microsecond' AS timestamp, v AS sensor_value, n
              FROM unnest(%s::bigint[], %s::float8[]) WITH ORDINALITY AS u (t, v, n)) AS r
        ORDER BY n
        """.encode(),
        (time.tolist(), value.tolist()),
    )
    return [int(str(digest)) for (digest,) in rows]


def test_digests_are_those_of_the_server(conn: Connection) -> None:
    random = np.random.default_rng(1)
    odd_time, odd_value = (a.ravel() for a in np.meshgrid(ODD_TIMES, ODD_VALUES))
    time = np.r_[odd_time, random.integers(-(2**51), 2**52, 70_000)].astype(np.int64)
    value = np.r_[odd_value, random.integers(-(2**63), 2**63 - 1, 70_000).view(np.float64)]
    assert digests(time, value).tolist() == on_server(conn, time, value)


@pytest.mark.parametrize("value", [0.0, -0.0, 21.5, np.inf])
def test_the_least_change_of_time_or_value_changes_the_digest(value: float) -> None:
    time = np.array(ODD_TIMES, dtype=np.int64)
    same = np.full(len(time), value)
    whole = digests(time, same)
    assert len(np.unique(whole)) == len(time)
    assert (digests(time + 1, same) != whole).all()
    others = np.array([np.nextafter(value, np.inf), np.nextafter(value, -np.inf), -value, np.nan])
    for other in others[others.view(np.int64) != same[:1].view(np.int64)]:
        assert (digests(time, np.full(len(time), other)) != whole).all(), other


def test_equal_readings_have_equal_digests_whatever_the_bits_of_nan() -> None:
    quiet, odd = np.array([0x7FF8000000000000, 0xFFF8000000000123], dtype=np.uint64).view(np.float64)
    assert digests(np.array([7]), np.array([quiet])) == digests(np.array([7]), np.array([odd]))


def test_decoding_keeps_every_bit(conn: Connection) -> None:
    cursor = conn.cursor(binary=True).execute("SELECT %s::float8[]", (ODD_VALUES,))
    found = decode_floats(array_value(cursor, 0))
    assert found.view(np.int64).tolist() == np.array(ODD_VALUES).view(np.int64).tolist()

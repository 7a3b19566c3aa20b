"""A digest of a reading: 64 bits that change with time and value; the server and numpy compute the same.

It is PostgreSQL's own hashfloat8extended (lookup3 by Bob Jenkins, src/common/hashfn.c) of the time in seconds, seeded
with the hash of the value. Readings with equal digests need no comparison; where digests differ, rows are compared.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Words = NDArray[np.uint32]

# The digest of a row r of reading. For hashfloat8extended -0 is 0, and all NaN are equal. Seconds as a double are exact
# to the microsecond for 285 years around 1970.
DIGEST_SQL = """
    hashfloat8extended(
        date_part('epoch', r.timestamp),
        CASE WHEN r.sensor_value = 0 AND r.sensor_value::text = '-0' THEN 1
             ELSE hashfloat8extended(r.sensor_value, 0) END)
"""

_BLOCK = 65_536  # a block's words stay in the processor's cache
_START = np.uint32((0x9E3779B9 + 8 + 3923095) & 0xFFFFFFFF)


def digests(time: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.int64]:
    """The digest of each reading, int64 (n,). time: microseconds since 1970-01-01 UTC (n,); value: (n,)."""
    found = np.empty(len(time), dtype=np.int64)
    for start in range(0, len(time), _BLOCK):
        rows = slice(start, start + _BLOCK)
        some = value[rows]
        of_value = np.where((some == 0) & np.signbit(some), np.uint64(1), _hash(some, np.zeros(len(some), np.uint64)))
        found[rows] = _hash(time[rows] / 1e6, of_value).view(np.int64)
    return found


def _hash(key: NDArray[np.float64], seed: NDArray[np.uint64]) -> NDArray[np.uint64]:
    words = np.where(np.isnan(key), np.nan, key).astype("<f8").view("<u4").astype(np.uint32)
    a = np.full(len(key), _START)
    b, c = a.copy(), a.copy()
    seeded = seed != 0
    x, y, z = _mixed(a + (seed >> np.uint64(32)).astype(np.uint32), b + seed.astype(np.uint32), c.copy())
    a, b, c = np.where(seeded, x, a), np.where(seeded, y, b), np.where(seeded, z, c)
    a += words[0::2]
    b += words[1::2]
    b, c = _final(a, b, c)
    hashed = (b.astype(np.uint64) << np.uint64(32)) | c
    return np.where(key == 0, seed, hashed)


def _mixed(a: _Words, b: _Words, c: _Words) -> tuple[_Words, _Words, _Words]:
    for by in (4, 6, 8, 16, 19, 4):
        a = (a - c) ^ _rotated(c, by)
        c = c + b
        a, b, c = b, c, a
    return a, b, c


def _final(a: _Words, b: _Words, c: _Words) -> tuple[_Words, _Words]:
    for by in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - _rotated(b, by)
        a, b, c = b, c, a
    return a, b


def _rotated(a: _Words, by: int) -> _Words:
    return (a << np.uint32(by)) | (a >> np.uint32(32 - by))

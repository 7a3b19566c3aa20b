"""How readings are stored in the database."""

from __future__ import annotations

from enum import StrEnum


class StorageLayout(StrEnum):
    """The storage layout of readings."""

    SEGMENTS = "segments"  # any PostgreSQL: stretches of a sensor's readings as arrays
    COLUMNSTORE = "columnstore"  # TimescaleDB, compressed on arrival


class ColumnstoreWriter(StrEnum):
    """Who compresses readings for TimescaleDB's columnstore."""

    AUTO = "auto"  # iotctl, on tested releases; else TimescaleDB
    DIRECT = "direct"  # TimescaleDB, by direct compress

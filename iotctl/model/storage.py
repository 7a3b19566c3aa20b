"""How readings lie in the database, as far as others have to know."""

from __future__ import annotations

from enum import StrEnum


class StorageLayout(StrEnum):
    """How readings lie on disk."""

    SEGMENTS = "segments"  # any PostgreSQL: stretches of a sensor's readings as arrays
    COLUMNSTORE = "columnstore"  # TimescaleDB, compressed as it arrives


class ColumnstoreWriter(StrEnum):
    """Who compresses readings for TimescaleDB's columnstore."""

    AUTO = "auto"  # iotctl, where that was tested; else TimescaleDB
    DIRECT = "direct"  # TimescaleDB, by direct compress

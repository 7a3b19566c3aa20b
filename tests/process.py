"""The installed command as a process: where it lies, and the settings it gets."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from iotctl.repositories import Database
from tests.store import S3Server

COMMAND = Path(sys.executable).parent / "iotctl"

# A zone far from the data's: where it leaks into a result, a test notices.
ZONES = {"TZ": "Asia/Tokyo", "PGTZ": "Asia/Tokyo"}


def environment(database: Database, store: S3Server) -> dict[str, str]:
    """The settings that point iotctl at a database and a store, and nothing of the machine's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("IOTCTL_", "AWS_", "PG", "TZ"))}
    return kept | store.environment | {"IOTCTL_DATABASE_URL": database.dsn} | ZONES

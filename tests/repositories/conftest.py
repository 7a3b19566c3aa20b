"""How readings are stored, on each kind of server."""

from __future__ import annotations

import pytest

from iotctl.model import StorageLayout
from iotctl.repositories import Connection, ensure_schema


@pytest.fixture
def layout(conn: Connection) -> StorageLayout:
    return ensure_schema(conn)

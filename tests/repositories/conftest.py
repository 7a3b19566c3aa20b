"""How readings lie on disk, on each kind of server."""

from __future__ import annotations

import pytest

from iotctl.repositories import Connection, StorageLayout, ensure_schema


@pytest.fixture
def layout(conn: Connection) -> StorageLayout:
    return ensure_schema(conn)

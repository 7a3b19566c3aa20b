"""How readings lie on disk, on each kind of server."""

from __future__ import annotations

import pytest

from iotctl.repositories import Connection, Layout, ensure_schema


@pytest.fixture
def layout(conn: Connection) -> Layout:
    return ensure_schema(conn)

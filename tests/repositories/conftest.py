"""A connection with the schema on it, once on each kind of server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from iotctl.repositories import Connection, Database, Layout, ensure_schema


@pytest.fixture
def conn(database: Database) -> Iterator[Connection]:
    with database.connect() as conn:
        ensure_schema(conn)
        yield conn


@pytest.fixture
def layout(conn: Connection) -> Layout:
    return ensure_schema(conn)

"""Queries that always give one row: the row, or its only value."""

from __future__ import annotations

from typing import LiteralString, TypeVar

from psycopg import sql
from psycopg.abc import Params
from psycopg.rows import TupleRow

from iotctl.repositories.postgres.connection import Connection

T = TypeVar("T")
Query = LiteralString | bytes | sql.SQL | sql.Composed


def one_row(conn: Connection, query: Query, parameters: Params | None = None) -> TupleRow:
    """The row that a query gives."""
    row = conn.execute(query, parameters).fetchone()
    assert row is not None
    return row


def one_value(conn: Connection, kind: type[T], query: Query, parameters: Params | None = None) -> T:
    """The value that a query gives, which is of this type."""
    (value,) = one_row(conn, query, parameters)
    assert isinstance(value, kind)
    return value

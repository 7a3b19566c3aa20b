"""Opens the storage of a database."""

from __future__ import annotations

from iotctl.model import StorageLayout
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.schema import ensure_schema, layout_of, present_layout
from iotctl.repositories.storage.storage import ReadingStorage


def open_storage(conn: Connection) -> ReadingStorage:
    """The storage of readings on a connection; makes the schema if there is none.

    Raises ConfigurationError where this program does not support the schema, ForbiddenError without the right to
    create.
    """
    return storage_of(conn, ensure_schema(conn))


def present_storage(conn: Connection) -> ReadingStorage | None:
    """The existing storage, None where the database has no schema; changes nothing."""
    layout = present_layout(conn)
    return None if layout is None else storage_of(conn, layout)


def storage_of(conn: Connection, layout: StorageLayout | None = None) -> ReadingStorage:
    """The storage of a checked schema. layout: if given, the database is not asked for it."""
    layout = layout or layout_of(conn)
    if layout is StorageLayout.COLUMNSTORE:
        from iotctl.repositories.storage.columnstore.columnstore_storage import ColumnstoreStorage

        return ColumnstoreStorage(conn)
    from iotctl.repositories.storage.segments.segment_storage import SegmentStorage

    return SegmentStorage(conn)

"""The layouts of loaded files, each stored once, so that a file can be read again in the same way."""

from __future__ import annotations

from collections.abc import Mapping

from iotctl.repositories.postgres.connection import Connection


class LayoutRepository:
    """The table file_layout, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def keep(self, layouts: Mapping[str, str]) -> None:
        """Store layouts: digest -> TOML; those that are stored already stay unchanged."""
        if layouts:
            # In order, so that two runs that store the same layouts cannot deadlock.
            self._conn.execute(
                "INSERT INTO file_layout (digest, toml)"
                " SELECT * FROM unnest(%s::text[], %s::text[]) AS l (digest, toml) ORDER BY digest"
                " ON CONFLICT (digest) DO NOTHING",
                (list(layouts), list(layouts.values())),
            )

    def toml(self, digest: str) -> str | None:
        """A layout by its digest; None where it is not stored."""
        row = self._conn.execute("SELECT toml FROM file_layout WHERE digest = %s", (digest,)).fetchone()
        return None if row is None else row[0]

"""The layouts that files were loaded with, each once, so that a file can be read again as it was."""

from __future__ import annotations

from collections.abc import Mapping

from iotctl.repositories.postgres.connection import Connection


class LayoutRepository:
    """The table file_layout, on one connection."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def keep(self, layouts: Mapping[str, str]) -> None:
        """Keep layouts: digest -> TOML; those that are kept already stay as they are."""
        if layouts:
            # In order, so that two runs that keep the same ones cannot wait for each other in a circle.
            self._conn.execute(
                "INSERT INTO file_layout (digest, toml)"
                " SELECT * FROM unnest(%s::text[], %s::text[]) AS l (digest, toml) ORDER BY digest"
                " ON CONFLICT (digest) DO NOTHING",
                (list(layouts), list(layouts.values())),
            )

    def toml(self, digest: str) -> str | None:
        """A layout by its digest; None where it is not kept."""
        row = self._conn.execute("SELECT toml FROM file_layout WHERE digest = %s", (digest,)).fetchone()
        return None if row is None else row[0]

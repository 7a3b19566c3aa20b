"""Names of sensors for completion in the shell: quickly, or not at all."""

from __future__ import annotations

from psycopg.conninfo import make_conninfo

from iotctl.repositories.postgres.address import read_address
from iotctl.repositories.postgres.connection import Database

# The shortest time that libpq waits for a connection.
_CONNECT_SECONDS = 2
_ANSWER = "1s"


def names_at_once(database: Database, beginning: str, most: int) -> list[str]:
    """Up to so many names that begin so in upper or lower case, in order, those that begin exactly so first.

    Raises UnreachableError where the server does not answer quickly, and the other errors of Database.connect.
    """
    address = read_address(database.dsn) | {"connect_timeout": str(_CONNECT_SECONDS)}
    with Database(make_conninfo("", **address)).connect(application="iotctl completion") as conn:
        conn.execute("SELECT set_config('statement_timeout', %s, false)", (_ANSWER,))
        rows = conn.execute(
            "SELECT sensor_name FROM sensor WHERE starts_with(lower(sensor_name), lower(%(beginning)s::text))"
            " ORDER BY NOT starts_with(sensor_name, %(beginning)s::text), 1 LIMIT %(most)s",
            {"beginning": beginning, "most": most},
        )
        return [name for (name,) in rows]

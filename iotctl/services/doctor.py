"""Doctor: what is wrong with an installation, and how to repair it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iotctl.errors import ForbiddenError, IotctlError
from iotctl.model import StorageLayout
from iotctl.repositories import (
    Connection,
    Database,
    capabilities,
    free_connections,
    present_storage,
    schema_state,
)
from iotctl.repositories.status import missing_rights
from iotctl.sources import StoreSettings, source_for

# Direct compress is complete since this version, and reads late data without known faults.
_RECOMMENDED_TIMESCALEDB = (2, 27)


@dataclass(frozen=True, slots=True)
class Check:
    """One check. found: what was found. advice: what would be better. error: None where nothing is wrong."""

    name: str
    found: str
    advice: str | None = None
    error: IotctlError | None = None


def check_database(database: Database) -> list[Check]:
    """Checks of the database: connection, server, rights to write, schema."""
    try:
        with database.connect(application="iotctl doctor") as conn:
            return [
                Check("database", database.address),
                _checked("server", lambda: _server(conn)),
                _checked("schema", lambda: _schema(conn)),
                _checked("rights", lambda: _rights(conn)),
                _checked("policies", lambda: _policies(conn)),
                *_writer(conn),
                _checked("order", lambda: _order(conn)),
                _checked("connections", lambda: Check("connections", f"{free_connections(conn)} free")),
            ]
    except IotctlError as error:
        return [Check("database", error.message, error.hint, error)]


def check_store(name: str, uri: str, store: StoreSettings) -> Check:
    """Checks of the store: whether there are files at uri, and whether they can be listed."""

    def look() -> Check:
        first = next(iter(source_for(uri, store).list(uri)))
        return Check(name, f"{first.uri} ({first.size} bytes)")

    return _checked(name, look)


def _checked(name: str, look: Callable[[], Check]) -> Check:
    try:
        return look()
    except IotctlError as error:
        return Check(
            name, "; ".join(part.rstrip(".") for part in (error.message, error.where) if part), error.hint, error
        )


def _server(conn: Connection) -> Check:
    found = capabilities(conn)
    if found.timescaledb is None:
        return Check("server", f"{found.server}, without TimescaleDB: {found.layout}")
    version = tuple(int(part) for part in found.timescaledb.split("-")[0].split(".")[:2])
    advice: str | None = None
    if found.layout is not StorageLayout.COLUMNSTORE:
        advice = "Its columnstore needs TimescaleDB 2.21 or newer under the community licence; segments serve as well."
    elif version < _RECOMMENDED_TIMESCALEDB:
        advice = "TimescaleDB 2.27 or newer is recommended."
    return Check("server", f"{found.server}, TimescaleDB {found.timescaledb}: {found.layout}", advice)


def _schema(conn: Connection) -> Check:
    present, known = schema_state(conn)
    if present == 0:
        return Check("schema", "none yet; the first load makes it")
    return Check("schema", f"version {present} of {known}")


def _policies(conn: Connection) -> Check:
    storage = present_storage(conn)
    failing = storage.failing_jobs() if storage else []
    if failing:
        raise IotctlError(
            f"the last run of these failed: {', '.join(failing)}",
            hint="See timescaledb_information.job_errors; iotctl policy --apply and iotctl compact do their work now.",
        )
    return Check("policies", "none fails")


def _writer(conn: Connection) -> list[Check]:
    storage = present_storage(conn)
    if storage is None or storage.layout is not StorageLayout.COLUMNSTORE:
        return []
    reason = storage.direct_because()
    if reason is None:
        return [Check("writer", "iotctl compresses readings; a primary key refuses duplicates")]
    found = f"TimescaleDB compresses readings: {reason}"
    return [Check("writer", found, "Loads are slower, and duplicates that another program writes are not refused.")]


def _order(conn: Connection) -> Check:
    storage = present_storage(conn)
    faults = storage.faults() if storage else []
    if faults:
        raise IotctlError(
            "; ".join(faults),
            hint="iotctl compact repairs what can be repaired; else load the files into a new database.",
        )
    return Check("order", "readings come back in order of time, each once")


def _rights(conn: Connection) -> Check:
    missing = missing_rights(conn)
    if missing:
        raise ForbiddenError(f"missing: {', '.join(missing)}", hint="Ask the database's owner for them.")
    return Check("rights", "may create tables and write")

"""The contents of a database: counts, spans and sizes, for `iotctl status`."""

from __future__ import annotations

from dataclasses import dataclass

from iotctl.model import StorageLayout
from iotctl.repositories.postgres.connection import Connection
from iotctl.repositories.postgres.one_row import one_row, one_value
from iotctl.repositories.readings.policies import Policies, policies
from iotctl.repositories.schema import Capabilities, capabilities
from iotctl.repositories.storage.answers import Parts
from iotctl.repositories.storage.storage import ReadingStorage


@dataclass(frozen=True, slots=True)
class Status:
    """Counts of rows and files, bytes per table, and the server. first, last: microseconds since 1970-01-01 UTC.

    direct_because: why TimescaleDB compresses readings, None where it does not.
    """

    capabilities: Capabilities
    layout: StorageLayout
    sensors: int
    named_sensors: int
    readings: int
    first: int | None
    last: int | None
    files: dict[str, int]
    rejects: int
    anomalies: int
    table_bytes: dict[str, int]
    parts: Parts
    direct_because: str | None
    policies: Policies


def status(conn: Connection, storage: ReadingStorage) -> Status:
    """What the database holds."""
    sensors, named = one_row(conn, "SELECT count(*), count(sensor_name) FROM sensor")
    span = storage.span()
    files = conn.execute("SELECT state, count(*) FROM ingest_file GROUP BY state ORDER BY state").fetchall()
    return Status(
        capabilities=capabilities(conn),
        layout=storage.layout,
        sensors=sensors,
        named_sensors=named,
        readings=span.readings,
        first=span.first,
        last=span.last,
        files=dict(files),
        rejects=one_value(conn, int, "SELECT coalesce(sum(rejected), 0)::bigint FROM ingest_batch"),
        anomalies=one_value(
            conn, int, "SELECT count(*) FROM anomaly WHERE merged_into IS NULL AND withdrawn_at IS NULL"
        ),
        table_bytes={"reading": storage.size()} | _table_bytes(conn),
        parts=storage.parts(),
        direct_because=storage.direct_because(),
        policies=policies(conn, storage),
    )


def missing_rights(conn: Connection) -> list[str]:
    """The rights that this user lacks for loading readings."""
    row = one_row(
        conn,
        "SELECT has_schema_privilege(current_schema(), 'CREATE'), has_database_privilege(current_database(), 'TEMP'),"
        " current_setting('transaction_read_only') = 'off'",
    )
    wanted = ("CREATE on the schema", "TEMP on the database", "a server that is not read-only")
    return [name for name, there in zip(wanted, row, strict=True) if not there]


def _table_bytes(conn: Connection) -> dict[str, int]:
    plain = ["sensor", "ingest_file", "ingest_batch", "reject", "anomaly"]
    sizes = conn.execute(
        "SELECT name, pg_total_relation_size(name::regclass) FROM unnest(%s::text[]) AS name", (plain,)
    )
    return dict(sizes.fetchall())

"""All SQL: connections, schema, the embedded server, and a class per table family."""

from iotctl.repositories.anomalies import AnomalyRepository
from iotctl.repositories.beacon import light_beacon, sees_beacon
from iotctl.repositories.chunks import Chunks, compact_part, loose_parts, set_chunk_interval
from iotctl.repositories.connection import Connection, Database, free_connections, is_passing, passwordless
from iotctl.repositories.detect_runs import DetectRunRepository
from iotctl.repositories.embedded import embedded_database
from iotctl.repositories.extents import SortedReadings, joined_readings, sort_readings
from iotctl.repositories.ledger import Balance, BatchEntry, FileState, KeptReject, Ledger, LedgerFile
from iotctl.repositories.loading import LostRaceError, ReadingLoader, Written
from iotctl.repositories.readings import Aggregate, ReadingRepository, Series
from iotctl.repositories.runs import PastRun, RunCounts, RunEnding, RunRepository
from iotctl.repositories.schema import Capabilities, Layout, capabilities, ensure_schema, schema_state
from iotctl.repositories.sensors import SensorRepository, canonical_uuids
from iotctl.repositories.status import Status, missing_rights, status

__all__ = [
    "Aggregate",
    "AnomalyRepository",
    "Balance",
    "BatchEntry",
    "Capabilities",
    "Chunks",
    "Connection",
    "Database",
    "DetectRunRepository",
    "FileState",
    "KeptReject",
    "Layout",
    "Ledger",
    "LedgerFile",
    "LostRaceError",
    "PastRun",
    "ReadingLoader",
    "ReadingRepository",
    "RunCounts",
    "RunEnding",
    "RunRepository",
    "SensorRepository",
    "Series",
    "SortedReadings",
    "Status",
    "Written",
    "canonical_uuids",
    "capabilities",
    "compact_part",
    "embedded_database",
    "ensure_schema",
    "free_connections",
    "is_passing",
    "joined_readings",
    "light_beacon",
    "loose_parts",
    "missing_rights",
    "passwordless",
    "schema_state",
    "sees_beacon",
    "set_chunk_interval",
    "sort_readings",
    "status",
]

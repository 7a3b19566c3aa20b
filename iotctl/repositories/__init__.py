"""All SQL: connections, schema, the embedded server, and a class per table family.

This module exports what every ingest uses. Import the rest from its own module, so that only its users pay for it.
"""

from iotctl.repositories.ledger.balance import Balance
from iotctl.repositories.ledger.conflicts import Conflict, list_conflicts
from iotctl.repositories.ledger.files import FileState, LedgerFile
from iotctl.repositories.ledger.layouts import LayoutRepository
from iotctl.repositories.ledger.ledger import BatchEntry, Ledger
from iotctl.repositories.ledger.rejects import KeptReject, RejectCount, list_rejects, reject_counts, rejects_name_fields
from iotctl.repositories.ledger.runs import PastRun, RunCounts, RunEnding, RunRepository
from iotctl.repositories.postgres.beacon import light_beacon, sees_beacon
from iotctl.repositories.postgres.connection import (
    Connection,
    Database,
    again_after_conflicts,
    free_connections,
    is_passing,
)
from iotctl.repositories.readings.aggregates import AggregateState, has_aggregates
from iotctl.repositories.readings.policies import Policies, policies
from iotctl.repositories.schema import (
    Capabilities,
    capabilities,
    ensure_schema,
    schema_state,
)
from iotctl.repositories.sensors import FoundSensor, KeptSensor, Registered, SensorRepository, canonical_uuids
from iotctl.repositories.storage import (
    Expired,
    Parts,
    ReadingStorage,
    Renewed,
    Series,
    Span,
    Written,
    open_storage,
    present_storage,
    storage_of,
)
from iotctl.repositories.storage.claims import LostRaceError
from iotctl.repositories.storage.extents import Extents
from iotctl.repositories.storage.sorted_readings import (
    LostReadings,
    SortedReadings,
    all_lost_readings,
    joined_readings,
    sort_file_readings,
    sort_readings,
)

__all__ = [
    "AggregateState",
    "Balance",
    "BatchEntry",
    "Capabilities",
    "Conflict",
    "Connection",
    "Database",
    "Expired",
    "Extents",
    "FileState",
    "FoundSensor",
    "KeptReject",
    "KeptSensor",
    "LayoutRepository",
    "Ledger",
    "LedgerFile",
    "LostRaceError",
    "LostReadings",
    "Parts",
    "PastRun",
    "Policies",
    "ReadingStorage",
    "Registered",
    "RejectCount",
    "Renewed",
    "RunCounts",
    "RunEnding",
    "RunRepository",
    "SensorRepository",
    "Series",
    "SortedReadings",
    "Span",
    "Written",
    "again_after_conflicts",
    "all_lost_readings",
    "canonical_uuids",
    "capabilities",
    "ensure_schema",
    "free_connections",
    "has_aggregates",
    "is_passing",
    "joined_readings",
    "light_beacon",
    "list_conflicts",
    "list_rejects",
    "open_storage",
    "policies",
    "present_storage",
    "reject_counts",
    "rejects_name_fields",
    "schema_state",
    "sees_beacon",
    "sort_file_readings",
    "sort_readings",
    "storage_of",
]

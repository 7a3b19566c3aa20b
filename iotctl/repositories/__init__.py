"""All SQL: connections, schema, the embedded server, and a class per table family.

Here is what every ingest uses; the rest is imported from its own module, and costs only who asks for it.
"""

from iotctl.repositories.aggregates import (
    AggregateState,
    drop_aggregates,
    has_aggregates,
    make_aggregates,
    refresh_aggregates,
)
from iotctl.repositories.balance import Balance
from iotctl.repositories.beacon import light_beacon, sees_beacon
from iotctl.repositories.chunks import Chunks, compact_part, disordered_parts, loose_parts, set_chunk_interval
from iotctl.repositories.claims import LostRaceError
from iotctl.repositories.conflicts import Conflict, list_conflicts
from iotctl.repositories.connection import (
    Connection,
    Database,
    again_after_conflicts,
    free_connections,
    is_passing,
)
from iotctl.repositories.extents import Extents
from iotctl.repositories.layouts import LayoutRepository
from iotctl.repositories.ledger import BatchEntry, Ledger
from iotctl.repositories.ledger_files import FileState, LedgerFile
from iotctl.repositories.loading import MustRemoveError, ReadingLoader, Renewed, Written
from iotctl.repositories.policies import Policies, check_policies_exist, failing_jobs, policies, set_compression
from iotctl.repositories.readings import ReadingRepository, Series
from iotctl.repositories.rejects import KeptReject, RejectCount, list_rejects, reject_counts, rejects_name_fields
from iotctl.repositories.retention import Expired, drop_expired, expired, set_retention
from iotctl.repositories.runs import PastRun, RunCounts, RunEnding, RunRepository
from iotctl.repositories.schema import (
    Capabilities,
    StorageLayout,
    capabilities,
    ensure_schema,
    present_layout,
    schema_state,
)
from iotctl.repositories.sensors import FoundSensor, KeptSensor, Registered, SensorRepository, canonical_uuids
from iotctl.repositories.sorted_readings import (
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
    "Chunks",
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
    "MustRemoveError",
    "PastRun",
    "Policies",
    "ReadingLoader",
    "ReadingRepository",
    "Registered",
    "RejectCount",
    "Renewed",
    "RunCounts",
    "RunEnding",
    "RunRepository",
    "SensorRepository",
    "Series",
    "SortedReadings",
    "StorageLayout",
    "Written",
    "again_after_conflicts",
    "all_lost_readings",
    "canonical_uuids",
    "capabilities",
    "check_policies_exist",
    "compact_part",
    "disordered_parts",
    "drop_aggregates",
    "drop_expired",
    "ensure_schema",
    "expired",
    "failing_jobs",
    "free_connections",
    "has_aggregates",
    "is_passing",
    "joined_readings",
    "light_beacon",
    "list_conflicts",
    "list_rejects",
    "loose_parts",
    "make_aggregates",
    "policies",
    "present_layout",
    "refresh_aggregates",
    "reject_counts",
    "rejects_name_fields",
    "schema_state",
    "sees_beacon",
    "set_chunk_interval",
    "set_compression",
    "set_retention",
    "sort_file_readings",
    "sort_readings",
]

"""The dataclasses and enums that cross layers."""

from iotctl.model.choices import Ambiguous, DecimalSign, Int96, Nonexistent, OnDuplicate, TimeForm
from iotctl.model.detection import (
    Course,
    Detection,
    Event,
    Finding,
    IncidentCard,
    Kind,
    Label,
    Method,
    Regime,
    SensorCard,
)
from iotctl.model.files import EARLIEST, LATEST, FileBatch, Position, Reject, RejectReason, StoredFile
from iotctl.model.sensor_memory import HeldRun, SensorMemory
from iotctl.model.sensors import Sensor, SensorKind, SensorState
from iotctl.model.storage import ColumnstoreWriter, StorageLayout

__all__ = [
    "EARLIEST",
    "LATEST",
    "Ambiguous",
    "ColumnstoreWriter",
    "Course",
    "DecimalSign",
    "Detection",
    "Event",
    "FileBatch",
    "Finding",
    "HeldRun",
    "IncidentCard",
    "Int96",
    "Kind",
    "Label",
    "Method",
    "Nonexistent",
    "OnDuplicate",
    "Position",
    "Regime",
    "Reject",
    "RejectReason",
    "Sensor",
    "SensorCard",
    "SensorKind",
    "SensorMemory",
    "SensorState",
    "StorageLayout",
    "StoredFile",
    "TimeForm",
]

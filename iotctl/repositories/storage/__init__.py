"""How readings are stored: one interface (storage.py), a folder per layout, opened by open_storage."""

from iotctl.repositories.storage.answers import Expired, Parts, Renewed, Series, Span, Written
from iotctl.repositories.storage.opening import open_storage, present_storage, storage_of
from iotctl.repositories.storage.storage import ReadingStorage

__all__ = [
    "Expired",
    "Parts",
    "ReadingStorage",
    "Renewed",
    "Series",
    "Span",
    "Written",
    "open_storage",
    "present_storage",
    "storage_of",
]

"""Bytes to readings: record forms, decompression, timestamps and time zones, rejects with line and reason.

This package exports what every ingest uses. Import the rest from its own module, so that others do not pay for it.
"""

from iotctl.formats.data_files import is_data_file, suffixes_read
from iotctl.formats.options import OpenAt, ReadOptions
from iotctl.formats.reader import read_batches

__all__ = [
    "OpenAt",
    "ReadOptions",
    "is_data_file",
    "read_batches",
    "suffixes_read",
]

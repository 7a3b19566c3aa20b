"""Bytes to readings: CSV and Parquet, decompression, timestamps and time zones, rejects with line and reason.

Here is what every ingest uses; the rest is imported from its own module, and costs only who asks for it.
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

"""Bytes to readings: CSV and Parquet, decompression, timestamps and time zones, rejects with line and reason."""

from iotctl.formats.mapping import MappingRow, MappingTable, read_mapping
from iotctl.formats.options import SUFFIXES_READ, OpenAt, ReadOptions, is_data_file
from iotctl.formats.reader import read_batches
from iotctl.formats.series import SeriesFile, read_series
from iotctl.formats.times.zones import utc_offsets

__all__ = [
    "SUFFIXES_READ",
    "MappingRow",
    "MappingTable",
    "OpenAt",
    "ReadOptions",
    "SeriesFile",
    "is_data_file",
    "read_batches",
    "read_mapping",
    "read_series",
    "utc_offsets",
]

"""TimescaleDB's compressed batches (rows of a chunk's compressed table), made and read by numpy."""

from iotctl.repositories.storage.compressed.batches import (
    MOST_ROWS,
    CompressedBatches,
    OtherFormatError,
    compress,
    copy_rows,
    decompress,
)

__all__ = [
    "MOST_ROWS",
    "CompressedBatches",
    "OtherFormatError",
    "compress",
    "copy_rows",
    "decompress",
]

"""TimescaleDB's compressed batches, made and read by numpy: rows of a chunk's compressed table."""

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

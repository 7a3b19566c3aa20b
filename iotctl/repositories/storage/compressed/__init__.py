"""TimescaleDB's compressed batches, made by numpy: readings as rows of a chunk's compressed table."""

from iotctl.repositories.storage.compressed.batches import (
    MOST_ROWS,
    CompressedBatches,
    compress,
    copy_rows,
    unknown_columns,
)

__all__ = ["MOST_ROWS", "CompressedBatches", "compress", "copy_rows", "unknown_columns"]

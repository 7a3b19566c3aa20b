"""The suffixes that tell how a file is stored."""

from __future__ import annotations

from pathlib import PurePosixPath

PARQUET = {".parquet", ".pq"}
COMPRESSIONS = {".gz", ".zst", ".bz2", ".xz"}


def unpacked(where: str) -> PurePosixPath:
    """A file's path without the suffix of its compression: in/boiler.csv for in/boiler.csv.gz."""
    path = PurePosixPath(where)
    return path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path

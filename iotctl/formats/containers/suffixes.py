"""Suffixes of compressed files."""

from __future__ import annotations

from pathlib import PurePosixPath

PARQUET = {".parquet", ".pq"}
COMPRESSIONS = {".gz", ".zst", ".bz2", ".xz"}


def unpacked(where: str) -> PurePosixPath:
    """The path of a file without the suffix of its compression: in/boiler.csv for in/boiler.csv.gz."""
    path = PurePosixPath(where)
    return path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path

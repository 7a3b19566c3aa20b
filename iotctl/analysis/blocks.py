"""Long series in blocks of rows, so that temporary arrays stay small."""

from __future__ import annotations

from collections.abc import Iterator

# Temporary arrays of 1 MB each stay in the cache.
BLOCK_ROWS = 1 << 17


def blocks(n: int) -> Iterator[slice]:
    """[start, end) of blocks of n rows, in order; each but the last has BLOCK_ROWS."""
    for start in range(0, n, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, n))

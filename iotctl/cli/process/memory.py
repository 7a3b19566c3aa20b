"""What this process does with freed memory."""

from __future__ import annotations

import ctypes

# glibc, malloc.h
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3

_KEPT_BYTES = 1 << 30


def keep_freed_memory() -> None:
    """Keep the freed memory of blocks and batches for reuse, if the C library is glibc (mallopt(3)).

    Else glibc returns it to the system, which clears each page again: a sixth of the processor time of ingest.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)

"""The lines of a block as an index into its bytes; none of them a Python object until it is asked for."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LINE_FEED = 10


class Lines:
    """The lines of some bytes, each with its end.

    byte: uint8, the bytes. offset: int32 (lines + 1,), where each line begins, and the end of the last.
    """

    def __init__(self, data: bytes) -> None:
        self.byte = np.frombuffer(data, dtype=np.uint8)
        ends = np.flatnonzero(self.byte == _LINE_FEED) + 1
        if not data.endswith(b"\n"):
            ends = np.append(ends, len(data))
        self.data = data
        self.offset = np.concatenate([[0], ends]).astype(np.int32)

    def __len__(self) -> int:
        return len(self.offset) - 1

    def __getitem__(self, at: int) -> bytes:
        return self.data[self.offset[at] : self.offset[at + 1]].removesuffix(b"\n")

    def of(self, place: NDArray[np.intp]) -> NDArray[np.intp]:
        """The line of each byte."""
        return np.searchsorted(self.offset, place, side="right") - 1

    def only(self, chosen: NDArray[np.bool_]) -> bytes:
        """The chosen lines, one after the other."""
        array = pa.BinaryArray.from_buffers(
            pa.binary(), len(self), [None, pa.py_buffer(self.offset), pa.py_buffer(self.data)]
        )
        kept = array.filter(pa.array(chosen))
        _, offsets, content = kept.buffers()
        first, last = np.frombuffer(offsets, dtype=np.int32)[[kept.offset, kept.offset + len(kept)]]
        return bytes(memoryview(content)[first:last])

"""The lines of a block as an index into its bytes, without a Python object per line."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LINE_FEED = 10


class Lines:
    """The lines of some bytes, with their line ends.

    byte: uint8, the bytes. offset: int32 (lines + 1,), where each line begins, and the end of the last.
    """

    def __init__(self, data: bytes) -> None:
        self.byte = np.frombuffer(data, dtype=np.uint8)
        ends = np.flatnonzero(self.byte == _LINE_FEED)
        closed = not data or data.endswith(b"\n")
        self.data = data
        self.offset = np.empty(len(ends) + 1 + (not closed), dtype=np.int32)
        self.offset[0] = 0
        self.offset[1 : len(ends) + 1] = ends
        self.offset[1 : len(ends) + 1] += 1
        self.offset[-1] = len(data)

    def __len__(self) -> int:
        return len(self.offset) - 1

    def __getitem__(self, at: int) -> bytes:
        return self.data[self.offset[at] : self.offset[at + 1]].removesuffix(b"\n")

    def of(self, place: NDArray[np.intp]) -> NDArray[np.intp]:
        """The line of each byte."""
        return np.searchsorted(self.offset, place, side="right") - 1

    def count(self, chosen: NDArray[np.bool_]) -> NDArray[np.int32]:
        """The number of chosen bytes of each line. chosen: bool, one entry per byte."""
        if not len(self):
            return np.empty(0, dtype=np.int32)
        counts: NDArray[np.int32] = np.add.reduceat(chosen, self.offset[:-1], dtype=np.int32)
        return counts

    def distinct(self, chosen: NDArray[np.intp], data: bytes) -> tuple[list[bytes], NDArray[np.intp]]:
        """The distinct lines among the chosen ones, without their ends, and the index of each chosen line in them.

        data: other bytes to use, with lines of the same length.
        """
        encoded = self._array(data).take(pa.array(chosen)).dictionary_encode()
        lines = [line.removesuffix(b"\n") for line in encoded.dictionary.to_pylist()]
        return lines, encoded.indices.to_numpy().astype(np.intp)

    def _array(self, data: bytes) -> pa.BinaryArray:
        return pa.BinaryArray.from_buffers(
            pa.binary(), len(self), [None, pa.py_buffer(self.offset), pa.py_buffer(data)]
        )

    def only(self, chosen: NDArray[np.bool_]) -> bytes:
        """The chosen lines, one after the other."""
        kept = self._array(self.data).filter(pa.array(chosen))
        _, offsets, content = kept.buffers()
        first, last = np.frombuffer(offsets, dtype=np.int32)[[kept.offset, kept.offset + len(kept)]]
        return bytes(memoryview(content)[first:last])

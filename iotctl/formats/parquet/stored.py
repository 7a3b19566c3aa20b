"""The bytes of a Parquet file, read from any position that pyarrow asks for."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from iotctl.errors import FileError
from iotctl.formats.options import OpenAt
from iotctl.formats.parquet.pages import ColumnWatch

# Columns are read in parallel: a stream for each, and one for the footer.
_MOST_STREAMS = 4

# A footer takes ten times its size in memory.
_MOST_BYTES_AT_ONCE = 32 * 1024 * 1024

MAGIC = b"PAR1"
_FRAME_BYTES = 8  # the footer's length and the magic
_END_BYTES = 64 * 1024  # as many as pyarrow asks for


class ParquetBytes(io.RawIOBase):
    """A stored file that can be read from any position. A stream at the right position is used again."""

    def __init__(self, open_at: OpenAt, size: int, where: str) -> None:
        self._open_at = open_at
        self._size = size
        self._where = where
        self._position = 0
        self._streams: dict[int, BinaryIO] = {}  # by their position, the last used one at the end
        self._kept = b""  # the end of the file, from _kept_from on: pyarrow asks for it, too
        self._kept_from = size
        self._watches: dict[int, ColumnWatch] = {}  # by the byte they start at

    def footer(self) -> bytes | None:
        """The footer; None if the file does not end like Parquet."""
        self._keep_end(min(self._size, _END_BYTES))
        if self._kept[-len(MAGIC) :] != MAGIC or len(self._kept) < _FRAME_BYTES:
            return None
        length = int.from_bytes(self._kept[-_FRAME_BYTES : -len(MAGIC)], "little")
        if length + _FRAME_BYTES > self._size:
            return None
        self._keep_end(length + _FRAME_BYTES)
        return self._kept[-_FRAME_BYTES - length : -_FRAME_BYTES]

    def ends(self) -> bool:
        """Whether the file ends like a Parquet file. Call footer() before."""
        return self._kept.endswith(MAGIC)

    def _keep_end(self, size: int) -> None:
        if size > len(self._kept):
            self.seek(-size, io.SEEK_END)
            self._kept, self._kept_from = self.read(size), self._size - size

    @contextmanager
    def watched(self, watches: Iterable[ColumnWatch]) -> Iterator[None]:
        """Check the pages of columns while their bytes are read. A column may be read again."""
        new = {watch.start: watch for watch in watches if watch.start not in self._watches}
        self._watches |= new
        try:
            yield
        finally:
            for start in new:
                del self._watches[start]

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another position."""
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def tell(self) -> int:
        """The current position."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """The next size bytes, fewer only at the end of the file. Raises FileError if they are too many to hold."""
        begin = self._position
        size = max(0, self._size - begin) if size < 0 else min(size, max(0, self._size - begin))
        if size > _MOST_BYTES_AT_ONCE:
            raise FileError(
                f"This Parquet file needs {size // 1024**2} MiB to be read at once.",
                where=self._where,
                hint="Write it again, with fewer or smaller row groups.",
            )
        if not size:
            return b""
        if begin >= self._kept_from:
            data = self._kept[begin - self._kept_from :][:size]
            self._position += len(data)
            self._see(begin, data)
            return data
        stream = self._streams.pop(begin, None) or self._open_at(begin)
        data = stream.read(size)
        self._position += len(data)
        self._keep(stream)
        self._see(begin, data)
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        """See read."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close all streams."""
        while self._streams:
            self._streams.popitem()[1].close()
        super().close()

    def _see(self, begin: int, data: bytes) -> None:
        for watch in self._watches.values():
            if begin < watch.end and begin + len(data) > watch.start:
                watch.see(max(begin, watch.start), data[max(0, watch.start - begin) : watch.end - begin])

    def _keep(self, stream: BinaryIO) -> None:
        if (other := self._streams.pop(self._position, None)) is not None:
            other.close()
        self._streams[self._position] = stream
        while len(self._streams) > _MOST_STREAMS:
            self._streams.pop(next(iter(self._streams))).close()

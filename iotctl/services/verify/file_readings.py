"""A whole file's readings, each (sensor, time) once, in pieces that fit into memory, for a file of any size."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from iotctl.repositories import SortedReadings

_DAY = 86_400_000_000

# A piece has all readings of a sensor within so many days, counted from 1970.
BLOCK_DAYS = 4

# At most so many readings stay in memory; a larger file uses temporary files, 20 bytes a reading.
_MOST_ROWS = 1_000_000
_PARTS = 128

_ROW = np.dtype([("sensor_id", "i4"), ("time", "i8"), ("value", "f8")])


class FileReadings:
    """Collects the readings of one file, in its order. keep_last: if a (sensor, time) comes twice, the last counts.

    A context manager: it deletes its temporary files at the end. Raises OSError where the disk is full.
    """

    def __init__(self, *, keep_last: bool, most_rows: int = _MOST_ROWS) -> None:
        self._keep_last = keep_last
        self._most_rows = most_rows
        self._rows: list[NDArray[np.void]] = []
        self._count = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> FileReadings:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete the temporary files."""
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, sensor_id: NDArray[np.int32], time: NDArray[np.int64], value: NDArray[np.float64]) -> None:
        """Add the next readings of the file; (n,) each."""
        rows = np.empty(len(time), dtype=_ROW)
        rows["sensor_id"], rows["time"], rows["value"] = sensor_id, time, value
        self._rows.append(rows)
        self._count += len(rows)
        if self._count > self._most_rows:
            self._spill()

    def pieces(self) -> Iterator[SortedReadings]:
        """All readings."""
        if self._folder is None:
            if self._count:
                yield self._piece(np.concatenate(self._rows))
            return
        self._spill()
        together: list[NDArray[np.void]] = []
        for path in sorted(Path(self._folder.name).iterdir()):
            rows = np.fromfile(path, dtype=_ROW)
            if together and sum(map(len, together)) + len(rows) > self._most_rows:
                yield self._piece(np.concatenate(together))
                together = []
            together.append(rows)
        yield self._piece(np.concatenate(together))

    def _spill(self) -> None:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="iotctl-verify-")
        for rows in self._rows:
            block = rows["time"] // (BLOCK_DAYS * _DAY)
            part = ((rows["sensor_id"].astype(np.int64) * 7919 + block) % _PARTS).astype(np.uint8)
            sorted_rows = rows[np.argsort(part, kind="stable")]
            ends = np.cumsum(np.bincount(part, minlength=_PARTS)).tolist()
            for number, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
                if start < end:
                    with (Path(self._folder.name) / f"{number:03}").open("ab") as file:
                        sorted_rows[start:end].tofile(file)
        self._rows, self._count = [], 0

    def _piece(self, rows: NDArray[np.void]) -> SortedReadings:
        # lexsort is stable: readings of one (sensor, time) stay in the order of the file.
        rows = rows[np.lexsort((rows["time"], rows["sensor_id"]))]
        same = (rows["sensor_id"][1:] == rows["sensor_id"][:-1]) & (rows["time"][1:] == rows["time"][:-1])
        edge = np.array([True])
        kept = np.concatenate([~same, edge]) if self._keep_last else np.concatenate([edge, ~same])
        rows = rows[kept]
        return SortedReadings(rows["sensor_id"].copy(), rows["time"].copy(), rows["value"].copy())

"""Rows gathered into batches, their local times turned into UTC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from iotctl.formats.clock import Clock, Resolved
from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Rows, Sensors, joined
from iotctl.model import FileBatch, Position, Reject


class BatchBuilder:
    """Gathers rows, turns local times into UTC in file order, and cuts batches."""

    def __init__(self, options: ReadOptions, start: Position) -> None:
        self.start = start
        self.sensors = Sensors()
        self.rows_read = 0
        self._clock = Clock(options, self.sensors, start.clock)
        self._clear()

    def _clear(self) -> None:
        self.rows_read = 0
        self._pieces: list[Rows] = []
        self._rejects: list[Reject] = []
        self._ambiguous = self._nonexistent = 0

    def add(self, rows: Rows, rejects: list[Reject], text_of: Callable[[int], str]) -> None:
        """Add the next rows of the file; text_of: what a reject keeps of a line."""
        self.rows_read += len(rows) + len(rejects)
        resolved = self._clock.resolve(rows)
        if resolved.refused:
            rejects, rows, resolved = _refuse(rows, rejects, resolved, text_of)
        self._pieces.append(replace(rows, time=resolved.time))
        self._rejects += rejects
        self._ambiguous += resolved.ambiguous
        self._nonexistent += resolved.nonexistent

    def batch(self, offset: int, line: int) -> FileBatch:
        """What was added since the last batch, up to an offset of the file and the number of the next line."""
        rows = joined(self._pieces)
        uuids = self.sensors.uuids()
        used = np.zeros(len(uuids), dtype=np.bool_)
        used[rows.sensor] = True
        numbers = np.cumsum(used, dtype=np.int32) - np.int32(1)
        end = Position(offset, line, self._clock.state)
        batch = FileBatch(
            start=self.start,
            end=end,
            uuids=uuids[used],
            sensor=numbers[rows.sensor],
            time=rows.time,
            value=rows.value,
            rejects=tuple(self._rejects),
            rows_read=self.rows_read,
            ambiguous=self._ambiguous,
            nonexistent=self._nonexistent,
        )
        self.start = end
        self._clear()
        return batch


def _refuse(
    rows: Rows, rejects: list[Reject], resolved: Resolved, text_of: Callable[[int], str]
) -> tuple[list[Reject], Rows, Resolved]:
    lines = {int(rows.line[row]): reason for row, reason in resolved.refused.items()}
    refused = [Reject(line, reason, text_of(line)) for line, reason in lines.items()]
    kept = np.ones(len(rows), dtype=np.bool_)
    kept[list(resolved.refused)] = False
    rejects = sorted([*rejects, *refused], key=lambda reject: reject.line)
    return rejects, rows[kept], replace(resolved, time=resolved.time[kept])

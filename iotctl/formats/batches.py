"""Rows gathered into batches, their local times turned into UTC."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from iotctl.formats.bad_rows import BadRows, code_of, joined_bad_rows, reason_of
from iotctl.formats.clock import Clock, Resolved
from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Rows, Sensors, joined
from iotctl.model import FileBatch, Position, Reject, RejectReason


class BatchBuilder:
    """Gathers rows, turns local times into UTC in file order, and cuts batches."""

    def __init__(self, options: ReadOptions, start: Position) -> None:
        self.start = start
        self.sensors = Sensors()
        self.rows_read = 0
        self._room = options.keep_rejects
        self._clock = Clock(options, self.sensors, start.clock)
        self._clear()

    def _clear(self) -> None:
        self.rows_read = 0
        self._pieces: list[Rows] = []
        self._rejects: list[Reject] = []
        self._rejected: Counter[RejectReason] = Counter()
        self._ambiguous = self._nonexistent = 0

    def add(self, rows: Rows, bad: BadRows, text_of: Callable[[int], str]) -> None:
        """Add the next rows of the file; text_of: what a reject keeps of a line."""
        self.rows_read += len(rows) + len(bad)
        resolved = self._clock.resolve(rows)
        if resolved.refused:
            bad, rows, resolved = _refuse(rows, bad, resolved)
        self._pieces.append(replace(rows, time=resolved.time))
        self._ambiguous += resolved.ambiguous
        self._nonexistent += resolved.nonexistent
        self._rejected.update(bad.counts())
        kept = zip(bad.line[: self._room].tolist(), bad.code[: self._room].tolist(), strict=True)
        self._rejects += [Reject(line, reason_of(code), text_of(line)) for line, code in kept]
        self._room -= min(self._room, len(bad))

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
            rejected=dict(self._rejected),
            rows_read=self.rows_read,
            ambiguous=self._ambiguous,
            nonexistent=self._nonexistent,
        )
        self.start = end
        self._clear()
        return batch


def _refuse(rows: Rows, bad: BadRows, resolved: Resolved) -> tuple[BadRows, Rows, Resolved]:
    at = np.fromiter(resolved.refused, dtype=np.intp, count=len(resolved.refused))
    code = np.fromiter(map(code_of, resolved.refused.values()), dtype=np.int8, count=len(at))
    kept = np.ones(len(rows), dtype=np.bool_)
    kept[at] = False
    refused = BadRows(rows.line[at], code)
    return joined_bad_rows([bad, refused]), rows[kept], replace(resolved, time=resolved.time[kept])

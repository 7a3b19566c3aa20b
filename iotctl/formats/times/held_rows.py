"""Holds rows near a clock change until the file shows their hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.times.doubtful_hours import Change, is_second_pass, runs_through
from iotctl.formats.times.zones import change_at
from iotctl.model import RejectReason

# A stretch ends after this many lines that are not near a clock change; a stretch with more rows is cut.
_MOST_LINES_BETWEEN = 1_000
_MOST_ROWS = 2_000_000


@dataclass(frozen=True, slots=True)
class HeldRows:
    """Rows near clock changes, in file order; all (n,).

    row: int64, the row's number in the file. line, sensor: as in Rows. local: int64, microseconds by the local clock.
    change: int64, microseconds UTC of the change that a row is near. value: float64.
    """

    row: NDArray[np.int64]
    line: NDArray[np.int64]
    sensor: NDArray[np.int32]
    local: NDArray[np.int64]
    change: NDArray[np.int64]
    value: NDArray[np.float64]

    def __getitem__(self, at: slice | NDArray[np.intp]) -> HeldRows:
        return HeldRows(self.row[at], self.line[at], self.sensor[at], self.local[at], self.change[at], self.value[at])


@dataclass
class Verdicts:
    """Decisions about rows, by their numbers. later: rows of the second of two hours, and by how much they move.

    refused: rejected rows. notes: messages for people.
    """

    later: list[tuple[NDArray[np.int64], int]] = field(default_factory=list)
    refused: list[tuple[NDArray[np.int64], RejectReason]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class RowHolder:
    """Holds rows back, in stretches of the file that depend only on its content."""

    def __init__(self, timezone: str) -> None:
        self._timezone = timezone
        self._pieces: list[HeldRows] = []
        self._first = self._first_row = self._last = 0

    @property
    def first_line(self) -> int | None:
        """The first line with a waiting row; None if no row waits."""
        return self._first if self._pieces else None

    def add(self, held: HeldRows, until_line: int) -> Verdicts:
        """Hold more rows. Returns decisions about rows held before. until_line: the last line read so far."""
        verdicts = Verdicts()
        while len(held.line):
            if self._pieces and held.line[0] - self._last > _MOST_LINES_BETWEEN:
                self._release(verdicts)
            if not self._pieces:
                self._first, self._first_row = int(held.line[0]), int(held.row[0])
            gaps = np.flatnonzero(np.diff(held.line) > _MOST_LINES_BETWEEN)
            room = int(np.searchsorted(held.row, self._first_row + _MOST_ROWS))
            is_full = room < len(held.row)
            if is_full:  # the rows of a line stay together: another process may go on reading from here
                room = int(np.searchsorted(held.line, held.line[room]))
            count = min(int(gaps[0]) + 1 if len(gaps) else len(held.line), room)
            if count:
                self._pieces.append(held[:count])
                self._last = int(held.line[count - 1])
            held = held[count:]
            if is_full and count == room:
                self._release(verdicts)
        if self._pieces and until_line - self._last > _MOST_LINES_BETWEEN:
            self._release(verdicts)
        return verdicts

    def end(self) -> Verdicts:
        """Decisions about all rows at the end of the file."""
        verdicts = Verdicts()
        self._release(verdicts)
        return verdicts

    def _release(self, verdicts: Verdicts) -> None:
        if not self._pieces:
            return
        rows = HeldRows(
            *(
                np.concatenate([getattr(piece, name) for piece in self._pieces])
                for name in HeldRows.__dataclass_fields__
            )
        )
        self._pieces = []
        rows = rows[np.lexsort((rows.row, rows.sensor, rows.change))]
        begins = np.flatnonzero(np.diff(rows.change, prepend=-1) | np.diff(rows.sensor, prepend=-1))
        groups = np.split(np.arange(len(rows.line)), begins[1:])
        by_change: dict[int, list[HeldRows]] = {}
        for group in groups:
            if len(group):
                by_change.setdefault(int(rows.change[group[0]]), []).append(rows[group])
        for instant, sensors in by_change.items():
            change = change_at(instant, self._timezone)
            (_judge_doubled if change.step < 0 else _judge_skipped)(change, sensors, verdicts)


def _judge_doubled(change: Change, sensors: Sequence[HeldRows], verdicts: Verdicts) -> None:
    later: list[int] = []
    unknown: list[int] = []
    for rows in sensors:
        found = is_second_pass(rows.local.tolist(), rows.value.tolist(), change)
        for row, second in zip(rows.row.tolist(), found, strict=True):
            if second is None:
                unknown.append(row)
            elif second:
                later.append(row)
    verdicts.later.append((np.array(later, dtype=np.int64), -change.step))
    if unknown:
        verdicts.refused.append((np.array(unknown, dtype=np.int64), RejectReason.AMBIGUOUS))
        verdicts.notes.append(
            f"rows of the hour that comes twice ({change.hour}) are rejected: the file does not show which of the two"
            " hours they are of. Use --ambiguous earlier or later, or, for a clock without summer time,"
            f" --timezone {change.offset_after}"
        )


def _judge_skipped(change: Change, sensors: Sequence[HeldRows], verdicts: Verdicts) -> None:
    wrong = [rows.row[change.doubts(rows.local)] for rows in sensors if runs_through(rows.local, change)]
    if wrong:
        verdicts.refused.append((np.concatenate(wrong), RejectReason.NONEXISTENT))
        verdicts.notes.append(
            f"a clock without summer time? There are readings in the hour that the clock skips ({change.hour}), which"
            f" are rejected, and in the next hour. If so, load the file with --timezone {change.offset_before}"
        )

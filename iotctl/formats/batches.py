"""Collects rows into batches, and converts local times to UTC."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.bad_rows import BadRows, bad_rows, code_of, joined_bad_rows, reason_of
from iotctl.formats.column_forms import ColumnForms
from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Rows, Sensors, joined
from iotctl.formats.times.clock import Clock, ReadTimes
from iotctl.formats.times.held_rows import HeldRows, RowHolder, Verdicts
from iotctl.model import Ambiguous, FileBatch, Nonexistent, Position, Reject, RejectReason

# The texts of this many doubtful lines are kept, for rejects; they take 100 MB at most.
_MOST_TEXTS = 100_000

_MOST_FIELDS = 32_767
_MISSING = code_of(RejectReason.MISSING)
_NO_ROWS = np.empty(0, dtype=np.int64)


class FileLines(Protocol):
    """Lines of a file in memory."""

    def text(self, line: int) -> str:
        """The text of a line for a reject."""

    def offset(self, line: int) -> int:
        """The offset of a line in the file, as in Position."""


class BatchBuilder:
    """Collects rows, converts local times to UTC in file order, and cuts batches.

    Rows near a clock change wait until the file shows their hour. A batch ends before such rows.
    """

    def __init__(self, options: ReadOptions, start: Position, sensors: Sensors) -> None:
        self.start = start
        self.sensors = sensors
        self.forms = ColumnForms(options, start.forms)
        self.rows_read = 0
        self._options = options
        self._clock = Clock(options)
        self._holder = RowHolder(options.timezone)
        self._holds_from = 0
        self._pieces: list[Rows] = []
        self._first_row = 0  # the number of the first row of the pieces, in the file
        self._count = 0  # of rows in the pieces
        self._gone: list[NDArray[np.int64]] = []  # rejected rows of the pieces
        self._fields: dict[str, int] = {}
        self._bad: list[BadRows] = []
        self._room = options.keep_rejects
        self._bad_texts = 0
        self._doubled: list[NDArray[np.int64]] = []  # lines
        self._skipped: list[NDArray[np.int64]] = []
        self._texts: dict[int, str] = {}  # of bad lines, and of doubtful lines that may be rejected later
        self._notes: list[str] = []

    def field(self, name: str) -> int:
        """The number of a field for BadRows; -1, as for no field, if there are too many."""
        return self._fields.setdefault(name, len(self._fields)) if len(self._fields) < _MOST_FIELDS else -1

    def note(self, note: str) -> None:
        """Add a message for people to the next batch."""
        self._notes.append(note)

    def add(self, rows: Rows, bad: BadRows, lines: FileLines) -> None:
        """Add the next rows of the file. lines: the lines of these rows."""
        self.rows_read += len(rows) + len(bad)
        times = self._clock.read(rows)
        first = self._first_row + self._count
        self._pieces.append(replace(rows, time=times.time))
        self._count += len(rows)
        if len(bad):
            self._bad.append(bad)
            room = max(0, self._room - self._bad_texts)
            listed = _listed(bad, room).line
            self._texts |= {line: lines.text(line) for line in np.unique(listed).tolist()}
            self._bad_texts += len(listed)
        if len(times.doubled) or len(times.skipped):
            self._note_doubtful(rows, first, times, lines)
        if len(times.held) or self._holder.first_line is not None:
            held = HeldRows(
                first + times.held,
                rows.line[times.held],
                rows.sensor[times.held],
                rows.time[times.held],
                times.change,
                rows.value[times.held],
            )
            self._settle(self._holder.add(held, int(rows.line[-1]) if len(rows) else 0))
            begin = self._holder.first_line
            if begin is not None and len(held.line) and begin >= held.line[0]:
                self._holds_from = lines.offset(begin)

    def end(self) -> None:
        """End of the file: settle the rows that wait."""
        self._settle(self._holder.end())

    def batch(self, offset: int, line: int) -> FileBatch | None:
        """The rows since the last batch. offset, line: where the next batch begins.

        Rows that wait are left for the next batch; None if there are no others.
        """
        if (held_from := self._holder.first_line) is not None:
            offset, line = self._holds_from, held_from
        rows, rest = self._parted(line)
        bad = joined_bad_rows(self._bad)
        before = int(np.searchsorted(bad.line, line))
        bad, bad_rest = bad[:before], bad[before:]
        if held_from is not None and not len(rows) and not len(bad):
            return None
        kept = _listed(bad, self._room)
        names = [*self._fields, ""]  # the last for -1
        rejects = [
            Reject(number, reason_of(code), self._texts.get(number, ""), names[field])
            for number, code, field in zip(kept.line.tolist(), kept.code.tolist(), kept.field.tolist(), strict=True)
        ]
        rejected = bad.counts()
        missing, bad_quality = rejected.pop(RejectReason.MISSING, 0), rejected.pop(RejectReason.QUALITY, 0)
        self._room -= len(rejects)
        ambiguous, self._doubled = _counted(self._doubled, line)
        nonexistent, self._skipped = _counted(self._skipped, line)
        notes = (*self.forms.notes, *self._notes)
        end = Position(offset, line, self.forms.state)
        uuids = self.sensors.uuids()
        used = np.zeros(len(uuids), dtype=np.bool_)
        used[rows.sensor] = True
        numbers = np.cumsum(used, dtype=np.int32) - np.int32(1)
        batch = FileBatch(
            start=self.start,
            end=end,
            uuids=uuids[used],
            sensor=numbers[rows.sensor],
            time=rows.time,
            value=rows.value,
            rejects=tuple(rejects),
            rejected=rejected,
            rows_read=len(rows) + len(bad),
            ambiguous=ambiguous,
            nonexistent=nonexistent,
            notes=tuple(dict.fromkeys(notes)),
            missing=missing,
            bad_quality=bad_quality,
            names=self.sensors.names(used),
            units=self.sensors.units(used),
        )
        self.start, self._bad = end, [bad_rest]
        self.forms.notes, self._notes = [], []
        self.rows_read = len(rest) + len(bad_rest)
        self._texts = {number: text for number, text in self._texts.items() if number >= line}
        self._bad_texts = min(len(bad_rest), self._room)
        return batch

    def _note_doubtful(self, rows: Rows, first: int, times: ReadTimes, lines: FileLines) -> None:
        """Count rows of doubtful hours. Reject them if the options say so, else keep their texts.

        first: the number of the first of the rows.
        """
        self._doubled.append(rows.line[times.doubled])
        self._skipped.append(rows.line[times.skipped])
        for doubtful, waits, is_refused, reason in (
            (
                times.doubled,
                self._options.ambiguous is Ambiguous.INFER,
                self._options.ambiguous is Ambiguous.REJECT,
                RejectReason.AMBIGUOUS,
            ),
            (
                times.skipped,
                self._options.nonexistent is Nonexistent.FORWARD,
                self._options.nonexistent is Nonexistent.REJECT,
                RejectReason.NONEXISTENT,
            ),
        ):
            if waits or is_refused:
                room = max(0, _MOST_TEXTS - len(self._texts))
                self._texts |= {line: lines.text(line) for line in np.unique(rows.line[doubtful])[:room].tolist()}
            if is_refused and len(doubtful):
                self._refuse([(first + doubtful, reason)])

    def _settle(self, verdicts: Verdicts) -> None:
        if verdicts.later or verdicts.refused:
            self._pieces = [joined(self._pieces)]
            for row, move in verdicts.later:
                self._pieces[0].time[row - self._first_row] += move
            self._refuse(verdicts.refused)
        self._notes += verdicts.notes

    def _refuse(self, refused: Sequence[tuple[NDArray[np.int64], RejectReason]]) -> None:
        """Reject rows by their numbers."""
        self._pieces = [joined(self._pieces)]
        for row, reason in refused:
            self._gone.append(row)
            self._bad.append(bad_rows(self._pieces[0].line[row - self._first_row], reason))

    def _parted(self, line: int) -> tuple[Rows, Rows]:
        """The rows before a line, without rejected ones, and the rest, which stays."""
        rows = joined(self._pieces)
        at = int(np.searchsorted(rows.line, line))
        before, rest = (rows, rows[:0]) if at == len(rows) else (rows[:at], rows[at:])
        end = self._first_row + at
        gone = np.concatenate([_NO_ROWS, *self._gone])
        if len(gone):
            kept = np.ones(len(before), dtype=np.bool_)
            kept[gone[gone < end] - self._first_row] = False
            before = before[kept]
        self._gone = [gone[gone >= end]]
        self._pieces, self._first_row, self._count = [rest] if len(rest) else [], end, len(rest)
        return before, rest


def _listed(bad: BadRows, most: int) -> BadRows:
    """The first bad rows, which are listed with line and text. Missing values are not listed."""
    missing = bad.code == _MISSING
    return (bad[~missing] if missing.any() else bad)[:most]


def _counted(lines: Iterable[NDArray[np.int64]], before: int) -> tuple[int, list[NDArray[np.int64]]]:
    """The number of lines before a line, and the other lines."""
    every = np.concatenate([np.empty(0, dtype=np.int64), *lines])
    return int(np.sum(every < before)), [every[every >= before]] if (every >= before).any() else []

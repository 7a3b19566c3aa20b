"""Local times of a file to UTC, in file order: the hour that comes twice is resolved per sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from iotctl.formats.options import ReadOptions
from iotctl.formats.rows import Rows, Sensors
from iotctl.formats.zones import local_offsets
from iotctl.model import Ambiguous, Nonexistent, RejectReason

_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- a clock on a wall


@dataclass(frozen=True, slots=True)
class Resolved:
    """time: int64 (n,), microseconds since 1970-01-01 UTC. refused: row -> why it is to be rejected.

    ambiguous, nonexistent: how many rows lay in an hour that comes twice, or that the clock skips.
    """

    time: NDArray[np.int64]
    refused: Mapping[int, RejectReason]
    ambiguous: int
    nonexistent: int


class Clock:
    """The wall clock that a file's times were read from; remembers, per sensor, which of the doubled hours it is in."""

    def __init__(self, options: ReadOptions, sensors: Sensors, state: Mapping[str, tuple[str, bool]]) -> None:
        self._options = options
        self._sensors = sensors
        # number of the sensor -> its last local time in a doubled hour, and whether that was the second one
        self._last = {
            sensors.number(uuid): ((datetime.fromisoformat(text) - _LOCAL_EPOCH) // timedelta(microseconds=1), second)
            for uuid, (text, second) in state.items()
        }

    @property
    def state(self) -> dict[str, tuple[str, bool]]:
        """As Position.clock."""
        uuids = self._sensors.uuids()
        return {
            uuids[sensor].tobytes().hex(): ((_LOCAL_EPOCH + timedelta(microseconds=time)).isoformat(), second)
            for sensor, (time, second) in self._last.items()
        }

    def resolve(self, rows: Rows) -> Resolved:
        """UTC of the next rows of the file."""
        time = rows.time.copy()
        naive = np.flatnonzero(rows.naive)
        if not len(naive):
            return Resolved(time, {}, 0, 0)
        local = rows.time[naive]
        found = local_offsets(local, self._options.timezone)
        time[naive] -= found.offset
        doubtful = np.flatnonzero(found.change >= 0)
        if not len(doubtful):
            return Resolved(time, {}, 0, 0)
        step = found.step[found.change[doubtful]]
        doubled, skipped = doubtful[step < 0], doubtful[step > 0]
        refused: dict[int, RejectReason] = {}
        if self._options.nonexistent is Nonexistent.REJECT:
            refused |= dict.fromkeys(naive[skipped].tolist(), RejectReason.NONEXISTENT)
        match self._options.ambiguous:
            case Ambiguous.REJECT:
                refused |= dict.fromkeys(naive[doubled].tolist(), RejectReason.AMBIGUOUS)
            case Ambiguous.LATER:
                time[naive[doubled]] -= step[step < 0]
            case Ambiguous.INFER:
                second = self._is_second(rows.sensor[naive[doubled]], local[doubled])
                time[naive[doubled]] -= np.where(second, step[step < 0], 0)
            case Ambiguous.EARLIER:
                pass
        return Resolved(time, refused, len(doubled), len(skipped))

    def _is_second(self, sensor: NDArray[np.int32], local: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each row is of the second of the doubled hours: once its sensor's clock did not go forward.

        A loop over rows, which are those of two hours a year.
        """
        second = np.zeros(len(local), dtype=np.bool_)
        for row, (number, time) in enumerate(zip(sensor.tolist(), local.tolist(), strict=True)):
            last, was_second = self._last.get(number, (None, False))
            # More than a day apart is another year's change.
            same = last is not None and abs(time - last) < 86_400_000_000
            second[row] = same and (was_second or time <= last)
            self._last[number] = (time, bool(second[row]))
        return second

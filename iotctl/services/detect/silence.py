"""Silence: sensors that send nothing while others send; such an event goes on until they send again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from iotctl.analysis.events.silence import find_silence
from iotctl.model import Event, Finding, Kind, Sensor
from iotctl.repositories import Connection, Series, storage_of
from iotctl.repositories.readings.arrivals import expected_up_to, last_readings
from iotctl.words import span

_HOUR = 3_600_000_000.0

# The usual pause of a sensor is taken from so much time before its last reading.
_USUAL = 56 * 86_400_000_000


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the readings of a fleet are known. until: the time up to which; None where nothing is known.

    last: sensor_id -> its last reading before until. All are microseconds since 1970-01-01 UTC.
    """

    until: int | None = None
    last: Mapping[int, int] = field(default_factory=dict)

    def of(self, sensors: Sequence[Sensor]) -> Heard:
        """The same for these sensors only."""
        known = {sensor.sensor_id: self.last[sensor.sensor_id] for sensor in sensors if sensor.sensor_id in self.last}
        return Heard(self.until, known)

    def behind(self, sensor: Sensor) -> bool:
        """Whether other sensors have readings after this sensor's last one."""
        last = self.last.get(sensor.sensor_id)
        return last is not None and self.until is not None and last < self.until


def listen(conn: Connection, sensors: Sequence[Sensor], end: int | None, now: int) -> Heard:
    """How far these sensors are known before end, or until now.

    That is up to the time that half of them have reached: stored readings of the past have no present time, some
    sensors' files may come before those of others, and a clock may be ahead. If readings come all the time, it is the
    time up to which they should have come.
    """
    before = now if end is None else min(end, now)
    last = last_readings(conn, [sensor.sensor_id for sensor in sensors], before)
    if not last:
        return Heard()
    sent = sorted(last.values(), reverse=True)[(len(last) - 1) // 2]
    expected = expected_up_to(conn, now)
    return Heard(min(max(sent, expected or sent), before), last)


def silence_of(sensor: Sensor, heard: Heard, series: Series | None, conn: Connection) -> Event | None:
    """The event of a silent sensor; None where it is not silent.

    series: its readings so far; if they do not reach its last reading, the others are read.
    """
    if not heard.behind(sensor):
        return None
    assert heard.until is not None
    last = heard.last[sensor.sensor_id]
    if series is None or not len(series[0]) or series[0][-1] != last:
        series = storage_of(conn).whole_series(sensor.sensor_id, last - _USUAL, last + 1)
    return find_silence(*series, heard.until, sensor.unit or "")


def ended_silence(stored: Sequence[Finding], found: Sequence[Event], series: Series) -> list[Event]:
    """Stored silences that are over and that no found event continues, as gaps up to the next reading."""
    time = series[0]
    ended = []
    for known in stored:
        event = known.event
        row = int(np.searchsorted(time, event.start, side="right"))
        if event.kind is not Kind.SILENT or not 0 < row < len(time):
            continue
        if any(other.kind.is_absence and other.start <= event.end and other.end >= event.start for other in found):
            continue
        end = int(time[row])
        ended.append(
            replace(event, kind=Kind.GAP, end=end, explanation=f"no reading for {span((end - event.start) / _HOUR)}")
        )
    return ended

"""The readings that a run reads of a sensor, and their detection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.learning import Taught
from iotctl.model import Detection, Event, Sensor
from iotctl.repositories import Connection, Series, storage_of
from iotctl.repositories.findings.detect_runs import DetectRunRepository
from iotctl.services.detect.detect_task import Request
from iotctl.services.detect.judge import Scope
from iotctl.services.detect.window import Window, asked_for, since


@dataclass(frozen=True, slots=True)
class Looked:
    """A sensor, the options with its limits, its readings, and their detection.

    series: all readings of the window. detection: with the events that are rare enough. seen: all events, with rates
    by verdicts. scope: the events that the run judges.
    """

    sensor: Sensor
    options: DetectOptions
    window: Window
    series: Series
    detection: Detection
    seen: tuple[Event, ...]
    scope: Scope

    def last_before(self, end: int | None) -> int | None:
        """The time of the last reading before a moment, None for open; None where there is none."""
        time = self.series[0] if end is None else self.series[0][self.series[0] < end]
        return int(time[-1]) if len(time) else None


def look_at(sensor: Sensor, request: Request, watermark: int | None, taught: Taught, conn: Connection) -> Looked:
    """Read a sensor and run detection. watermark: where the last run ended; None: the whole range is judged."""
    window = _window(request, watermark)
    series = _read(sensor.sensor_id, request, window, conn)
    sensor, options = _held_to_limits(sensor, request.options)
    runs = DetectRunRepository(conn)
    memory = runs.memory(sensor.sensor_id, request.parameters) if request.since_last else None
    detection = detect(*series, _as_sensitive(options, taught), sensor.unit or "", memory)
    seen = tuple(taught.weighed(event) for event in detection.events)
    # Events that are no longer rare enough stay here, so that their state is not lost; analyse leaves them out.
    wanted = tuple(
        weighed
        for weighed, event in zip(seen, detection.events, strict=True)
        if min(weighed.a_year, event.a_year) <= options.false_alarms
    )
    detection = replace(detection, events=wanted)
    return Looked(sensor, options, window, series, detection, seen, Scope.of(detection, window, watermark))


def _window(request: Request, watermark: int | None) -> Window:
    if watermark is not None:
        return since(watermark, request.start, request.end, request.context)
    window = asked_for(request.start, request.end, request.context)
    return replace(window, last=request.end) if request.since_last else window


def _read(sensor_id: int, request: Request, window: Window, conn: Connection) -> Series:
    """The readings of a window, and those of the reference period outside of it."""
    readings = storage_of(conn)
    pieces = [readings.whole_series(sensor_id, window.first, window.last)]
    if request.options.reference is not None:
        start, end = request.options.reference
        if window.first is not None and start < window.first:
            pieces.insert(0, readings.whole_series(sensor_id, start, min(end, window.first)))
        if window.last is not None and end > window.last:
            pieces.append(readings.whole_series(sensor_id, max(start, window.last), end))
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate([time for time, _ in pieces]), np.concatenate([value for _, value in pieces])


def _held_to_limits(sensor: Sensor, options: DetectOptions) -> tuple[Sensor, DetectOptions]:
    """The sensor with its limits, and options with the same limits; limits in the options win."""
    if options.limits is None:
        return sensor, replace(options, limits=sensor.limits)
    low, high = (limit if isfinite(limit) else None for limit in options.limits)
    return replace(sensor, low=low, high=high), options


def _as_sensitive(options: DetectOptions, taught: Taught) -> DetectOptions:
    """Options with the highest rate of false alarms that verdicts allow for any kind of event."""
    return replace(options, false_alarms=options.false_alarms * 10.0**taught.most)

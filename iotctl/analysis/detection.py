"""The steps of detection: rows, trend, season, regimes, residuals, components, score, severity, events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.events.counter_events import in_readings, readings_of
from iotctl.analysis.events.described import Modelled
from iotctl.analysis.events.events import find_events, usual_rows
from iotctl.analysis.events.gaps_and_limits import find_beyond_limits, find_gaps
from iotctl.analysis.events.invalid_events import find_invalid
from iotctl.analysis.events.lasting_events import lasting_events
from iotctl.analysis.kept_rows import KeptRows, kept_rows
from iotctl.analysis.modelling.hours import Hours
from iotctl.analysis.modelling.lasting import Lasting
from iotctl.analysis.modelling.modelling import fit_model
from iotctl.analysis.modelling.regimes import Line
from iotctl.analysis.options import DetectOptions
from iotctl.analysis.scores.components import Components, measure_components, measure_stuck
from iotctl.analysis.scores.memory import blended, learn, remembered_kind, wider
from iotctl.analysis.scores.rolling import Column
from iotctl.analysis.scores.severity import severity
from iotctl.analysis.scores.tails import Tail, tails_of
from iotctl.analysis.sensor_kinds import recognise_kind
from iotctl.analysis.sensor_kinds.counter import rises
from iotctl.analysis.sensor_kinds.held import held_before
from iotctl.analysis.sensor_kinds.readable import Readable, readable
from iotctl.analysis.sensor_words import describe_sensor
from iotctl.model import Detection, Event, Method, Regime, SensorKind, SensorMemory

Floats = NDArray[np.float64]

_FEWEST_ROWS = 8
# A sensor is described by its rows outside of events, if these are more than this part of all rows.
_ORDINARY_PART = 0.5


def detect(
    time: NDArray[np.int64],
    value: Floats,
    options: DetectOptions | None = None,
    unit: str = "",
    memory: SensorMemory | None = None,
) -> Detection:
    """What is wrong with one sensor's readings.

    time: int64 (n,), microseconds since 1970-01-01 UTC, in any order. value: float64 (n,), any unit. Rows that are
    not finite, or repeat a time, are left out and counted. If fewer than 8 rows are left, the only events are gaps and
    limits. A series that stands still is modelled by its levels, whatever the method. unit: of the values, for
    sentences. memory: what earlier runs learnt of the sensor; None for a single run. Raises ValueError where time and
    value are not two columns of one length.
    """
    if time.ndim != 1 or time.shape != value.shape:
        raise ValueError(f"time and value must be columns of one length, not of shapes {time.shape} and {value.shape}")
    options = options or DetectOptions()
    kept = kept_rows(time, value)
    time, value = kept.time, kept.value
    hours = Hours.of(time, options.timezone, options.holidays)
    x = hours.elapsed
    step_hours = float(np.median(np.diff(x))) if len(x) > 1 else 1.0
    # Scaled by a power of two, which is exact: squares then neither overflow nor become 0.
    size = float(2.0 ** (np.frexp(np.abs(value).max())[1] - 1)) if value.any() else 1.0
    kind = remembered_kind(memory, recognise_kind(value / size))
    # The textbook method cannot work without noise: its sigma is then that of the anomalies.
    method = Method.PIECEWISE if kind is SensorKind.STILL else options.method
    # A counter is modelled by its rises, in usual steps; every other sensor by its readings.
    is_rising = kind is SensorKind.COUNTER and method is Method.PIECEWISE
    modelled = rises(x, value, step_hours) if is_rising else value
    known_good = _known_good(time, options)
    y = modelled / size
    model = fit_model(
        hours,
        y,
        step_hours,
        method,
        options.least_change,
        known_good is not None,
        memory.periods_hours if memory else (),
    )
    del hours, x
    periods = tuple(season.period_hours for season in model.seasons)
    stuck = measure_stuck(modelled, held_before(memory, time, step_hours))
    # In place, to save one array of a long series.
    u = np.divide(np.subtract(y, model.expected, out=y), model.scale, out=y)
    expected = np.multiply(model.expected, size, out=model.expected)
    scale = np.maximum(np.multiply(model.scale, size, out=model.scale), np.finfo(float).tiny, out=model.scale)
    components = _components(u, stuck, method, known_good, model.step)
    score = components.largest(len(u))
    tails = _tails(components, score, options.threshold, known_good)
    remembered = blended(memory, tails, time, step_hours)
    if known_good is None:
        tails = wider(tails, remembered)
    rare = severity(components.every, tails, len(u))
    can_read = readable(kind, value, score < options.threshold)
    noun, can_be = ("rise", Readable(lowest=0.0)) if is_rising else ("reading", can_read)
    series = Modelled(time, modelled, expected, scale, score, rare, unit, noun, can_be)
    events: list[Event] = []
    if len(u) >= _FEWEST_ROWS:
        # The textbook method has no tails. In a series that stands still, no change is chance.
        by_chance = {} if method is Method.RUPTURES or model.still else tails
        events = find_events(
            series, components, by_chance, options.threshold, options.min_severity, options.false_alarms, memory
        )
    del components, stuck, u, y
    readings = readings_of(series, value, step_hours, can_read) if is_rising else series
    lasting = lasting_events(_in_unit(model.changes, size), series, options.threshold, options.least_change)
    events += [event for event in lasting if event.a_year <= options.false_alarms]
    if is_rising:
        events = in_readings(events, series, readings, options.threshold)
    events += _plain_events(kept, readings, options)
    odd = [event for event in events if not event.kind.is_absence and not event.kind.lasts]
    ordinary = _outside(time, value, odd)
    words = describe_sensor(time[ordinary], value[ordinary], unit, kind, periods)
    return Detection(
        row=kept.row,
        time=time,
        value=value,
        expected=readings.expected,
        scale=readings.scale,
        score=score,
        severity=rare,
        regimes=tuple(_regimes(time, model.lines, size)),
        change_points=tuple(int(time[line.start]) for line in model.lines[1:]),
        events=tuple(sorted(events, key=lambda event: (event.start, event.end, event.kind))),
        periods_hours=periods,
        dropped=kept.dropped,
        sensor_kind=kind,
        memory=learn(memory, remembered, time, kind, periods, modelled),
        sensor_words=words,
    )


def _known_good(time: NDArray[np.int64], options: DetectOptions) -> NDArray[np.bool_] | None:
    """The rows of the reference period, (n,); None without one."""
    if options.reference is None:
        return None
    return (time >= options.reference[0]) & (time < options.reference[1])


def _plain_events(kept: KeptRows, readings: Modelled, options: DetectOptions) -> list[Event]:
    """The events that rest on no score: absurd values, gaps, and readings beyond the limits."""
    invalid: list[Event] = []
    if kept.absurd.rows.any():
        # Beside the model of all other readings at their times.
        at, known = kept.every_time.astype(np.float64), readings.time.astype(np.float64)
        expected = np.interp(at, known, readings.expected)
        invalid = find_invalid(kept.every_time, kept.every_value, kept.absurd, expected, readings.unit)
    gaps = [gap for gap in find_gaps(readings, options.threshold) if not any(_within(gap, one) for one in invalid)]
    beyond = find_beyond_limits(readings, options.limits, options.threshold) if options.limits is not None else []
    return [*invalid, *gaps, *beyond]


def _in_unit(changes: Sequence[Lasting], size: float) -> list[Lasting]:
    return [replace(change, before=change.before * size, after=change.after * size) for change in changes]


def _within(gap: Event, other: Event) -> bool:
    return gap.start <= other.start and other.end <= gap.end


def _outside(time: NDArray[np.int64], value: Floats, events: Sequence[Event]) -> NDArray[np.bool_]:
    """The rows that are in no event, (n,): they show what the sensor is.

    All rows where few would be left, or only one value: for a switch that is seldom on, being on may be the event.
    """
    outside = np.ones(len(time), dtype=np.bool_)
    for event in events:
        outside[np.searchsorted(time, event.start) : np.searchsorted(time, event.end, side="right")] = False
    known = value[outside]
    if len(known) > _ORDINARY_PART * len(time) and known.min() < known.max():
        return outside
    return np.ones(len(time), dtype=np.bool_)


def _components(
    u: Floats, stuck: Column, method: Method, known_good: NDArray[np.bool_] | None, step: float
) -> Components:
    if len(u) < _FEWEST_ROWS:
        return Components({}, {})
    if method is Method.RUPTURES:
        nothing = np.zeros(len(u))
        return Components({"point": np.abs(u), "local": nothing, "stuck": nothing}, {})
    return measure_components(u, stuck, known_good, step)


def _tails(
    components: Components, score: Floats, threshold: float, known_good: NDArray[np.bool_] | None
) -> dict[str, Tail]:
    """The tail of each component, learnt without the anomalies that it will judge."""
    usual = known_good if known_good is not None and known_good.any() else usual_rows(score, threshold)
    return tails_of(components.every, usual)


def _regimes(time: NDArray[np.int64], lines: Sequence[Line], unit: float) -> list[Regime]:
    return [
        Regime(
            start=int(time[line.start]),
            end=int(time[line.end - 1]),
            rows=line.end - line.start,
            level=line.level * unit,
            slope_per_hour=line.slope * unit,
            scale=line.scale * unit,
        )
        for line in lines
    ]

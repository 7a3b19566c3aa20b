"""What a sensor is, in words: its kind, how it reads, how often it sends, and its seasons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.robust import mad_sigma, quantum, thin
from iotctl.analysis.sensor_kinds import recognise_kind
from iotctl.analysis.sensor_kinds.states import held_ends, most_common
from iotctl.model import SensorKind
from iotctl.words import counted, number, span

Floats = NDArray[np.float64]

_HOUR = 3_600_000_000.0
_SAMPLE = 16_384
_FEWEST_ROWS = 50
_STRETCHES = 16
# A step of the scale is told if it is at least this part of the usual difference between two readings.
_COARSE_PART = 0.5
# The outer 1 % of differences over the outer 10 %: 1.6 for normal noise, 2.1 for Student's with 3 degrees of freedom.
_HEAVY, _SKEWED = 1.9, 1.8
# Intervals are even if they vary less than this; a sensor sends on change if the smallest changes are this part of the
# usual one.
_UNEVEN, _LEAST_CHANGE = 0.5, 0.3
# The name of a period, and by which part its length may differ: a year is not exact after a few years.
_NAMED_PERIODS = ((24.0, 0.01, "a daily course"), (168.0, 0.01, "a weekly course"), (8766.0, 0.1, "a yearly course"))
_NAMED_INTERVALS = ((1 / 60, "minute"), (1.0, "hour"), (24.0, "day"), (168.0, "week"))


def describe_sensor(
    time: NDArray[np.int64],
    value: Floats,
    unit: str = "",
    kind: SensorKind | None = None,
    periods_hours: Sequence[float] = (),
) -> str:
    """A line such as "states: 4 values from 0 to 100, about 9 changes a day; a reading every 8 minutes".

    time: int64 (n,), microseconds since 1970-01-01 UTC, ascending. value: float64 (n,), finite. kind: None to find it
    from the values. periods_hours: of its seasons, where they are known.
    """
    if len(value) < 2:
        return "too few readings to say"
    # Halved first: the difference of two of the largest values would overflow.
    kind = recognise_kind(value / 2) if kind is None else kind
    parts = [_READS[kind](time, value, unit), _sends(time, value)]
    named = [_period(hours) for hours in periods_hours]
    if named:
        parts.append(" and ".join(named))
    return "; ".join(parts)


def _continuous(_: NDArray[np.int64], y: Floats, unit: str) -> str:
    traits = ["continuous", *_scale(y, unit)]
    if len(y) >= _FEWEST_ROWS:
        lower, upper = np.quantile(_about_its_level(thin(y, _SAMPLE) / 2), [0.1, 0.9])
        above, below = upper, -lower
        near, far = np.quantile(np.abs(np.diff(y[:_SAMPLE] / 2)), [0.9, 0.99])
        if min(above, below) > 0 and max(above, below) > _SKEWED * min(above, below):
            traits.append(f"skewed to {'high' if above > below else 'low'} values")
        elif far > _HEAVY * near > 0:
            traits.append("jumping now and then")
    return ", ".join(traits)


def _about_its_level(y: Floats) -> Floats:
    """Values minus the median of their stretch of the series, so that one step of the level is not skew."""
    return np.concatenate([part - np.median(part) for part in np.array_split(y, _STRETCHES)])


def _scale(y: Floats, unit: str) -> list[str]:
    step = quantum(y)
    usual = 2 * mad_sigma(np.diff(y / 2))
    return [f"in steps of {step:.3g}{f' {unit}' if unit else ''}"] if step > 0 and step >= _COARSE_PART * usual else []


def _saturating(_: NDArray[np.int64], y: Floats, unit: str) -> str:
    ends = [end for end in held_ends(y) if end is not None]
    held = [f"held at {_plain(end, unit)} for {_part(float((y == end).mean()))} of its readings" for end in ends]
    return ", ".join(["continuous", *held])


def _intermittent(_: NDArray[np.int64], y: Floats, unit: str) -> str:
    rest, part = most_common(y)
    far = float(y[np.argmax(np.abs(y / 2 - rest / 2))])
    reaches = f"{'up' if far > rest else 'down'} to {_plain(far, unit)} in between"
    return f"intermittent: {_plain(rest, unit)} in {_part(part)} of its readings, {reaches}"


def _states(time: NDArray[np.int64], y: Floats, unit: str) -> str:
    values = np.unique(y)
    low, high = _plain(float(values[0])), _plain(float(values[-1]), unit)
    return f"states: {counted(len(values), 'value')} from {low} to {high}, {_changes(time, y)}"


def _on_off(time: NDArray[np.int64], y: Floats, unit: str) -> str:
    values, counts = np.unique(y, return_counts=True)
    if len(values) == 1:  # a switch that has not moved of late
        return _still(time, y, unit)
    off, on = (float(v) for v in np.sort(values[np.argsort(-counts)[:2]]))
    part = float((y == on).mean())
    much = f"at {_plain(on)} in {_part(part)} of its readings"
    return f"on/off: {_plain(off)} or {_plain(on, unit)}, {much}, {_changes(time, y)}"


def _counter(time: NDArray[np.int64], y: Floats, unit: str) -> str:
    steps = np.diff(y / 2)
    falls = int((steps < 0).sum())
    rise = 2 * float(np.median(steps[steps >= 0]))
    resets = f"falls back {_how_often(time, falls, 'time')}" if falls else "never falls"
    return f"counter: rises by about {number(rise, rise, unit)} at each reading, {resets}"


def _still(time: NDArray[np.int64], y: Floats, unit: str) -> str:
    value, part = most_common(y)
    held = f"stands still at {_plain(value, unit)}"
    return held if part == 1.0 else f"{held}, {_changes(time, y)}"


_READS = {
    SensorKind.CONTINUOUS: _continuous,
    SensorKind.SATURATING: _saturating,
    SensorKind.INTERMITTENT: _intermittent,
    SensorKind.STATES: _states,
    SensorKind.ON_OFF: _on_off,
    SensorKind.COUNTER: _counter,
    SensorKind.STILL: _still,
}


def _sends(time: NDArray[np.int64], y: Floats) -> str:
    steps = np.diff(time) / _HOUR
    usual = float(np.median(steps))
    spread = float(np.subtract(*np.quantile(steps, [0.75, 0.25])))
    if spread > _UNEVEN * usual:
        least, change = np.quantile(np.abs(np.diff(y[:_SAMPLE] / 2)), [0.02, 0.5])
        sent = "sent on change" if least > _LEAST_CHANGE * change else "sent irregularly"
        return f"{sent}, about every {_interval(usual)}"
    return f"a reading every {_interval(usual)}"


def _changes(time: NDArray[np.int64], y: Floats) -> str:
    return _how_often(time, int((y[1:] != y[:-1]).sum()), "change")


def _how_often(time: NDArray[np.int64], count: int, noun: str) -> str:
    """Such as: 5 changes in 60 days; about 9 changes a day; a change about every 2.5 days."""
    days = max(float(time[-1] - time[0]) / _HOUR / 24, 1e-9)
    a_day = count / days
    if count < 10 or a_day < 0.1:
        return f"{counted(count, noun)} in {span(days * 24)}"
    if a_day >= 2:
        return f"about {a_day:.0f} {noun}s a day"
    return f"{'once' if noun == 'time' else f'a {noun}'} about every {_interval(24 / a_day)}"


def _interval(hours: float) -> str:
    seconds = hours * 3600
    if seconds < 90:
        return "second" if round(seconds, 2) == 1 else f"{seconds:.3g} seconds"
    return next((name for length, name in _NAMED_INTERVALS if abs(hours - length) < 0.01 * length), span(hours))


def _period(hours: float) -> str:
    return next(
        (name for period, near, name in _NAMED_PERIODS if abs(hours - period) < near * period),
        f"a cycle of {span(hours)}",
    )


def _part(part: float) -> str:
    return f"{100 * part:.0f} %" if 0.005 <= part <= 0.995 else ("under 1 %" if part < 0.5 else "over 99 %")


def _plain(value: float, unit: str = "") -> str:
    return f"{value:.6g}{f' {unit}' if unit else ''}"

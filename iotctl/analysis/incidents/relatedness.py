"""How closely sensors are related: by the labels that they share, and by how they move together."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.model import Event

Floats = NDArray[np.float64]

_HOUR = 3_600_000_000

# A cause shows in so many other sensors of the smallest group around it, whatever the group's size.
_REACHED = 1.5
_SUREST = 0.5
_USUAL_GROUP = 5.0
# The part of a group that a cause reaches falls with this power of the group's size: first for labels, then for groups
# of sensors that move together.
_FADING_BY_LABEL, _FADING_BY_COURSE = 4.0, 1.5

# A correlation needs at least so many hours in which both sensors have readings.
_FEWEST_HOURS = 100
# Sudden faults move means, too; they are clipped, so that a correlation does not depend on them.
_CLIP_SIGMA = 3.0
# So many hours count as one independent hour. A correlation of so many standard errors is as likely real as chance.
_HOURS_THAT_COUNT_ONCE, _SURE = 2.0, 5.0


def without_events(hours: Floats, days: Sequence[int], events: Iterable[tuple[int, Event]]) -> Floats:
    """Hourly means, (k, days, 24), with NaN in the hours in which a sensor had an event.

    days: counted from 1970-01-01 UTC, in order. events: each with the index of its sensor. Otherwise two faults that
    happen at the same time once would make their sensors related, and would then count as one.
    """
    calm = hours.copy()
    flat = calm.reshape(len(hours), len(days) * 24)
    hour = (np.asarray(days, dtype=np.int64)[:, None] * 24 + np.arange(24)).ravel()
    for sensor, event in events:
        if not event.kind.lasts:
            first, last = np.searchsorted(hour, [min(event.start, event.began) // _HOUR, event.end // _HOUR + 1])
            flat[sensor, first:last] = np.nan
    return calm


def correlate(hours: Floats) -> tuple[Floats, Floats]:
    """Correlations of sensors, (k, k), and the number of hours of each, (k, k), from hourly means, (k, days, 24).

    NaN is an unknown mean or correlation. Levels of days and the usual course of a day are removed: all sensors share
    them because the sun rises, which is not a relation. Ranks would work as well; clipping is cheaper.
    """
    sensors, days, _ = hours.shape
    if not sensors or not days:
        return np.full((sensors, sensors), np.nan), np.zeros((sensors, sensors))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean or median of only NaN is NaN, as it should be
        moved = hours - np.nanmean(hours, axis=2, keepdims=True)
        moved -= np.nanmedian(moved, axis=1, keepdims=True)
        flat = moved.reshape(sensors, -1)
        scale = 1.4826 * np.nanmedian(np.abs(flat), axis=1, keepdims=True)
    known = np.isfinite(flat) & (scale > 0)
    u = np.where(known, np.clip(flat / np.where(scale > 0, scale, 1), -_CLIP_SIGMA, _CLIP_SIGMA), 0.0)
    weight = known.astype(np.float64)
    both = weight @ weight.T
    variance = (u * u) @ weight.T  # of each sensor, where the other one is known, too
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation: Floats = (u @ u.T) / np.sqrt(variance * variance.T)
    correlation[both < _FEWEST_HOURS] = np.nan
    return correlation, both


def relate(labels: Sequence[Mapping[str, str]], correlation: Floats, hours: Floats, fleet: int) -> Floats:
    """How likely a cause that shows in one sensor also shows in another one, (k, k), in (0, 1).

    labels: of each of the k sensors. correlation, hours: (k, k), see correlate(). fleet: the number of all sensors. The
    size of a group decides: a cause reaches a large part of the five sensors of a pump, but few of the hundreds of a
    site. The sensors that correlate at least as well with a sensor are a group, too.
    """
    count = len(labels)
    size = np.full((count, count), float(max(fleet, count, 2)))
    smallest = np.full(count, _USUAL_GROUP)
    for (key, value), members in sorted(Counter(pair for each in labels for pair in each.items()).items()):
        if members > 1:
            inside = np.flatnonzero([each.get(key) == value for each in labels])
            size[np.ix_(inside, inside)] = np.minimum(size[np.ix_(inside, inside)], members)
            smallest[inside] = np.minimum(smallest[inside], members)
    by_label = _reached(size, np.maximum.outer(smallest, smallest), _FADING_BY_LABEL)
    strength = np.nan_to_num(np.abs(correlation))
    np.fill_diagonal(strength, 0.0)
    # Rank 1 is the sensor that moves most like this one.
    rank = count - np.argsort(np.argsort(strength, axis=1), axis=1)
    z = strength * np.sqrt(hours / _HOURS_THAT_COUNT_ONCE)
    by_course = _reached(1.0 + np.maximum(rank, rank.T), _USUAL_GROUP, _FADING_BY_COURSE) / (1 + np.exp(_SURE - z))
    related: Floats = 1 - (1 - by_label) * (1 - by_course)
    np.fill_diagonal(related, _SUREST)
    return related


def _reached(size: Floats, smallest: Floats | float, fading: float) -> Floats:
    """The part of a group that a cause reaches, by the sizes of the group and of the smallest group around the cause.

    fading: the power of the group's size with which the part falls.
    """
    part: Floats = np.minimum(_SUREST, _REACHED / smallest * np.minimum(1.0, smallest / size) ** fading)
    return part

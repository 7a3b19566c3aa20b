"""Habits: events that come often are normal for their sensor. Among many alike, only much larger ones are rare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from iotctl.analysis.events.described import HOUR, Modelled, Stretch
from iotctl.model import Kind

_YEAR_HOURS = 8760.0
# So many events of one kind and side in a series (or in a year of it) are not yet a habit.
_FEW = 4
# Where there are more, an event must be so many times as severe as their median.
_BEYOND_USUAL = 1.1


def habits(series: Modelled, stretches: Sequence[Stretch]) -> dict[Stretch, float]:
    """The stretches that are a habit of the sensor, with how often a year such a stretch comes.

    A flood that comes ten times a year is usual for its sensor, and so is a load that jumps every day at noon. Runs of
    equal values are judged where they are measured.
    """
    years = float(series.time[-1] - series.time[0]) / HOUR / _YEAR_HOURS if len(series.time) else 0.0
    years = max(1.0, years)
    alike: dict[tuple[Kind, bool], list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        if stretch.kind is not Kind.STUCK:
            side = float(np.median(series.u(stretch.start, stretch.end))) > 0
            kind = Kind.SHIFT if stretch.kind is Kind.DRIFT else stretch.kind  # the same level, moved for a while
            alike[kind, side].append(stretch)
    usual: dict[Stretch, float] = {}
    for group in alike.values():
        if len(group) <= _FEW * years:
            continue
        severities = np.array([float(series.severity[s.start : s.end].max()) for s in group])
        least = _BEYOND_USUAL * float(np.median(severities))
        usual |= {s: len(group) / years for s, severity in zip(group, severities, strict=True) if severity < least}
    return usual

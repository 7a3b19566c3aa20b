"""What recurs is how the sensor is: of many events alike only those that stand out of the others are rare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from iotctl.analysis.described import HOUR, Modelled, Stretch
from iotctl.model import Kind

_YEAR_HOURS = 8760.0
# So many events of one kind and side, in a series or a year of it, may each be news.
_FEW = 4
# Where there are more, one has to be so many times as severe as the middle one of them.
_BEYOND_USUAL = 1.1


def habits(series: Modelled, stretches: Sequence[Stretch]) -> dict[Stretch, float]:
    """Of the stretches those that are a habit of the sensor, with how often a year such a one comes.

    A flood that comes ten times a year, or a load that jumps every day at noon, is usual for its sensor. Runs of equal
    values are judged where they are measured.
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

"""How often a year a sensor would have such an event by chance, with nothing wrong.

This is compared with the promised rate of false alarms. Rates here are decades: log10 of a number a year, 0 for one. An
event is told if the promised rate is at least its own rate. So a lower promise never tells more events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis.scores.components import STUCK_SCORE, Components
from iotctl.analysis.scores.tails import Tail
from iotctl.model import SensorMemory

Floats = NDArray[np.float64]

ALWAYS = -12.0  # decades of a thing that is never chance

# The sigma of a decade, where no tail is known; and the most sigma by which the threshold is lowered.
_SIGMAS_A_DECADE, MOST_LOOSER = 1.0, 2.0
# With ten times as many alarms allowed, an event may be this much less severe, as where there are many events.
SEVERITY_A_DECADE = 0.7
# Short series need less, because their tails contain the anomalies.
_SHORT_SLACK, _LONG_SERIES = 3.0, 50_000
# The rows of a run, for a sensor with scheduled runs: 60 days of readings every 10 minutes.
_LONG_STREAM = 8_640
_YEAR_HOURS = 8760.0


def rows_to_judge(time: NDArray[np.int64]) -> float:
    """Readings in a year of the sensor, or in all of a shorter series. time: int64 (n,), microseconds, ascending."""
    if not len(time):
        return 1.0
    years = float(time[-1] - time[0]) / (3.6e9 * _YEAR_HOURS)
    return len(time) / max(1.0, years)


def asked_decades(time: NDArray[np.int64], memory: SensorMemory | None) -> float:
    """Decades of rarity that chance reaches once in the judged rows. time: see rows_to_judge.

    memory: None for a series that is judged once; a short one then needs less. Else the run is one of many in the
    sensor's year. Each run judges again, so that an event that a short series has once would be told every day.
    """
    rows, short = rows_to_judge(time), len(time) / _LONG_SERIES
    if memory is not None and len(time) > 1:
        rows = _YEAR_HOURS * 3.6e9 / max(float(np.median(np.diff(time))), 1.0)
        short = max(memory.rows, len(time)) / _LONG_STREAM
    return float(np.log10(rows)) + _SHORT_SLACK * min(0.0, float(np.log10(max(short, 1e-9))))


def by_tails(
    components: Components, tails: Mapping[str, Tail], runs: Sequence[tuple[int, int]], asked: float
) -> Floats:
    """The rate of each run of rows [start, end), (runs,), by the tail of the component that is the rarest there.

    asked: see asked_decades. Rows count as independent. If they are not, extremes come in clusters, so that there are
    fewer: the extremal index is at most 1 (Leadbetter, "Extremes and local dependence in stationary sequences", 1983).
    Runs of equal values are judged where they are measured; a component without a tail is judged only by its score.
    """
    judged = [name for name in components.scores if name in tails and name != "stuck"]
    if not judged or not runs:
        return np.full(len(runs), ALWAYS)
    stuck = components.highest("stuck", runs) >= STUCK_SCORE
    rare = np.maximum.reduce([tails[name].decades(components.highest(name, runs)) for name in judged])
    return np.where(stuck, ALWAYS, asked - rare)


def by_score(score: float, threshold: float) -> float:
    """The rate of a score, where one as high as the threshold comes at most once a year; both in sigma."""
    return (threshold - score) / _SIGMAS_A_DECADE


def by_severity(severity: float, asked: float) -> float:
    """The rate of a severity, where an event needs so much severity at one a year."""
    if asked <= 0:
        return ALWAYS
    return (1.0 - severity / asked) / SEVERITY_A_DECADE


def a_year(*decades: float) -> float:
    """The rate of an event, in events a year, by the most frequent of the given rates (decades)."""
    return float(10.0 ** max(ALWAYS, *decades))

"""Incidents of made-up plants with known causes: causes in one incident, right origins, wrong merges.

python -m tests.bench.incidents [--seeds FIRST COUNT] [--style STYLE ...]
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.incidents.incidents import Incident, SensorEvent, group_events
from iotctl.analysis.incidents.relatedness import correlate, relate, without_events
from tests.bench.detect import print_row, print_table
from tests.plants import MINUTE, START, STEP, STYLES, Cause, Plant, make_plant, without_labels

# An event belongs to a cause whose effect on the sensor it touches within this.
_SLACK = 3 * STEP * MINUTE
# An event that begins half a day earlier is another one: the sensor has no other fault in that time.
_EARLIEST = 720 * MINUTE


@dataclass
class Counts:
    """causes: with events in at least two sensors. whole: those of which every found sensor is in one incident.

    most: at least four fifths of them. begun: those that begin in a sensor. origins: of these, whole or not, those
    whose incident with most of the sensors names it.
    incidents: of at least two sensors and with a cause. merged: those with two causes in them. stray: those with an
    event in them that no cause explains. uncaused: incidents of at least two sensors that no cause explains.
    """

    causes: int = 0
    whole: int = 0
    most: int = 0
    begun: int = 0
    origins: int = 0
    incidents: int = 0
    merged: int = 0
    stray: int = 0
    uncaused: int = 0
    paths: int = 0
    paths_named: int = 0

    def add(self, other: Counts) -> None:
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def found_events(plant: Plant) -> list[SensorEvent]:
    """The events that detection finds in the readings of a plant."""
    events = []
    for sensor, (time, value) in enumerate(zip(plant.time, plant.value, strict=True)):
        for number, event in enumerate(detect(time, value, DetectOptions()).events):
            events.append(SensorEvent(sensor, event))
            assert number < 1000
    return events


def hourly(plant: Plant) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    """Hourly means, (sensors, days, 24), by a histogram; NaN where an hour has no reading."""
    days = max(int((time[-1] - START) // (1440 * MINUTE)) for time in plant.time) + 1
    means = np.full((len(plant.time), days * 24), np.nan)
    for row, time, value in zip(means, plant.time, plant.value, strict=True):
        hour = np.clip((time - START) // (60 * MINUTE), 0, days * 24 - 1)
        readings = np.bincount(hour, minlength=days * 24)
        has = readings > 0
        row[has] = np.bincount(hour, value, minlength=days * 24)[has] / readings[has]
    return means.reshape(len(means), days, 24)


def judge(plant: Plant, incidents: list[Incident]) -> Counts:
    """Compare incidents with the causes of a plant."""
    counts = Counts()
    of_event = {id(one): incident for incident in incidents for one in incident.events}
    causes_of: dict[int, set[int]] = {id(incident): set() for incident in incidents}
    strays: Counter[int] = Counter()
    where: list[dict[int, Incident]] = [{} for _ in plant.causes]
    for incident in incidents:
        for one in incident.events:
            number = _cause_of(one, plant.causes)
            if number is None:
                strays[id(incident)] += 1
            else:
                causes_of[id(incident)].add(number)
                where[number].setdefault(one.sensor, of_event[id(one)])
    for cause, places in zip(plant.causes, where, strict=True):
        if len(places) < 2:
            continue
        counts.causes += 1
        main, most = Counter(id(incident) for incident in places.values()).most_common(1)[0]
        counts.whole += most == len(places)
        counts.most += most >= 0.8 * len(places)
        chosen = next(incident for incident in places.values() if id(incident) == main)
        if cause.gateway:
            counts.paths += 1
            counts.paths_named += chosen.is_data_path
        elif cause.origin is not None:
            counts.begun += 1
            counts.origins += chosen.origin == cause.origin
    for incident in incidents:
        if len(incident.movers) > 1 and not causes_of[id(incident)]:
            counts.uncaused += 1
        elif len(incident.movers) > 1:
            counts.incidents += 1
            counts.merged += len(causes_of[id(incident)]) > 1
            counts.stray += strays[id(incident)] > 0
    return counts


def _cause_of(one: SensorEvent, causes: list[Cause]) -> int | None:
    for number, cause in enumerate(causes):
        for effect in cause.effects:
            touches = one.event.start <= effect.end + _SLACK and one.event.end >= effect.start - _SLACK
            if effect.sensor == one.sensor and touches and one.event.start >= effect.start - _EARLIEST:
                return number
    return None


def run(plant: Plant, events: list[SensorEvent]) -> list[Incident]:
    """Group the events of plants as the program does, and print the counts."""
    means = hourly(plant)
    days = np.arange(means.shape[1]) + START // (1440 * MINUTE)
    calm = without_events(means, days.tolist(), ((one.sensor, one.event) for one in events))
    return group_events(events, relate(plant.labels, *correlate(calm), len(plant.labels)))


def main() -> None:
    """Print the table of docs/explanation/incidents.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs=2, default=(500, 16), metavar=("FIRST", "COUNT"))
    parser.add_argument("--style", choices=list(STYLES), action="append", help="What is special about the plants.")
    asked = parser.parse_args()
    first, count = asked.seeds
    print(f"\nIncidents of plants, seeds {first} to {first + count - 1}\n")
    print_table(
        "plants", "causes", "in one", "4/5 in one", "origin", "incidents", "merged", "stray", "data path", "uncaused"
    )
    for style in asked.style or STYLES:
        sums = {style: Counts(), f"{style}; no mapping": Counts()}
        for seed in range(first, first + count):
            plant = make_plant(seed, style=STYLES[style])
            events = found_events(plant)
            for counts, known in zip(sums.values(), (plant, without_labels(plant)), strict=True):
                counts.add(judge(known, run(known, events)))
        for name, c in sums.items():
            _print_counts(name, c)


def _print_counts(name: str, c: Counts) -> None:
    causes, incidents = max(c.causes, 1), max(c.incidents, 1)
    found = c.whole / causes, c.most / causes, c.origins / max(c.begun, 1)
    wrong = c.merged / incidents, c.stray / incidents
    cells = [f"{share:.3f}" for share in (*found, *wrong)]
    print_row(
        *(name, str(c.causes), *cells[:3], str(c.incidents), *cells[3:], f"{c.paths_named}/{c.paths}", str(c.uncaused))
    )


if __name__ == "__main__":
    main()

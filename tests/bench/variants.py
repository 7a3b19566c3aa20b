"""A fault of a sensor, ten variants on other days, and a clearly larger one: which of them a label silences.

python -m tests.bench.variants [--seeds FIRST COUNT]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.analysis.likeness import is_like
from iotctl.model import Event, Kind
from tests.bench.detect import print_row, print_table

MINUTE = 60_000_000
STEP = 10 * MINUTE
START = 1_420_070_400_000_000  # 2015-01-01 UTC
# In one year twelve of a kind would be a habit of the sensor, with any labels; these are more than three years.
ROWS = 170_000
_DAY_ROWS = 144

VARIANTS = 10
# Size in sigma, and rows, of the fault that is labelled.
SHAPES = {
    Kind.SPIKE: (12.0, 1),
    Kind.BURST: (9.0, 12),
    Kind.SHIFT: (8.0, 120),
    Kind.DRIFT: (14.0, 300),
    Kind.VARIANCE: (5.0, 200),
    Kind.STUCK: (0.0, 120),
}
LARGER = 3.0  # times the size; of a stuck sensor, the length


@dataclass(frozen=True)
class Varied:
    """time: int64 (n,). value: float64 (n,). spans: [start, end) rows of the first fault, its variants, the larger."""

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    spans: list[tuple[int, int]]

    def event_at(self, span: tuple[int, int], events: tuple[Event, ...]) -> list[Event]:
        """The events that touch rows of a span."""
        first, last = (int(self.time[row]) for row in (span[0], span[1] - 1))
        return [event for event in events if event.start <= last and event.end >= first]


def make_variants(kind: Kind, seed: int) -> Varied:
    """A sensor with a day's wave and noise, half of it AR(1).

    A variant has 0.75 to 1.35 times the size of the first fault, 0.7 to 1.5 times its length, and begins within two
    hours of its time of day.
    """
    random = np.random.default_rng([seed, list(Kind).index(kind)])
    value = _course(random)
    size, rows = SHAPES[kind]
    hour, days = random.integers(40, 100), random.permutation(np.arange(30, 1060, 24))[: VARIANTS + 2]
    days = np.concatenate([[days.min()], random.permutation(days[days > days.min()])])  # the first is labelled
    side = random.choice([-1.0, 1.0])
    spans = []
    for number, day in enumerate(days):
        times, longer, later = 1.0, 1.0, 0
        if 0 < number <= VARIANTS:
            times, longer = random.uniform(0.75, 1.35), random.uniform(0.7, 1.5)
            later = int(random.integers(-12, 13))
        elif number > VARIANTS:
            times, longer = (1.0, LARGER) if kind is Kind.STUCK else (LARGER, 1.0)
        first = int(day) * _DAY_ROWS + int(hour) + later
        last = first + max(1, round(rows * longer)) if rows > 1 else first + 1
        _add(value, kind, first, last, side * size * times, random)
        spans.append((first, last))
    return Varied(START + STEP * np.arange(ROWS), value, spans)


def _course(random: np.random.Generator) -> NDArray[np.float64]:
    from scipy.signal import lfilter

    white, driven = random.normal(0, 1, (2, ROWS))
    noise = np.sqrt(0.5) * (white + np.sqrt(1 - 0.6**2) * lfilter([1.0], [1.0, -0.6], driven))
    wave: NDArray[np.float64] = 3 * np.sin(np.arange(ROWS) * 2 * np.pi / _DAY_ROWS)
    course: NDArray[np.float64] = 50 + wave + noise
    return course


def _add(
    value: NDArray[np.float64], kind: Kind, first: int, last: int, sigmas: float, random: np.random.Generator
) -> None:
    rows = slice(first, last)
    match kind:
        case Kind.STUCK:
            value[rows] = value[first]
        case Kind.VARIANCE:
            value[rows] += abs(sigmas) * random.normal(0, 1, last - first)
        case Kind.DRIFT:
            value[rows] += np.linspace(0, sigmas, last - first)
        case Kind.BURST:
            value[rows] += sigmas * random.choice([1.0, 0.8, 0.6], last - first)
        case _:
            value[rows] += sigmas


def print_variants(seeds: range) -> None:
    """By kind: events at variants, how many of them are told after the first was labelled, and larger faults told."""
    print_table("kind", "first faults missed", "events at variants", "told all the same", "larger faults", "told")
    for kind in SHAPES:
        missed = found = told = larger = larger_told = 0
        for seed in seeds:
            sensor = make_variants(kind, seed)
            events = detect(sensor.time, sensor.value).events
            first = sensor.event_at(sensor.spans[0], events)
            if not first:
                missed += 1
                continue
            known = max(first, key=lambda event: event.score)
            for span in sensor.spans[1 : VARIANTS + 1]:
                at = sensor.event_at(span, events)
                found += len(at)
                told += sum(not is_like(event, known) for event in at)
            larger += 1
            larger_told += any(not is_like(event, known) for event in sensor.event_at(sensor.spans[-1], events))
        print_row(kind.value, *(str(count) for count in (missed, found, told, larger, larger_told)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", nargs=2, type=int, default=(500, 6), metavar=("FIRST", "COUNT"))
    first, count = parser.parse_args().seeds
    print(f"\n{count} sensors of each kind, seeds from {first}\n")
    print_variants(range(first, first + count))


if __name__ == "__main__":
    main()

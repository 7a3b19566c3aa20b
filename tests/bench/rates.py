"""Whether a promised rate of false alarms is kept: clean series of each kind of sensor, at several rates.

python -m tests.bench.rates [--seeds FIRST COUNT] [--only NAME]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from iotctl.analysis import detect
from iotctl.model import Kind
from tests.bench.detect import print_row, print_table
from tests.bench.plant_kinds import FIRST_PLANT_SEED, PLANT_KINDS
from tests.bench.sensor_kinds import FIRST_SEED, KINDS, YEAR, SensorKind, make_sensor_of

RATES = (0.1, 1.0, 4.0, 12.0, 52.0)


def alarms_a_year(kind: SensorKind, seeds: Sequence[list[int]]) -> list[float]:
    """False alarms of a clean sensor of a kind and year, at each of RATES; gaps are facts and do not count."""
    counts, years = np.zeros(len(RATES)), 0.0
    for seed in seeds:
        sensor = make_sensor_of(kind, seed, faults=False)
        events = detect(sensor.time, sensor.value, replace(kind.options, false_alarms=RATES[-1])).events
        years += max(1.0, kind.hours / YEAR)
        counts += [sum(e.kind is not Kind.GAP and e.a_year <= rate for e in events) for rate in RATES]
    return [float(count) for count in counts / years]


def print_rates(kinds: dict[str, SensorKind], first: int, seeds: range, only: str = "") -> None:
    """The table by kind; below it the mean, and the part of kinds that keep to the rate, and to three times it."""
    every = {
        name: alarms_a_year(kind, [[first, seed, number] for seed in seeds])
        for number, (name, kind) in enumerate(kinds.items())
        if only in name
    }
    if not every:
        return
    print_table("kind of sensor", *(f"{rate:g} a year" for rate in RATES))
    for name, counts in every.items():
        print_row(name, *(f"{count:.1f}" for count in counts))
    table = np.array(list(every.values()))
    print_row("**mean**", *(f"{mean:.2f}" for mean in table.mean(axis=0)))
    for factor in (1, 3):
        kept = (table <= factor * np.array(RATES) + 1e-9).mean(axis=0)
        print_row(f"kinds within {factor} times the rate", *(f"{part:.0%}" for part in kept))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", nargs=2, type=int, default=(1200, 3), metavar=("FIRST", "COUNT"))
    parser.add_argument("--only", default="", help="kinds with this in their name")
    arguments = parser.parse_args()
    first, count = arguments.seeds
    print(f"\n{count} clean sensors of each kind, seeds from {first}\n")
    for kinds, of in ((KINDS, FIRST_SEED), (PLANT_KINDS, FIRST_PLANT_SEED)):
        print_rates(kinds, of, range(first, first + count), arguments.only)
        print()


if __name__ == "__main__":
    main()

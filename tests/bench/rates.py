"""Whether a promised rate of false alarms is kept: clean series of each kind of sensor, at several rates.

python -m tests.bench.rates [--seeds FIRST COUNT] [--only NAME]
"""

from __future__ import annotations

import argparse

import numpy as np

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Kind
from tests.bench.detect import print_row, print_table
from tests.bench.sensor_kinds import KINDS, YEAR, make_kind

RATES = (0.1, 1.0, 4.0, 12.0, 52.0)


def alarms_a_year(name: str, seeds: range) -> list[float]:
    """False alarms of a clean sensor of a kind and year, at each of RATES; gaps are facts and do not count."""
    counts, years = np.zeros(len(RATES)), 0.0
    for seed in seeds:
        sensor = make_kind(name, seed, faults=False)
        events = detect(sensor.time, sensor.value, DetectOptions(false_alarms=RATES[-1])).events
        years += max(1.0, KINDS[name].hours / YEAR)
        counts += [sum(e.kind is not Kind.GAP and e.a_year <= rate for e in events) for rate in RATES]
    return [float(count) for count in counts / years]


def print_rates(seeds: range, only: str = "") -> None:
    """The table by kind; below it the mean, and the part of kinds that keep to the rate, and to three times it."""
    print_table("kind of sensor", *(f"{rate:g} a year" for rate in RATES))
    every = {name: alarms_a_year(name, seeds) for name in KINDS if only in name}
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
    print_rates(range(first, first + count), arguments.only)


if __name__ == "__main__":
    main()

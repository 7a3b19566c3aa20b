"""Detection by kind of sensor: false alarms on clean series, recall and naming with faults in them.

python -m tests.bench.kinds [--seeds FIRST COUNT] [--only NAME]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Kind
from tests.bench.detect import SLACK_ROWS, print_row, print_table
from tests.bench.plant_kinds import FIRST_PLANT_SEED, PLANT_KINDS
from tests.bench.sensor_kinds import FIRST_SEED, KINDS, YEAR, KindSensor, SensorKind, make_sensor_of

# Other names that a fault may get: its apparent length depends on the sensor's interval.
ALSO: dict[Kind, tuple[Kind, ...]] = {
    Kind.SPIKE: (Kind.BURST,),
    Kind.BURST: (Kind.SPIKE, Kind.SHIFT),
    Kind.SHIFT: (Kind.BURST,),
    Kind.DRIFT: (Kind.SHIFT,),
}


@dataclass
class Judged:
    """Counts of a kind over its seeds. years: of clean series, at least one each, so that a short one is not a year."""

    years: float = 0.0
    false_clean: int = 0
    false_faulty: int = 0
    found: int = 0
    named: int = 0
    faults: int = 0

    @property
    def false_a_year(self) -> float:
        """False alarms of a clean sensor and year."""
        return self.false_clean / max(self.years, 1e-9)

    @property
    def recall(self) -> float:
        """Part of the faults that an event touches."""
        return self.found / max(1, self.faults)

    @property
    def naming(self) -> float:
        """Part of the faults found that have their name."""
        return self.named / max(1, self.found)

    @property
    def f1(self) -> float:
        """Of events, on the series with faults."""
        return 2 * self.found / max(1, self.found + self.faults + self.false_faulty)


def judge(kinds: dict[str, SensorKind], name: str, seeds: range) -> Judged:
    """A kind on those seeds, each once clean and once with faults."""
    judged = Judged()
    first = FIRST_SEED if kinds is KINDS else FIRST_PLANT_SEED
    for seed in seeds:
        of = [first, seed, list(kinds).index(name)]
        judged.years += max(1.0, kinds[name].hours / YEAR)
        judged.false_clean += len(_events(make_sensor_of(kinds[name], of, faults=False), kinds[name].options))
        _add_faulty(judged, make_sensor_of(kinds[name], of, faults=True), kinds[name].options)
    return judged


def _events(sensor: KindSensor, options: DetectOptions) -> list[tuple[int, int, Kind]]:
    return [
        (int(np.searchsorted(sensor.time, e.start)), int(np.searchsorted(sensor.time, e.end)) + 1, e.kind)
        for e in detect(sensor.time, sensor.value, options).events
        if e.kind is not Kind.GAP
    ]


def _add_faulty(judged: Judged, sensor: KindSensor, options: DetectOptions) -> None:
    events = _events(sensor, options)
    for fault in sensor.anomalies:
        names = {k for s, e, k in events if s < fault.end + SLACK_ROWS and fault.start - SLACK_ROWS < e}
        judged.faults += 1
        judged.found += bool(names)
        judged.named += bool(names & {fault.kind, *ALSO.get(fault.kind, ())})
    judged.false_faulty += sum(
        not any(s < a.end + SLACK_ROWS and a.start - SLACK_ROWS < e for a in sensor.anomalies) for s, e, _ in events
    )


def print_kinds(kinds: dict[str, SensorKind], seeds: range, only: str = "") -> None:
    """The table by kind, and the means below it."""
    every = {name: judge(kinds, name, seeds) for name in kinds if only in name}
    if not every:
        return
    print_table("kind of sensor", "false alarms a year, clean", "recall", "named", "event F1")
    for name, j in every.items():
        print_row(name, f"{j.false_a_year:.1f}", f"{j.recall:.2f}", f"{j.naming:.2f}", f"{j.f1:.2f}")
    means = [
        float(np.mean([getattr(j, m) for j in every.values()])) for m in ("false_a_year", "recall", "naming", "f1")
    ]
    print_row("**mean**", f"{means[0]:.1f}", *(f"{mean:.2f}" for mean in means[1:]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", nargs=2, type=int, default=(100, 3), metavar=("FIRST", "COUNT"))
    parser.add_argument("--only", default="", help="kinds with this in their name")
    arguments = parser.parse_args()
    first, count = arguments.seeds
    print(f"\n{count} sensors of each kind, seeds from {first}\n")
    for kinds in (KINDS, PLANT_KINDS):
        print_kinds(kinds, range(first, first + count), arguments.only)
        print()


if __name__ == "__main__":
    main()

"""Detection beside the textbook method and a global three sigma: quality on labelled sensors, on NAB, and speed.

python -m tests.bench.detect [--seeds FIRST COUNT] [--nab FOLDER] [--quick]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Kind, Method
from tests.bench.synthetic import LabelledSensor, make_sensor

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

# A detector gives the spans of its events as rows [start, end), with a severity each.
Spans = list[tuple[int, int, float]]
Detector = Callable[[Times, Floats], Spans]

# An event counts as found where a span touches it, within so many rows.
SLACK_ROWS = 12
NAB_RECALL = 0.8


def iotctl_spans(times: Times, value: Floats) -> Spans:
    return event_spans(times, value, DetectOptions())


def event_spans(times: Times, value: Floats, options: DetectOptions) -> Spans:
    found = detect(times, value, options)
    return [
        (int(np.searchsorted(times, event.start)), int(np.searchsorted(times, event.end)) + 1, event.severity)
        for event in found.events
        if event.kind is not Kind.GAP
    ]


def textbook_spans(times: Times, value: Floats) -> Spans:
    return event_spans(times, value, DetectOptions(method=Method.RUPTURES, threshold=3.0, min_severity=0.0))


def three_sigma_spans(_: Times, value: Floats) -> Spans:
    odd = np.flatnonzero(np.abs(value - value.mean()) > 3 * value.std())
    cuts = np.flatnonzero(np.diff(odd) > SLACK_ROWS)
    groups = np.split(odd, cuts + 1) if len(odd) else []
    return [(int(group[0]), int(group[-1]) + 1, float(abs(value[group] - value.mean()).max())) for group in groups]


DETECTORS: dict[str, Detector] = {
    "iotctl": iotctl_spans,
    "textbook (ruptures)": textbook_spans,
    "three sigma": three_sigma_spans,
}


@dataclass
class Quality:
    """Counts over sensors."""

    found: int = 0
    missed: int = 0
    false: int = 0
    sensors: int = 0
    rows_right: int = 0
    rows_wrong: int = 0
    rows_missed: int = 0

    def add(self, sensor: LabelledSensor, spans: Spans) -> None:
        self.sensors += 1
        touched = [
            any(start < a.end + SLACK_ROWS and a.start - SLACK_ROWS < end for start, end, _ in spans)
            for a in sensor.anomalies
        ]
        self.found += sum(touched)
        self.missed += len(touched) - sum(touched)
        self.false += sum(
            not any(start < a.end + SLACK_ROWS and a.start - SLACK_ROWS < end for a in sensor.anomalies)
            for start, end, _ in spans
        )
        rows = np.zeros(len(sensor.value), dtype=np.bool_)
        for start, end, _ in spans:
            rows[start:end] = True
        self.rows_right += int((rows & sensor.anomalous).sum())
        self.rows_wrong += int((rows & ~sensor.anomalous).sum())
        self.rows_missed += int((~rows & sensor.anomalous).sum())

    @property
    def event_f1(self) -> float:
        return 2 * self.found / max(1, 2 * self.found + self.false + self.missed)

    @property
    def point_f1(self) -> float:
        return 2 * self.rows_right / max(1, 2 * self.rows_right + self.rows_wrong + self.rows_missed)

    @property
    def false_per_sensor(self) -> float:
        return self.false / max(1, self.sensors)


def synthetic(seeds: Iterable[int], detectors: dict[str, Detector]) -> dict[str, Quality]:
    qualities = {name: Quality() for name in detectors}
    for seed in seeds:
        sensor = make_sensor(seed)
        for name, detector in detectors.items():
            qualities[name].add(sensor, detector(sensor.time, sensor.value))
    return qualities


def nab(folder: Path, detectors: dict[str, Detector]) -> dict[str, tuple[float, float, int]]:
    """Per detector: window recall and event precision at its own threshold, and number of files.

    An event is right where it touches a labelled window.
    """
    windows = json.loads((folder / "windows.json").read_text())
    results: dict[str, tuple[float, float, int]] = {}
    for name, detector in detectors.items():
        hit = labelled = right = spans_in_all = 0
        for key, labels in windows.items():
            times, value = read_nab(folder / key)
            spans = detector(times, value)
            edges = [tuple(int(np.searchsorted(times, microseconds(edge))) for edge in window) for window in labels]
            labelled += len(edges)
            hit += sum(any(start <= last and first < end for start, end, _ in spans) for first, last in edges)
            right += sum(any(start <= last and first < end for first, last in edges) for start, end, _ in spans)
            spans_in_all += len(spans)
        results[name] = (hit / max(1, labelled), right / max(1, spans_in_all), len(windows))
    return results


def read_nab(path: Path) -> tuple[Times, Floats]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    times = np.array([microseconds(row["timestamp"]) for row in rows], dtype=np.int64)
    return times, np.array([float(row["value"]) for row in rows])


def microseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def speed(rows: int, detector: Detector) -> float:
    """Seconds for so many rows, the best of three."""
    hours = rows * 480 / 3600 * 1.04
    sensor = make_sensor(3, hours=hours)
    times, value = sensor.time[:rows], sensor.value[:rows]
    best = float("inf")
    for _ in range(3 if rows < 1_000_000 else 2):
        began = time.perf_counter()
        detector(times, value)
        best = min(best, time.perf_counter() - began)
    return best


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", nargs=2, type=int, default=(1000, 60), metavar=("FIRST", "COUNT"))
    parser.add_argument("--nab", type=Path, default=os.environ.get("IOTCTL_NAB"))
    parser.add_argument("--quick", action="store_true", help="iotctl alone")
    arguments = parser.parse_args()
    detectors = {"iotctl": DETECTORS["iotctl"]} if arguments.quick else DETECTORS
    first, count = arguments.seeds
    print(f"\n{count} labelled sensors of a year, seeds from {first}\n")
    print("| method | event F1 | false alarms per sensor-year | point F1 |\n|---|---|---|---|")
    for name, quality in synthetic(range(first, first + count), detectors).items():
        print(f"| {name} | {quality.event_f1:.3f} | {quality.false_per_sensor:.2f} | {quality.point_f1:.3f} |")
    if arguments.nab:
        print("\nNAB\n\n| method | window recall | event precision | files |\n|---|---|---|---|")
        for name, (recall, precision, files) in nab(Path(arguments.nab), detectors).items():
            print(f"| {name} | {recall:.2f} | {precision:.2f} | {files} |")
    sizes = (10_000, 65_000, 100_000, 1_000_000)
    print(
        "\nSeconds\n\n| method | "
        + " | ".join(f"{size:,}" for size in sizes)
        + " |\n|---" * 1
        + "|---" * len(sizes)
        + "|"
    )
    for name, detector in detectors.items():
        print(f"| {name} | " + " | ".join(f"{speed(size, detector):.3f}" for size in sizes) + " |")


if __name__ == "__main__":
    main()

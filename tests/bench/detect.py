"""Detection compared with the textbook method and a global three sigma: quality on labelled sensors and NAB, and speed.

python -m tests.bench.detect [--seeds FIRST COUNT] [--nab FOLDER] [--quick] [--ablation]
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Kind, Method
from tests.bench.ablation import PARTS, without
from tests.bench.synthetic import COUNTS, LabelledSensor, make_sensor

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

# A detector gives the spans of its events as rows [start, end), with a severity each.
Spans = list[tuple[int, int, float]]
Detector = Callable[[Times, Floats], Spans]

# An event counts as found where a span touches it, within so many rows.
SLACK_ROWS = 12
# A break is found where an event is, within so many rows.
BREAK_ROWS = 60


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
    breaks: int = 0
    breaks_found: int = 0

    def add(self, sensor: LabelledSensor, spans: Spans) -> None:
        self.sensors += 1
        # Lasting changes are right where the base has changed; only the recall of breaks judges them.
        near = {row for s, e, _ in spans for row in sensor.breaks if s - BREAK_ROWS < row < e + BREAK_ROWS}
        self.breaks += len(sensor.breaks)
        self.breaks_found += len(near)
        spans = [
            (start, end, rare)
            for start, end, rare in spans
            if not any(start - BREAK_ROWS < row < end + BREAK_ROWS for row in sensor.breaks)
            or any(start < a.end + SLACK_ROWS and a.start - SLACK_ROWS < end for a in sensor.anomalies)
        ]
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
    def break_recall(self) -> float:
        return self.breaks_found / max(1, self.breaks)

    @property
    def false_per_sensor(self) -> float:
        return self.false / max(1, self.sensors)


def synthetic(sensors: Iterable[LabelledSensor], detectors: dict[str, Detector]) -> dict[str, Quality]:
    qualities = {name: Quality() for name in detectors}
    for sensor in sensors:
        for name, detector in detectors.items():
            qualities[name].add(sensor, detector(sensor.time, sensor.value))
    return qualities


def confusion(sensors: Iterable[LabelledSensor]) -> Counter[tuple[str, str]]:
    """How often an anomaly of a kind was found as which kind: that of the event that shares most rows with it.

    A missed one is found as "missed", a false alarm is labelled "none".
    """
    counts: Counter[tuple[str, str]] = Counter()
    for sensor in sensors:
        time = sensor.time
        found = [e for e in detect(time, sensor.value).events if e.kind is not Kind.GAP]
        unclaimed = set(range(len(found)))
        for anomaly in sensor.anomalies:
            slack = slice(max(0, anomaly.start - SLACK_ROWS), anomaly.end + SLACK_ROWS)
            first, last = int(time[slack][0]), int(time[slack][-1])
            shared = {i: min(last, e.end) - max(first, e.start) for i, e in enumerate(found)}
            touching = {i: overlap for i, overlap in shared.items() if overlap >= 0}
            unclaimed -= touching.keys()
            best = max(touching, key=lambda i: touching[i], default=None)
            counts[anomaly.kind, "missed" if best is None else found[best].kind] += 1
        counts.update(("none", found[i].kind) for i in unclaimed)
    return counts


def nab(folder: Path, detectors: dict[str, Detector]) -> dict[str, tuple[float, float, int]]:
    """For each detector: window recall and event precision at its own threshold, and number of files.

    An event is right if it touches a labelled window.
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


@cache
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
    parser.add_argument("--seeds", nargs=2, type=int, default=(4000, 60), metavar=("FIRST", "COUNT"))
    parser.add_argument("--nab", type=Path, default=os.environ.get("IOTCTL_NAB"))
    parser.add_argument("--quick", action="store_true", help="iotctl alone")
    parser.add_argument("--ablation", action="store_true", help="only iotctl, whole and without each of its parts")
    arguments = parser.parse_args()
    detectors = {"iotctl": DETECTORS["iotctl"]} if arguments.quick else DETECTORS
    first, count = arguments.seeds
    print(f"\n{count} labelled sensors of a year, seeds from {first}\n")
    sensors = [make_sensor(seed) for seed in range(first, first + count)]
    folder = Path(arguments.nab) if arguments.nab else None
    if arguments.ablation:
        print_ablation(sensors, folder)
        return
    print_table("method", "event F1", "false alarms per sensor-year", "point F1", "changes of level found")
    for name, quality in synthetic(sensors, detectors).items():
        figures = (f"{quality.event_f1:.3f}", f"{quality.false_per_sensor:.2f}", f"{quality.point_f1:.3f}")
        print_row(name, *figures, f"{quality.break_recall:.2f}")
    print_confusion(sensors)
    if folder:
        print("\nNAB\n")
        print_table("method", "window recall", "event precision", "files")
        for name, (recall, precision, files) in nab(folder, detectors).items():
            print_row(name, f"{recall:.2f}", f"{precision:.2f}", str(files))
    sizes = (10_000, 65_000, 100_000, 1_000_000)
    print("\nSeconds\n")
    print_table("method", *(f"{size:,}" for size in sizes))
    for name, detector in detectors.items():
        print_row(name, *(f"{speed(size, detector):.3f}" for size in sizes))


def print_confusion(sensors: list[LabelledSensor]) -> None:
    counts = confusion(sensors)
    kinds = list(COUNTS)
    print("\nKinds: labelled (rows) and found as (columns)\n")
    print_table("", *kinds, "missed")
    for label in (*kinds, "none"):
        print_row(label, *(str(counts[label, found]) for found in (*kinds, "missed")))


def print_ablation(sensors: list[LabelledSensor], folder: Path | None) -> None:
    detectors = {"iotctl": DETECTORS["iotctl"]}
    print_table("without", "event F1", "false alarms per sensor-year", "point F1", "NAB recall", "NAB precision")
    for part in ("nothing", *PARTS):
        with without(part) if part in PARTS else nullcontext():
            quality = synthetic(sensors, detectors)["iotctl"]
            recall, precision, _ = nab(folder, detectors)["iotctl"] if folder else (np.nan, np.nan, 0)
        figures = (f"{quality.event_f1:.3f}", f"{quality.false_per_sensor:.2f}", f"{quality.point_f1:.3f}")
        print_row(part, *figures, f"{recall:.2f}", f"{precision:.2f}")


def print_table(*columns: str) -> None:
    print_row(*columns)
    print("|" + "---|" * len(columns))


def print_row(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

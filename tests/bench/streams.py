"""Streams: sensors judged day by day, as with --since-last, compared with one run over everything.

python -m tests.bench.streams [--seeds FIRST COUNT] [--days N] [--context DAYS] [--clean] [--kinds NAME ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import DetectOptions, detect
from iotctl.model import Event, Finding, Kind, SensorMemory
from iotctl.services.detect.judge import Judged, Scope, is_to_be_told, judge
from iotctl.services.detect.window import since
from tests.bench.detect import print_row, print_table
from tests.bench.sensor_kinds import KINDS, make_kind
from tests.bench.synthetic import Anomaly, make_sensor

DAY = 86_400_000_000
_FIRST_DAYS = 60
_SLACK = 12 * 480_000_000


@dataclass
class Stream:
    """What is kept of a sensor that is looked at day by day. first_told: id -> when someone was first told."""

    time: NDArray[np.int64]
    value: NDArray[np.float64]
    context: int
    stored: dict[str, Finding] = field(default_factory=dict)
    first_told: dict[str, int] = field(default_factory=dict)
    watermark: int | None = None
    memory: SensorMemory = field(default_factory=SensorMemory)
    options: DetectOptions = field(default_factory=DetectOptions)

    def look(self, now: int) -> None:
        """A scheduled run at that moment."""
        first = 0 if self.watermark is None else int(np.searchsorted(self.time, self.watermark - self.context))
        rows = slice(first, int(np.searchsorted(self.time, now)))
        detection = detect(self.time[rows], self.value[rows], self.options, memory=self.memory)
        self.memory = detection.memory or SensorMemory()
        watermark = self.watermark
        window = since(self.time[0] if watermark is None else watermark, None, now, self.context)
        scope = Scope.of(detection, window, watermark)
        stored = [f for f in self.stored.values() if f.event.end >= scope.known_from]
        found = [event for event in detection.events if scope.has(event)]
        judged = judge(
            found,
            detection.events,
            detection.change_points,
            sorted(stored, key=lambda f: f.event.start),
            scope,
            "sensor",
        )
        self._keep(judged, scope, now)
        self.watermark = int(self.time[rows][-1])

    def _keep(self, judged: Judged, scope: Scope, now: int) -> None:
        for finding in judged.findings:
            event = finding.event
            tell = is_to_be_told(finding, judged, scope)
            if tell:
                self.first_told.setdefault(event.event_id, now)
                finding = replace(finding, told=finding.told + 1, told_end=event.end)
            self.stored[event.event_id] = replace(finding, found_at=finding.found_at or now, withdrawn_at=None)
        for former, _ in judged.merged.items():
            self.stored.pop(former)
        for event_id in judged.withdrawn:
            self.stored[event_id] = replace(self.stored[event_id], withdrawn_at=now)

    @property
    def standing(self) -> list[Finding]:
        """What is stored and not withdrawn."""
        return [finding for finding in self.stored.values() if finding.withdrawn_at is None]


@dataclass
class Told:
    """What streams of a sort of sensors told, after the first 60 days, beside what is true and what a batch run finds.

    hours: from the start of a batch event, or of an injected one, to when it was first told.
    """

    years: float = 0.0
    false_told: int = 0
    false_standing: int = 0
    false_batch: int = 0
    truths: int = 0
    found: int = 0
    found_batch: int = 0
    batch: int = 0
    batch_seen: int = 0
    extra: int = 0
    tellings: int = 0
    events: int = 0
    hours: list[float] = field(default_factory=list)


def follow(
    time: NDArray[np.int64],
    value: NDArray[np.float64],
    context_days: float,
    days: float = 1.0,
    options: DetectOptions | None = None,
) -> Stream:
    """A sensor looked at every so many days from the sixtieth on."""
    stream = Stream(time, value, int(context_days * DAY), options=options or DetectOptions())
    for now in range(int(time[0]) + _FIRST_DAYS * DAY, int(time[-1]) + int(days * DAY), int(days * DAY)):
        stream.look(now)
    return stream


def compare(told: Told, stream: Stream, anomalies: Sequence[Anomaly], breaks: Sequence[int] = ()) -> None:
    """Add a stream to what was told, beside a batch run over the same readings."""
    begun = int(stream.time[0]) + _FIRST_DAYS * DAY
    batch = [
        e for e in detect(stream.time, stream.value, stream.options).events if e.kind is not Kind.GAP and e.end >= begun
    ]
    every = [f for f in stream.stored.values() if f.event.kind is not Kind.GAP and f.event.end >= begun]
    first = stream.first_told
    told_ever = [f for f in every if f.event.event_id in first]
    standing = [f for f in told_ever if f.withdrawn_at is None]
    truths = [(int(stream.time[a.start]), int(stream.time[a.end - 1])) for a in anomalies]
    truths = [(start, end) for start, end in truths if start >= begun]
    # A lasting change is right if it is told within two weeks; its size decides whether it is told at all.
    changes = [(int(stream.time[at]) - DAY, int(stream.time[at]) + 14 * DAY) for at in breaks]
    true = truths + changes
    told.years += (int(stream.time[-1]) - begun) / (365.25 * DAY)
    told.false_told += sum(not _any(f.event, true) for f in told_ever)
    told.false_standing += sum(not _any(f.event, true) for f in standing)
    told.false_batch += sum(not _any(e, true) for e in batch)
    spans = [(f.event.start, f.event.end) for f in standing]
    told.truths += len(truths)
    for start, end in truths:
        hits = [f for f in standing if _touch((f.event.start, f.event.end), (start, end))]
        told.found += bool(hits)
        told.found_batch += any(_touch((e.start, e.end), (start, end)) for e in batch)
        if hits:
            told.hours.append((min(first[f.event.event_id] for f in hits) - start) / 3.6e9)
    told.batch += len(batch)
    told.batch_seen += sum(_any(e, spans) for e in batch)
    told.extra += sum(not _any(f.event, [(e.start, e.end) for e in batch]) for f in standing)
    told.tellings += sum(f.told for f in told_ever)
    told.events += len(told_ever)


def _touch(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] + _SLACK and other[0] - _SLACK <= one[1]


def _any(event: Event, spans: Sequence[tuple[int, int]]) -> bool:
    return any(_touch((event.start, event.end), span) for span in spans)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", nargs=2, type=int, default=(6000, 5), metavar=("FIRST", "COUNT"))
    parser.add_argument("--days", type=float, default=365.0)
    parser.add_argument("--every", type=float, default=1.0)
    parser.add_argument("--context", type=float, default=126.0)
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--kinds", nargs="*", default=[])
    arguments = parser.parse_args()
    first, count = arguments.seeds
    print_table(
        *("sensors", "told false a year", "standing false", "batch false", "recall", "batch recall"),
        *("of batch events", "extra a year", "hours", "tellings an event"),
    )
    for name in arguments.kinds or ["original"]:
        told = Told()
        for seed in range(first, first + count):
            breaks: Sequence[int] = ()
            if name == "original":
                made = make_sensor(seed, hours=arguments.days * 24, anomalies=not arguments.clean)
                time, value, anomalies = made.time, made.value, made.anomalies
                breaks = made.breaks
            else:
                one = make_kind(name, seed, faults=not arguments.clean)
                time, value, anomalies = one.time, one.value, one.anomalies
            options = KINDS[name].options if name in KINDS else DetectOptions()
            stream = follow(time, value, arguments.context, arguments.every, options)
            compare(told, stream, anomalies, breaks)
        y = told.years
        print_row(
            *(name, f"{told.false_told / y:.2f}", f"{told.false_standing / y:.2f}", f"{told.false_batch / y:.2f}"),
            *(f"{told.found / max(1, told.truths):.2f}", f"{told.found_batch / max(1, told.truths):.2f}"),
            *(f"{told.batch_seen / max(1, told.batch):.2f}", f"{told.extra / y:.2f}"),
            *(f"{np.median(told.hours or [0]):.0f}", f"{told.tellings / max(1, told.events):.2f}"),
        )


if __name__ == "__main__":
    main()

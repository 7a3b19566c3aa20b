"""Charts of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from iotctl.cli.output.log import say
from iotctl.errors import UsageError

if TYPE_CHECKING:
    from iotctl.analysis import DetectOptions
    from iotctl.model import Detection, Finding, Sensor
    from iotctl.repositories import Series

# More lines in one chart cannot be told apart.
_MOST_LINES = 12


def check_chart(path: Path | None) -> None:
    """Check before any work that a chart can be drawn. Raises ConfigurationError, UsageError."""
    if path is not None:
        from iotctl import charts

        charts.check_chart(path)


def check_report(path: Path | None) -> None:
    """Check before any work that a report can be drawn. Raises ConfigurationError, UsageError, IotctlError."""
    if path is not None and path.suffix.lower() != ".html":
        raise UsageError(f"A report cannot be written as {path.name}.", hint=f"It is a page: {path.stem}.html")
    check_chart(path)


def plot_readings(
    series: Sequence[tuple[str, Iterable[Series]]], units: Sequence[str | None], path: Path, timezone: str
) -> list[tuple[str, Iterator[Series]]]:
    """Draw readings of sensors in one chart, and return them, because drawing consumes the iterators.

    series: names and pages. Raises UsageError if there are too many sensors to tell apart.
    """
    from iotctl.charts import NamedSeries, draw_readings

    if len(series) > _MOST_LINES:
        raise UsageError(f"--plot draws up to {_MOST_LINES} sensors, not {len(series)}.", hint="Name fewer sensors.")
    drawn = []
    for (name, pages), unit in zip(series, units, strict=True):
        listed = [(np.empty(0, dtype=np.int64), np.empty(0)), *pages]
        time, value = np.concatenate([time for time, _ in listed]), np.concatenate([value for _, value in listed])
        drawn.append(NamedSeries(name, time, value, unit))
    draw_readings(drawn, path, timezone=timezone)
    say(f"chart: {path}")
    return [(one.name, iter([(one.time, one.value)])) for one in drawn]


def plot_detection(
    detection: Detection,
    path: Path,
    title: str,
    timezone: str,
    options: DetectOptions,
    sensor: Sensor | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Draw a detection into a file. sensor: with the limits that were used. findings: its events."""
    from iotctl.charts import About, draw_detection, label_of

    about = About(
        title,
        unit=sensor.unit if sensor else None,
        limits=sensor.limits if sensor else options.limits,
        timezone=timezone,
        threshold=options.threshold,
        labels={finding.event.event_id: label_of(finding) for finding in findings},
    )
    draw_detection(
        detection, path, about, verdicts=sensor is not None
    )  # events of a file are not saved, so they cannot be labelled
    say(f"chart: {path}")

"""What iotctl detect does once its words are understood: analyse, print, draw, tell."""

from __future__ import annotations

import heapq
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iotctl.cli.database import open_database
from iotctl.cli.output.charts import check_chart, check_report, plot_detection
from iotctl.cli.output.events import COLUMNS, event_row
from iotctl.cli.output.log import say
from iotctl.cli.output.rows import STDOUT, Format, chosen_format, write_rows
from iotctl.cli.progress.detect_progress import DetectWatch, watch_detect
from iotctl.cli.progress.sensor_progress import counted
from iotctl.errors import ExitCode, UsageError
from iotctl.workers.opening import WantedWorkers, sensor_workers

if TYPE_CHECKING:
    from iotctl.analysis import DetectOptions
    from iotctl.cli.output.rows import Cell
    from iotctl.model import Finding, Sensor, SensorCard
    from iotctl.services.analyse import Request, SensorFindings
    from iotctl.services.incidents import FleetIncident
    from iotctl.settings import Settings

# Cards on a fleet's page; of more sensors than this, the worst.
_CARDS = 1000

_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options of iotctl detect. start, end: microseconds since 1970-01-01 UTC, None for open."""

    options: DetectOptions
    start: int | None
    end: int | None
    save: bool
    since_last: bool
    context_seconds: float
    alert_budget: int | None
    include_labelled: bool
    top: int | None
    form: Format | None
    output: Path | None
    plot: Path | None
    report: Path | None
    notify_url: str | None
    what_if: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run, as far as its exit code says it. is_doubtful: something of the input was left out."""

    events: int
    sensors: int = 1
    failed: int = 0
    is_doubtful: bool = False

    def exit_code(self, *, fail_on_anomaly: bool) -> ExitCode:
        """An anomaly goes before a sensor that could not be analysed, where one is asked to fail on it."""
        if self.events and fail_on_anomaly:
            return ExitCode.ANOMALY
        if self.failed:
            return ExitCode.FAILED if self.failed == self.sensors else ExitCode.PARTLY
        if self.is_doubtful:
            return ExitCode.PARTLY
        return ExitCode.DONE


def run_fleet(
    names: Sequence[str], match: str | None, on: WantedWorkers, wanted: Wanted, settings: Settings
) -> Outcome:
    """Analyse sensors of the database, print their events as they come, keep them, draw them, tell people."""
    from iotctl.services.fleet import choose_sensors, detect_fleet
    from iotctl.services.incident_alerts import refresh_incidents, with_news
    from iotctl.services.incidents import group_findings
    from iotctl.services.notify import check_url, notify

    check_chart(wanted.plot)
    check_report(wanted.report)
    if wanted.notify_url is not None:
        check_url(wanted.notify_url)
    if on.scheduler is not None:
        from iotctl.workers.dask_cluster import check_scheduler

        check_scheduler(settings, on.scheduler)
    if wanted.what_if:
        return _what_if(names, match, on, wanted, settings)
    with open_database(settings) as database:
        sensors = choose_sensors(database, names, match)
        if wanted.plot is not None and len(sensors) != 1:
            raise UsageError("--plot draws one sensor.", hint="Name a single sensor, or use --report.")
        cards: list[tuple[float, int, SensorCard]] = []
        reported: list[tuple[Sensor, Finding]] = []
        opened = sensor_workers(len(sensors), database, settings, on, say)
        with watch_detect(wanted.save) as watch, opened as workers:

            def findings() -> Iterator[tuple[str, Finding]]:
                request = _request(wanted, settings.timezone)
                for found in detect_fleet(sensors, database, request, workers, watch, save=wanted.save):
                    name = found.sensor.sensor_name or found.sensor.sensor_uuid
                    _draw(found, name, wanted, settings.timezone)
                    if found.card is not None:
                        # The second number settles equal severities, so that cards are never compared.
                        (heapq.heappush if len(cards) < _CARDS else heapq.heappushpop)(
                            cards, (found.card.worst, -watch.done, found.card)
                        )
                        reported.extend((found.sensor, finding) for finding in found.findings)
                    yield from ((name, finding) for finding in found.findings)
                watch.close()

            print_findings(findings(), wanted, settings.timezone)
        watch.summarise()
        # One sensor has no incidents, and all events that are saved would be grouped for it.
        incidents = refresh_incidents(database, settings.timezone) if wanted.save and len(sensors) > 1 else []
        if wanted.report is not None:
            together = with_news(incidents, reported) if wanted.save else group_findings(database, reported)
            _report([card for _, _, card in cards], together, wanted.report, watch, settings.timezone)
        if wanted.notify_url is not None:
            sent = notify(wanted.notify_url, database, sensors, incidents, settings.timezone)
            say(f"notified: {counted(sent, 'event')}")
    return Outcome(watch.events, watch.done, watch.failed)


def _what_if(names: Sequence[str], match: str | None, on: WantedWorkers, wanted: Wanted, settings: Settings) -> Outcome:
    """Say how many alarms there would have been at several rates; nothing is kept."""
    from iotctl.cli.detect.what_if import SensorAlarms, at_the_highest, print_alarms
    from iotctl.services.fleet import choose_sensors, detect_fleet

    request = _request(at_the_highest(wanted), settings.timezone)
    with open_database(settings) as database:
        sensors = choose_sensors(database, names, match)
        opened = sensor_workers(len(sensors), database, settings, on, say)
        with watch_detect(wanted.save, tells=False) as watch, opened as workers:

            def alarms() -> Iterator[SensorAlarms]:
                for found in detect_fleet(sensors, database, request, workers, watch):
                    if found.span is not None:
                        name = found.sensor.sensor_name or found.sensor.sensor_uuid
                        yield SensorAlarms(name, *found.span, [finding.event for finding in found.findings])
                watch.close()

            told = print_alarms(alarms(), wanted)
    return Outcome(told, watch.done, watch.failed)


def _request(wanted: Wanted, timezone: str) -> Request:
    from iotctl.services.analyse import ChartFolder, Request

    charts = None
    if wanted.report is not None:
        from iotctl.charts import write_library

        charts = ChartFolder(_chart_folder(wanted.report), f"../{wanted.report.name}", timezone)
        write_library(charts.path)
    return Request(
        options=wanted.options,
        start=wanted.start,
        end=wanted.end,
        since_last=wanted.since_last,
        context=int(wanted.context_seconds * _MICROSECONDS),
        alert_budget=wanted.alert_budget,
        include_labelled=wanted.include_labelled,
        notify=wanted.notify_url is not None,
        keep_detection=wanted.plot is not None,
        charts=charts,
    )


def print_findings(findings: Iterator[tuple[str, Finding]], wanted: Wanted, timezone: str) -> None:
    """Print events by sensor, the most severe alone with --top."""
    if wanted.top is not None:
        findings = iter(heapq.nlargest(wanted.top, findings, key=lambda found: found[1].event.severity))
    rows: Iterable[tuple[Cell, ...]] = (event_row(name, finding, timezone) for name, finding in findings)
    form = chosen_format(wanted.form, wanted.output)
    if sys.stdout.isatty() and wanted.output in (None, STDOUT):
        rows = list(rows)  # until the progress bar is gone: the two would run into each other
    write_rows(COLUMNS, rows, form, wanted.output)


def _draw(found: SensorFindings, name: str, wanted: Wanted, timezone: str) -> None:
    if wanted.plot is not None and found.detection is not None:
        plot_detection(found.detection, wanted.plot, name, timezone, wanted.options, found.sensor)


def _report(
    cards: Sequence[SensorCard],
    incidents: Sequence[FleetIncident],
    path: Path,
    watch: DetectWatch,
    timezone: str,
) -> None:
    from iotctl.charts import draw_fleet
    from iotctl.services.incident_alerts import incident_cards

    notes = []
    if watch.failed:
        notes.append(f"{counted(watch.failed, 'sensor')} could not be analysed")
    if watch.without_news:
        notes.append(f"{counted(watch.without_news, 'sensor')} had no new readings and are left out")
    shown = watch.done - watch.failed
    draw_fleet(
        cards,
        path,
        _chart_folder(path).name,
        sensors=shown,
        notes=notes,
        timezone=timezone,
        incidents=incident_cards(incidents, timezone),
    )
    say(f"report: {path}")


def _chart_folder(report: Path) -> Path:
    return report.with_name(f"{report.stem}_charts")

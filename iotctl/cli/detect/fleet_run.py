"""iotctl detect on sensors of the database: analyse, print, draw, save, notify."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from iotctl.cli.database import open_database
from iotctl.cli.detect.run_options import RunOptions, RunOutcome
from iotctl.cli.detect.what_if import SensorAlarms, at_the_highest, print_alarms
from iotctl.cli.options import SensorChoice
from iotctl.cli.output.charts import check_chart, check_report, plot_detection
from iotctl.cli.output.log import say
from iotctl.cli.output.worst import Worst
from iotctl.cli.progress.detect_progress import DetectWatch, watch_detect
from iotctl.errors import NotFoundError, UsageError
from iotctl.model import Finding, Sensor, SensorCard
from iotctl.repositories import Database
from iotctl.services.detect.detect_task import Request, SensorFindings
from iotctl.services.detect.fleet import choose_sensors, detect_fleet
from iotctl.services.incidents.incident_alerts import incident_cards, refresh_incidents, with_news
from iotctl.services.incidents.incidents import FleetIncident, group_findings
from iotctl.services.incidents.notify import notify
from iotctl.services.incidents.webhook import check_url
from iotctl.services.keep_quality import known_quality
from iotctl.settings import Settings
from iotctl.words import counted
from iotctl.workers.opening import WantedWorkers, sensor_workers

# Sensors on the page of a fleet; of more, the worst.
_CARDS = 1000

_MICROSECONDS = 1_000_000


def run_fleet(choice: SensorChoice, on: WantedWorkers, wanted: RunOptions, settings: Settings) -> RunOutcome:
    """Analyse sensors of the database, print their events as they come, save them, draw them, notify people."""
    check_chart(wanted.shown.plot)
    check_report(wanted.shown.report)
    if wanted.notify_url is not None:
        check_url(wanted.notify_url)
    if on.scheduler is not None:
        from iotctl.workers.dask_cluster import check_scheduler

        check_scheduler(settings, on.scheduler)
    if wanted.judged.what_if:
        return _what_if(choice, on, wanted, settings)
    with open_database(settings) as database:
        sensors = _chosen(database, choice)
        if wanted.shown.plot is not None and len(sensors) != 1:
            raise UsageError("--plot draws one sensor.", hint="Name a single sensor, or use --report.")
        cards: Worst[SensorCard] = Worst(_CARDS)
        reported: list[tuple[Sensor, Finding]] = []
        opened = sensor_workers(len(sensors), database, settings, on, say)
        with watch_detect(wanted.kept.saves) as watch, opened as workers:

            def findings() -> Iterator[tuple[str, Finding]]:
                request = _request(wanted)
                for found in detect_fleet(sensors, database, request, workers, watch, save=wanted.kept.saves):
                    name = found.sensor.title
                    _draw(found, name, wanted, settings.timezone)
                    if found.card is not None:
                        cards.add(found.card.worst, found.card)
                        reported.extend((found.sensor, finding) for finding in found.findings)
                    yield from ((name, finding) for finding in found.findings)
                watch.close()

            wanted.print_findings(findings())
        watch.summarise()
        # A page of one sensor needs no incidents, and computing them would group all saved events.
        incidents = refresh_incidents(database, settings.timezone) if wanted.kept.saves and len(sensors) > 1 else []
        if wanted.shown.report is not None:
            together = with_news(incidents, reported) if wanted.kept.saves else group_findings(database, reported)
            _report(cards.kept(), together, wanted.shown.report, wanted, watch, database)
        if wanted.notify_url is not None:
            told = notify(wanted.notify_url, database, sensors, incidents, settings.timezone)
            ends = f", and the end of {counted(told.ends, 'event')}" if told.ends else ""
            say(f"notified: {counted(told.events, 'event')}{ends}")
    return RunOutcome(watch.events, watch.done, watch.failed)


def _what_if(choice: SensorChoice, on: WantedWorkers, wanted: RunOptions, settings: Settings) -> RunOutcome:
    """Print how many alarms there would have been at several rates; save nothing."""
    request = _request(at_the_highest(wanted))
    with open_database(settings) as database:
        sensors = _chosen(database, choice)
        opened = sensor_workers(len(sensors), database, settings, on, say)
        with watch_detect(wanted.kept.saves, tells=False) as watch, opened as workers:

            def alarms() -> Iterator[SensorAlarms]:
                for found in detect_fleet(sensors, database, request, workers, watch):
                    if found.span is not None:
                        name = found.sensor.title
                        yield SensorAlarms(name, *found.span, [finding.event for finding in found.findings])
                watch.close()

            told = print_alarms(alarms(), wanted)
    return RunOutcome(told, watch.done, watch.failed)


def _chosen(database: Database, choice: SensorChoice) -> Sequence[Sensor]:
    """The sensors that were chosen. Raises NotFoundError, with another hint if the name is that of a file."""
    try:
        return choose_sensors(database, choice.names, choice.match)
    except NotFoundError as error:
        for name in choice.names:
            if Path(name).is_file():
                error.hint = f"To analyse a file: iotctl detect --input {shlex.quote(name)} --layout auto"
        raise


def _request(wanted: RunOptions) -> Request:
    return Request(
        options=wanted.options,
        start=wanted.start,
        end=wanted.end,
        since_last=wanted.kept.since_last,
        context=int(wanted.context_seconds * _MICROSECONDS),
        alert_budget=wanted.judged.alert_budget,
        include_labelled=wanted.judged.include_labelled,
        notify=wanted.notify_url is not None,
        keep_detection=wanted.shown.plot is not None,
        keep_card=wanted.shown.report is not None,
    )


def _draw(found: SensorFindings, name: str, wanted: RunOptions, timezone: str) -> None:
    if wanted.shown.plot is not None and found.detection is not None:
        known = found.sensor, found.findings
        plot_detection(found.detection, wanted.shown.plot, name, timezone, wanted.options, *known)


def _report(
    cards: Sequence[SensorCard],
    incidents: Sequence[FleetIncident],
    path: Path,
    wanted: RunOptions,
    watch: DetectWatch,
    database: Database,
) -> None:
    from iotctl.charts import draw_fleet

    notes = []
    if watch.failed:
        notes.append(f"{counted(watch.failed, 'sensor')} could not be analysed")
    if watch.without_news:
        notes.append(f"{counted(watch.without_news, 'sensor')} had no new readings and are left out")
    draw_fleet(
        cards,
        path,
        sensors=watch.done - watch.failed,
        notes=notes,
        timezone=wanted.timezone,
        threshold=wanted.options.threshold,
        incidents=incident_cards(incidents, wanted.timezone),
        qualities=known_quality(database, [card.sensor for card in cards]),
    )
    say(f"report: {path}")

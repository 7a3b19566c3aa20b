"""Analyse: a few sensors from their readings to their events, each for itself; the task of a worker process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from iotctl.analysis import DetectOptions, detect
from iotctl.analysis.learning import Taught
from iotctl.analysis.regime_words import regime_words
from iotctl.model import Detection, Event, Finding, Kind, Sensor, SensorCard, SensorMemory
from iotctl.repositories import Connection, SensorRepository, Series, storage_of
from iotctl.repositories.anomalies import AnomalyRepository
from iotctl.repositories.detect_runs import DetectRunRepository
from iotctl.services.detect_task import Request, SensorFindings, Task
from iotctl.services.judge import WEEK, Scope, is_to_be_told, judge
from iotctl.services.learned import NOTHING, marked
from iotctl.services.recognise import recognise, within_budget
from iotctl.services.silence import Heard, ended_silence, silence_of
from iotctl.services.spread import each_sensor
from iotctl.services.window import Window, asked_for, since


def analyse_sensors(task: Task) -> list[SensorFindings]:
    """Findings of each sensor of a task, in its order; the trouble of one does not touch the others.

    Raises UnreachableError, ForbiddenError, ConfigurationError: the trouble of all.
    """
    return each_sensor(
        task.sensors,
        task.database,
        "iotctl detect",
        lambda sensor, conn: (
            _analyse(
                sensor,
                task.request,
                task.watermarks.get(sensor.sensor_id),
                task.heard,
                task.taught.get(sensor.sensor_id, NOTHING),
                conn,
            )
            if task.has_news
            else _listen(sensor, task.request, task.heard, conn)
        ),
        lambda sensor, trouble: SensorFindings(sensor, trouble=trouble),
    )


def _listen(sensor: Sensor, request: Request, heard: Heard, conn: Connection) -> SensorFindings:
    """What is to be told of a sensor without new readings: that it is silent, if it is, and has not been told."""
    silence = silence_of(sensor, heard, None, conn)
    if silence is None:
        return SensorFindings(sensor)
    repository = AnomalyRepository(conn)
    with repository.one_at_a_time(sensor.sensor_id):
        stored = repository.known(sensor.sensor_id, silence.start - WEEK)
        findings = recognise([silence], stored, sensor.sensor_uuid, 0).findings
        reported = [finding for finding in findings if not finding.told and _is_shown(finding, request)]
        if request.run_id is not None:
            repository.save(
                sensor.sensor_id, request.run_id, findings, {}, _ids(reported), _ids(reported) if request.notify else ()
            )
            repository.note_what_goes_on(sensor.sensor_id, silence.start)
    return SensorFindings(sensor, findings=tuple(reported), new=len(reported))


def _analyse(
    sensor: Sensor, request: Request, watermark: int | None, heard: Heard, taught: Taught, conn: Connection
) -> SensorFindings:
    window = _window(request, watermark)
    time, value = _read(sensor.sensor_id, request, window, conn)
    looked_at = time if request.end is None else time[time < request.end]
    sensor, options = _held_to_limits(sensor, request.options)
    runs = DetectRunRepository(conn)
    memory = runs.memory(sensor.sensor_id, request.parameters) if request.since_last else None
    detection = detect(time, value, _as_sensitive(options, taught), sensor.unit or "", memory)
    seen = [taught.weighed(event) for event in detection.events]
    rate = options.false_alarms
    # What is more usual than is wanted by now stays, so that what is known of it is not lost, and is left out below.
    wanted = [weighed for weighed, event in zip(seen, detection.events, strict=True) if _least(weighed, event) <= rate]
    detection = replace(detection, events=tuple(wanted))
    scope = Scope.of(detection, window, watermark)
    events = [event for event in detection.events if scope.has(event)]
    silence = silence_of(sensor, heard, (time, value), conn)
    if silence is not None and not any(event.kind is Kind.GAP and event.end > silence.start for event in events):
        events.append(silence)  # else it has spoken after the end of what was asked for
    repository = AnomalyRepository(conn)
    with repository.one_at_a_time(sensor.sensor_id):
        stored = repository.known(sensor.sensor_id, scope.known_from)
        events += ended_silence(stored, events, (time, value))
        judged = judge(events, [*seen, *events], detection.change_points, stored, scope, sensor.sensor_uuid)
        findings = tuple(marked(finding, taught) for finding in judged.findings)
        findings = tuple(one for one in findings if one.event.a_year <= rate or one.label is not None or one.silenced)
        if request.alert_budget is not None:
            ids = {finding.event.event_id for finding in findings} | set(judged.merged)
            others = [known for known in stored if known.event.event_id not in ids]
            findings = within_budget(findings, others, request.alert_budget)
        shown_at_all = [finding for finding in findings if _is_shown(finding, request)]
        news = [finding for finding in shown_at_all if is_to_be_told(finding, judged, scope)]
        reported = shown_at_all if watermark is None else news
        if request.run_id is not None:
            unsent = [finding for finding in reported if finding in news or finding.notified_at is None]
            notify = _ids(unsent) if request.notify else ()
            repository.save(sensor.sensor_id, request.run_id, findings, judged.merged, _ids(news), notify)
            repository.withdraw(sensor.sensor_id, judged.withdrawn, request.parameters)
            if len(time) and (request.end is None or request.since_last):
                repository.note_what_goes_on(sensor.sensor_id, scope.last - scope.slack)
            SensorRepository(conn).keep_words(sensor.sensor_id, detection.sensor_words)
            if request.since_last and len(looked_at):
                known = detection.memory or SensorMemory()
                runs.move_watermark(sensor.sensor_id, request.parameters, int(looked_at[-1]), known)
    shown = window.cut(detection)
    said = SensorFindings(
        sensor=sensor,
        readings=len(shown.time),
        span=(int(shown.time[0]), int(shown.time[-1])) if len(shown.time) else None,
        regimes=regime_words(shown.regimes, options.timezone, sensor.unit or ""),
        sensor_words=detection.sensor_words,
        findings=tuple(reported),
        new=sum(not finding.known for finding in reported),
        silenced=sum(finding.silenced for finding in findings) if not request.include_labelled else 0,
        over_budget=sum(finding.over_budget for finding in findings) if request.alert_budget is not None else 0,
        dropped=detection.dropped,
    )
    if not request.keep_card and not request.keep_detection:
        return said
    shown = replace(shown, events=tuple(finding.event for finding in reported))
    return replace(
        said,
        detection=shown if request.keep_detection else None,
        card=_card(sensor, shown, reported) if request.keep_card else None,
    )


def _least(*events: Event) -> float:
    return min(event.a_year for event in events)


def _as_sensitive(options: DetectOptions, taught: Taught) -> DetectOptions:
    """Options under which each kind of event is looked for as closely as people want to know of it."""
    return replace(options, false_alarms=options.false_alarms * 10.0**taught.most)


def _held_to_limits(sensor: Sensor, options: DetectOptions) -> tuple[Sensor, DetectOptions]:
    """The sensor with the limits that it is held to, and options that have them: those of the options go before."""
    if options.limits is None:
        return sensor, replace(options, limits=sensor.limits)
    low, high = (limit if isfinite(limit) else None for limit in options.limits)
    return replace(sensor, low=low, high=high), options


def _card(sensor: Sensor, detection: Detection, reported: Sequence[Finding]) -> SensorCard:
    from iotctl.charts import card_of  # paid by who asks for a report

    return card_of(sensor, detection, reported)


def _window(request: Request, watermark: int | None) -> Window:
    if watermark is not None:
        return since(watermark, request.start, request.end, request.context)
    window = asked_for(request.start, request.end, request.context)
    return replace(window, last=request.end) if request.since_last else window


def _read(sensor_id: int, request: Request, window: Window, conn: Connection) -> Series:
    """The readings of a window, and those of the reference period that lie outside."""
    readings = storage_of(conn)
    pieces = [readings.whole_series(sensor_id, window.first, window.last)]
    if request.options.reference is not None:
        start, end = request.options.reference
        if window.first is not None and start < window.first:
            pieces.insert(0, readings.whole_series(sensor_id, start, min(end, window.first)))
        if window.last is not None and end > window.last:
            pieces.append(readings.whole_series(sensor_id, max(start, window.last), end))
    if len(pieces) == 1:
        return pieces[0]
    return np.concatenate([time for time, _ in pieces]), np.concatenate([value for _, value in pieces])


def _is_shown(finding: Finding, request: Request) -> bool:
    """Whether neither a label nor the alert budget keeps a finding back."""
    return (request.include_labelled or not finding.silenced) and (
        request.alert_budget is None or not finding.over_budget
    )


def _ids(findings: Sequence[Finding]) -> list[str]:
    return [finding.event.event_id for finding in findings]

"""Analyse: find the events of a few sensors, each alone; the task of a worker process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iotctl.analysis.learning import Taught
from iotctl.analysis.regime_words import regime_words
from iotctl.model import Detection, Finding, Kind, Sensor, SensorCard, SensorMemory
from iotctl.repositories import Connection, SensorRepository
from iotctl.repositories.findings.anomalies import AnomalyRepository
from iotctl.repositories.findings.detect_runs import DetectRunRepository
from iotctl.services.detect.detect_task import Request, SensorFindings, Task
from iotctl.services.detect.judge import WEEK, Judged, is_to_be_told, judge
from iotctl.services.detect.learned import NOTHING, marked
from iotctl.services.detect.looked import Looked, look_at
from iotctl.services.detect.recognise import recognise, within_budget
from iotctl.services.detect.silence import Heard, ended_silence, silence_of
from iotctl.services.spread import each_sensor


def analyse_sensors(task: Task) -> list[SensorFindings]:
    """Findings of each sensor of a task, in its order. The error of one sensor does not stop the others.

    Raises UnreachableError, ForbiddenError, ConfigurationError, which concern all sensors.
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
    """The findings of a sensor without new readings: only its silence, if that was not told before."""
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
    looked = look_at(sensor, request, watermark, taught, conn)
    scope, detection = looked.scope, looked.detection
    events = [event for event in detection.events if scope.has(event)]
    silence = silence_of(looked.sensor, heard, looked.series, conn)
    if silence is not None and not any(event.kind is Kind.GAP and event.end > silence.start for event in events):
        events.append(silence)  # otherwise it has sent readings after the end of the range
    repository = AnomalyRepository(conn)
    with repository.one_at_a_time(sensor.sensor_id):
        stored = repository.known(sensor.sensor_id, scope.known_from)
        events += ended_silence(stored, events, looked.series)
        judged = judge(events, [*looked.seen, *events], detection.change_points, stored, scope, sensor.sensor_uuid)
        findings = _weighed(judged, stored, taught, request)
        shown_at_all = [finding for finding in findings if _is_shown(finding, request)]
        news = [finding for finding in shown_at_all if is_to_be_told(finding, judged, scope)]
        reported = shown_at_all if watermark is None else news
        if request.run_id is not None:
            unsent = [finding for finding in reported if finding in news or finding.notified_at is None]
            notify = _ids(unsent) if request.notify else ()
            repository.save(sensor.sensor_id, request.run_id, findings, judged.merged, _ids(news), notify)
            repository.withdraw(sensor.sensor_id, judged.withdrawn, request.parameters)
            _keep(looked, request, conn)
    return _told(looked, request, findings, reported)


def _weighed(judged: Judged, stored: Sequence[Finding], taught: Taught, request: Request) -> tuple[Finding, ...]:
    """The findings that are rare enough by what verdicts teach, or have a verdict; with the alert budget applied."""
    rate = request.options.false_alarms
    findings = tuple(marked(finding, taught) for finding in judged.findings)
    findings = tuple(one for one in findings if one.event.a_year <= rate or one.label is not None or one.silenced)
    if request.alert_budget is None:
        return findings
    ids = {finding.event.event_id for finding in findings} | set(judged.merged)
    others = [known for known in stored if known.event.event_id not in ids]
    return within_budget(findings, others, request.alert_budget)


def _keep(looked: Looked, request: Request, conn: Connection) -> None:
    """Save the state of a sensor: which events go on, what it is, and up to when it was judged."""
    sensor_id, scope, detection = looked.sensor.sensor_id, looked.scope, looked.detection
    if len(looked.series[0]) and (request.end is None or request.since_last):
        AnomalyRepository(conn).note_what_goes_on(sensor_id, scope.last - scope.slack)
    SensorRepository(conn).keep_words(sensor_id, detection.sensor_words)
    last = looked.last_before(request.end)
    if request.since_last and last is not None:
        known = detection.memory or SensorMemory()
        DetectRunRepository(conn).move_watermark(sensor_id, request.parameters, last, known)


def _told(looked: Looked, request: Request, findings: Sequence[Finding], reported: Sequence[Finding]) -> SensorFindings:
    """The result of a run for a sensor. findings: all of them; reported: those to tell."""
    sensor, shown = looked.sensor, looked.window.cut(looked.detection)
    said = SensorFindings(
        sensor=sensor,
        readings=len(shown.time),
        span=(int(shown.time[0]), int(shown.time[-1])) if len(shown.time) else None,
        regimes=regime_words(shown.regimes, looked.options.timezone, sensor.unit or ""),
        sensor_words=shown.sensor_words,
        findings=tuple(reported),
        new=sum(not finding.known for finding in reported),
        silenced=sum(finding.silenced for finding in findings) if not request.include_labelled else 0,
        over_budget=sum(finding.over_budget for finding in findings) if request.alert_budget is not None else 0,
        dropped=shown.dropped,
    )
    if not request.keep_card and not request.keep_detection:
        return said
    shown = replace(shown, events=tuple(finding.event for finding in reported))
    return replace(
        said,
        detection=shown if request.keep_detection else None,
        card=_card(sensor, shown, reported) if request.keep_card else None,
    )


def _card(sensor: Sensor, detection: Detection, reported: Sequence[Finding]) -> SensorCard:
    from iotctl.charts import card_of  # imported only for a report

    return card_of(sensor, detection, reported)


def _is_shown(finding: Finding, request: Request) -> bool:
    """Whether neither a label nor the alert budget keeps a finding back."""
    return (request.include_labelled or not finding.silenced) and (
        request.alert_budget is None or not finding.over_budget
    )


def _ids(findings: Sequence[Finding]) -> list[str]:
    return [finding.event.event_id for finding in findings]

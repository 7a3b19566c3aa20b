"""Learned: what verdicts on saved events teach about their sensors and related ones, and what this changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from iotctl.analysis.learning import A_LABEL, LEAST, MOST, Taught, Verdict, decades_of, for_kin, kinds_of
from iotctl.errors import NotFoundError
from iotctl.model import Finding, Kind, Label, Sensor
from iotctl.repositories import Connection, Database, SensorRepository, ensure_schema
from iotctl.repositories.findings.anomalies import AnomalyRepository
from iotctl.repositories.findings.verdicts import VerdictRepository

# Sensors with the same value of one of these labels (of the mapping) learn from each other.
KIN_LABELS = ("asset", "kind", "type")

NOTHING = Taught()


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learnt about one kind of event of a sensor.

    verdicts: those on its own events of the kind, by start. kin: what verdicts on related sensors add, in decades.
    times: the allowed rate of the kind over the promised one. kept_back: saved events without a label that are not
    told, because they are like an event with a verdict.
    """

    sensor: Sensor
    kind: Kind
    verdicts: tuple[Verdict, ...]
    kin: float
    times: float
    kept_back: int


def taught_sensors(conn: Connection) -> dict[int, Taught]:
    """sensor_id -> what verdicts teach about it; sensors without any are left out."""
    own: dict[int, list[Verdict]] = {}
    for sensor_id, finding in VerdictRepository(conn).teaching():
        if finding.label is not None:
            own.setdefault(sensor_id, []).append(Verdict(finding.event, finding.label))
    if not own:
        return {}
    parts = {sensor_id: _bounded(decades_of(tuple(verdicts))) for sensor_id, verdicts in own.items()}
    sensors = SensorRepository(conn).all()
    groups: dict[tuple[str, str], dict[Kind, float]] = {}
    for sensor in sensors:
        for group in _groups(sensor):
            _add(groups.setdefault(group, {}), parts.get(sensor.sensor_id, {}), 1.0)
    taught = {}
    for sensor in sensors:
        kin: dict[Kind, float] = {}
        for group in _groups(sensor):
            _add(kin, groups[group], 1.0)
            _add(kin, parts.get(sensor.sensor_id, {}), -1.0)
        kin = {kind: decades for kind, decades in kin.items() if abs(decades) > 1e-9}
        verdicts = tuple(own.get(sensor.sensor_id, ()))
        if verdicts or kin:
            taught[sensor.sensor_id] = Taught(verdicts, kin)
    return taught


def marked(finding: Finding, taught: Taught) -> Finding:
    """The finding with the verdict that keeps it back, if there is one; a finding with its own label is not changed."""
    if finding.label is not None:
        return finding
    verdict = taught.like(finding.event)
    return finding if verdict is None else replace(finding, like=verdict.event.event_id)


def learned(database: Database, name_or_uuid: str | None = None) -> list[Learned]:
    """What was learnt about each sensor and kind of event, by name. name_or_uuid: one sensor. Raises NotFoundError."""
    with database.connect() as conn:
        ensure_schema(conn)
        sensors = SensorRepository(conn)
        chosen = sensors.all() if name_or_uuid is None else [sensors.find(name_or_uuid)]
        taught = taught_sensors(conn)
        return [
            one
            for sensor in chosen
            if sensor.sensor_id in taught
            for one in _of(sensor, taught[sensor.sensor_id], conn)
        ]


def forget(database: Database, event_ids: Sequence[str], *, dry_run: bool = False) -> list[tuple[Sensor, Finding]]:
    """Stop learning from the verdicts on these events; the events keep their labels.

    dry_run: change nothing. Raises NotFoundError where nothing was learnt from one of them; then nothing is forgotten.
    """
    with database.connect() as conn, conn.transaction(force_rollback=dry_run):
        ensure_schema(conn)
        forgotten = VerdictRepository(conn).forget(event_ids)
        known = {finding.event.event_id for _, finding in forgotten}
        if missing := [event_id for event_id in event_ids if event_id not in known]:
            raise NotFoundError(
                f"Nothing was learnt from {', '.join(missing[:5])}.", hint="The ids: iotctl anomalies learned"
            )
        return forgotten


def _of(sensor: Sensor, taught: Taught, conn: Connection) -> Iterable[Learned]:
    stored = AnomalyRepository(conn).known(sensor.sensor_id) if taught.own else []
    kept_back: dict[str, int] = {}
    for finding in stored:
        if (like := marked(finding, taught).like) is not None:
            kept_back[like] = kept_back.get(like, 0) + 1
    for kind in kinds_of(taught):
        verdicts = tuple(verdict for verdict in taught.own if verdict.event.kind is kind)
        yield Learned(
            sensor=sensor,
            kind=kind,
            verdicts=verdicts,
            kin=taught.kin.get(kind, 0.0),
            times=10.0 ** taught.decades(kind),
            kept_back=sum(kept_back.get(verdict.event.event_id, 0) for verdict in verdicts),
        )


def _groups(sensor: Sensor) -> list[tuple[str, str]]:
    return [(label, sensor.labels[label]) for label in KIN_LABELS if sensor.labels.get(label)]


def _bounded(decades: Mapping[Kind, float]) -> dict[Kind, float]:
    """What one sensor teaches related ones: at most as much as it may learn itself."""
    return {kind: for_kin(min(max(of_kind, LEAST), MOST)) for kind, of_kind in decades.items()}


def _add(total: dict[Kind, float], part: Mapping[Kind, float], times: float) -> None:
    for kind, decades in part.items():
        total[kind] = total.get(kind, 0.0) + times * decades


def in_labels(decades: float) -> float:
    """The number of labels "true" (negative: "false") on the sensor's own events that would teach the same."""
    return decades / A_LABEL


def label_counts(verdicts: Sequence[Verdict]) -> dict[Label, int]:
    """The number of verdicts of each kind."""
    return {label: sum(verdict.label is label for verdict in verdicts) for label in Label}

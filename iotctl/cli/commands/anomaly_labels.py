"""iotctl anomalies label and learned: labels of events, and what labels change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

import typer

from iotctl.cli.arguments.verdicts import split_words, verdicts_from
from iotctl.cli.database import open_database
from iotctl.cli.options import (
    DryRunOption,
    KindsOption,
    MatchOption,
    OneSensorArgument,
    RowOutput,
    TimeRange,
)
from iotctl.cli.output.log import say
from iotctl.cli.output.table import Cell, TableView
from iotctl.errors import UsageError
from iotctl.model import Finding, Label, Sensor
from iotctl.moments import local_time
from iotctl.services.detect.anomalies import label_events, label_matching
from iotctl.services.detect.learned import Learned, forget, in_labels, label_counts, learned
from iotctl.settings import read_settings
from iotctl.words import counted

LEARNED_COLUMNS = [
    *("sensor", "kind", "true", "false", "expected", "by_others", "rate_times", "kept_back", "event_ids"),
]
LEARNED_VIEW = TableView(
    main=("sensor", "kind", "true", "false", "expected", "rate_times"),
    nothing="Nothing is learnt yet. To label an event: iotctl anomalies label",
)

# Up to this number, events are listed one by one.
_FEW = 5


def label_anomaly(
    span: TimeRange,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID|-]... true|false|expected|none",
            help="Event ids and their label; - reads ids from stdin (one per line, or the CSV of iotctl anomalies)."
            " true: a real anomaly. false: a false alarm. expected: real and known, such as maintenance."
            " none: remove the label.",
            show_default=False,
        ),
    ] = None,
    match: MatchOption = None,
    kinds: KindsOption = None,
    from_file: Annotated[
        str | None,
        typer.Option("--input", metavar="FILE", help="Labels as JSON, as saved by a page of detect; - for stdin."),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Label events. Later runs do not report events labelled false or expected, nor events like them.

    With --match instead of ids: all events of these sensors without a label; --kind, --start and --end choose fewer.

    iotctl anomalies learned shows what else labels change. If one id is not known, nothing is labelled.

    Example: iotctl anomalies label 3f0c5a9be1d2 8d2f60c1a7e4 false

    In bulk: iotctl anomalies label expected --match 'pump_*' --start 2016-03-01 --end 2016-03-08
    """
    settings = read_settings()
    if match is None and (span.start or span.end or kinds):
        raise UsageError("--start, --end and --kind go with --match.", hint="All sensors: --match '*'")
    if from_file is not None:
        if words or match is not None:
            raise UsageError("--input has the labels already.", hint="Leave out ids, label and --match.")
        verdicts = verdicts_from(from_file)
        with open_database(settings) as database:
            labelled = label_events(database, verdicts, dry_run=dry_run)
        say_labelled(labelled, settings.timezone, dry_run=dry_run)
        return
    ids, verdict = split_words(words or [])
    if (match is None) is (not ids):
        raise UsageError("Name events by their ids, or use --match.", hint="See: iotctl anomalies label --help")
    with open_database(settings) as database:
        if match is not None:
            since, until = span.bounds(settings.timezone)
            labelled = label_matching(database, verdict.label, match, since, until, kinds or (), dry_run=dry_run)
        else:
            labelled = label_events(database, dict.fromkeys(ids, verdict.label), dry_run=dry_run)
    say_labelled(labelled, settings.timezone, dry_run=dry_run)


def show_learned(
    rows: RowOutput,
    sensor: OneSensorArgument = None,
    forget_ids: Annotated[
        list[str] | None,
        typer.Option(
            "--forget",
            metavar="ID",
            help="Learn nothing from the label of this event; the event keeps its label. May be repeated.",
        ),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Print what labels have changed, for each sensor and kind of event.

    rate_times: the promised rate (--false-alarms) is multiplied by it; below 1, fewer and clearer events are reported,
    above 1, more. by_others: labels of sensors with the same asset, kind or type, counted in labels of its own.
    kept_back: saved events that are not reported because they are like a labelled one. event_ids: the labelled events.
    After the label none, or --forget, nothing is learnt from an event.

    Example: iotctl anomalies learned sensor_00000 --format json
    """
    with open_database(read_settings()) as database:
        if forget_ids:
            for who, finding in forget(database, list(dict.fromkeys(forget_ids)), dry_run=dry_run):
                say(f"{who.title}, {finding.event.event_id}: teaches nothing now")
        found = [_learned_row(one) for one in learned(database, sensor)]
    rows.write(LEARNED_COLUMNS, found, LEARNED_VIEW)


def say_labelled(labelled: Sequence[tuple[Sensor, Finding]], timezone: str, *, dry_run: bool) -> None:
    """Print to stderr what was labelled: a few events one by one, many as a sum."""
    done = "would be labelled" if dry_run else "labelled"
    if len(labelled) <= _FEW:
        for sensor, finding in labelled:
            begun = local_time(finding.event.start, timezone).isoformat()
            say(
                f"{sensor.title}, {finding.event.kind} of {begun}"
                f" ({finding.event.event_id}): {done} {_word(finding.label)}"
            )
    sensors = {sensor.sensor_id for sensor, _ in labelled}
    if len(labelled) != 1:
        words = Counter(_word(finding.label) for _, finding in labelled)
        said = "".join(f", {count} {word}" for word, count in words.items())
        say(f"{done}: {counted(len(labelled), 'event')} of {counted(len(sensors), 'sensor')}{said}")


def _word(label: Label | None) -> str:
    return "none" if label is None else label.value


def _learned_row(one: Learned) -> tuple[Cell, ...]:
    counts = label_counts(one.verdicts)
    return (
        *(one.sensor.title, one.kind.value),
        *(counts[label] for label in (Label.TRUE, Label.FALSE, Label.EXPECTED)),
        *(round(in_labels(one.kin), 2), round(one.times, 2), one.kept_back),
        " ".join(f"{verdict.event.event_id}:{verdict.label}" for verdict in one.verdicts),
    )

"""Events as rows, with the same columns in every command."""

from __future__ import annotations

from iotctl.cli.output.colours import by_severity, by_state
from iotctl.cli.output.table import Cell, TableView
from iotctl.model import Finding
from iotctl.moments import local_time
from iotctl.words import WITHDRAWN

COLUMNS = [
    *("sensor", "start", "end", "kind", "severity", "score", "rows"),
    *("extreme", "expected", "low", "high", "event_id", "label", "explanation"),
]


def event_view(nothing: str) -> TableView:
    """How tables show events. nothing: the text if there is no event."""
    return TableView(
        main=("sensor", "start", "kind", "severity", "event_id", "label", "explanation"),
        prose="explanation",
        colours={"severity": by_severity, "label": by_state},
        nothing=nothing,
    )


def event_row(name: str, finding: Finding, timezone: str) -> tuple[Cell, ...]:
    """An event of a sensor as a row of COLUMNS, with times in a zone."""
    event = finding.event
    return (
        name,
        *(local_time(moment, timezone) for moment in (event.start, event.end)),
        *(event.kind.value, round(event.severity, 2), round(event.score, 1), event.rows),
        *(_rounded(number) for number in (event.extreme, event.expected, event.low, event.high)),
        *(event.event_id, _label(finding), _said(finding)),
    )


def _said(finding: Finding) -> str:
    """The sentence of an event, marked if the event is withdrawn."""
    said = finding.event.explanation
    return said if finding.withdrawn_at is None else f"{WITHDRAWN}: {said}"


def _label(finding: Finding) -> str | None:
    """The label of an event; or 'like ID' if the label of that event holds for it."""
    if finding.label is not None:
        return finding.label.value
    return None if finding.like is None else f"like {finding.like}"


def _rounded(number: float) -> float | None:
    """Rounded to six digits, which is more than a reading has."""
    return float(f"{number:.6g}") if number - number == 0 else None

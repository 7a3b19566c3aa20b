"""Events as a list on a page: time, kind, severity, verdict, sentence; scripts add buttons and small charts."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iotctl.charts.kinds import symbol
from iotctl.model import Event, Finding
from iotctl.moments import local_time

BAR = """<section id="verdicts" aria-live="polite" hidden>
<div><b></b><button type="button" data-do="copy">copy the command</button>
<a download="verdicts.json" href="data:,">save verdicts.json</a>
<button type="button" data-do="clear">clear</button>
<small>The events have to be saved: iotctl detect --save</small></div>
<pre></pre>
</section>
"""


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """A line of the list. sensor: its name. label: what a person said of the event, in a word, if anything.

    link: the target of the sensor's name; without it the list is of one sensor, and does not name it.
    """

    event: Event
    sensor: str
    label: str = ""
    link: str = ""


def label_of(finding: Finding) -> str:
    """What a person said of an event, or of one like it; empty without a verdict."""
    if finding.label is not None:
        return finding.label.value
    return f"like {finding.like}" if finding.like is not None else ""


def most_severe(events: Iterable[ListedEvent], most: int) -> list[ListedEvent]:
    """So many events at most, the most severe first; gaps and silence last: their severity has another scale."""
    ordered = sorted(events, key=lambda one: (one.event.kind.is_absence, -one.event.severity, one.event.start))
    return ordered[:most]


def event_list(events: Sequence[ListedEvent], timezone: str, *, more: int = 0, insets: bool = False) -> str:
    """The list as HTML, in the order given; empty without events. more: how many are left out.

    insets: add a place for a small chart of each event.
    """
    if not events:
        return ""
    rows = "".join(_row(one, timezone, insets) for one in events)
    left = f"<li>{more:,} more, less severe: iotctl anomalies</li>\n" if more else ""
    return f'<ul class="events">\n{rows}{left}</ul>\n'


def _row(one: ListedEvent, timezone: str, insets: bool) -> str:
    event = one.event
    begun = local_time(event.start, timezone)
    name = html.escape(one.sensor)
    attributes = {
        "event-id": html.escape(event.event_id),
        "sensor": name,
        "start": str(event.start),
        "severity": f"{-1.0 if event.kind.is_absence else event.severity:.3f}",
    }
    said = f"<mark>{html.escape(one.label)}</mark>" if one.label else ""
    link = f'<a href="{html.escape(one.link)}">{name}</a> ' if one.link else ""
    known = " ".join(f'data-{key}="{value}"' for key, value in attributes.items())
    place = '<div class="inset"></div>' if insets else ""
    return (
        f'<li {known}>{place}<div class="what"><time datetime="{begun.isoformat()}">{begun:%Y-%m-%d %H:%M}</time>'
        f"{link}<b>{symbol(event.kind)}{event.kind.value}</b><em>severity {event.severity:.1f}</em>{said}"
        f"<q>{html.escape(event.explanation)}</q></div></li>\n"
    )

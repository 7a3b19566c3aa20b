"""Events on a page, each with buttons for a verdict, and a bar that has the verdicts as a command and as a file."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from iotctl.charts.marks import COLOURS
from iotctl.model import Event
from iotctl.timezones import find_zone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STYLE = """
ul.events { list-style: none; margin: 0.6rem 0; padding: 0; font-size: 13px; }
ul.events li { display: flex; flex-wrap: wrap; gap: 0.1rem 0.8rem; align-items: baseline; padding: 0.3rem 0.2rem;
  border-top: 1px solid #eee; scroll-margin: 5rem; }
ul.events li.chosen { background: #fff7d6; }
ul.events time { white-space: nowrap; color: #555; }
ul.events b { font-weight: 600; white-space: nowrap; }
ul.events b i { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.35em; }
ul.events q { flex: 1 1 16rem; quotes: none; overflow-wrap: anywhere; }
ul.events span { white-space: nowrap; }
button.verdict, #verdicts button, #verdicts a { font: inherit; font-size: 12px; padding: 0.1rem 0.5rem; color: #222;
  border: 1px solid #bbb; border-radius: 3px; background: #fff; cursor: pointer; text-decoration: none; }
button.verdict + button.verdict { margin-left: 0.25rem; }
button.verdict:hover, #verdicts button:hover, #verdicts a:hover { border-color: #0072B2; }
button.verdict[aria-pressed="true"] { background: #0072B2; border-color: #0072B2; color: #fff; }
#verdicts { position: sticky; bottom: 0; margin: 1rem 0 0; padding: 0.5rem 0.7rem; background: #f4f7fa;
  border: 1px solid #c9d5df; border-radius: 4px; font: 13px/1.4 sans-serif; z-index: 1; }
#verdicts[hidden] { display: none; }
#verdicts div { display: flex; flex-wrap: wrap; gap: 0.4rem 0.6rem; align-items: baseline; }
#verdicts pre { margin: 0.4rem 0 0; max-height: 7.5em; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere;
  user-select: all; }
#verdicts small { color: #666; }
"""

BAR = """<section id="verdicts" aria-live="polite" hidden>
<div><b></b><button type="button" data-do="copy">copy the command</button>
<a download="verdicts.json" href="data:,">save verdicts.json</a>
<button type="button" data-do="clear">clear</button>
<small>The events have to be saved: iotctl detect --save</small></div>
<pre></pre>
</section>
"""

# Verdicts are kept for the report that a page is of, so that its pages share them. What comes from the data stands in
# attributes, and nothing of it is ever read as HTML. Buttons are made here: in the page they would be most of it.
SCRIPT = """
(() => {
  const bar = document.getElementById('verdicts');
  const [said, link, command] = ['b', 'a', 'pre'].map((name) => bar.querySelector(name));
  const key = 'iotctl verdicts ' + new URL(document.body.dataset.report || location.href, location.href).pathname;
  const wide = 40;  // ids in a command
  const words = {true: 'an anomaly indeed', false: 'a false alarm', expected: 'real and known, such as maintenance'};
  for (const row of document.querySelectorAll('li[data-event-id]')) {
    const group = document.createElement('span');
    group.setAttribute('role', 'group');
    group.setAttribute('aria-label', 'verdict');
    for (const [value, title] of Object.entries(words)) {
      const button = document.createElement('button');
      Object.assign(button, {type: 'button', className: 'verdict', value, title, textContent: value});
      group.append(button);
    }
    row.append(group);
  }
  let kept = {};
  const load = () => {
    try { kept = JSON.parse(localStorage.getItem(key)) || {}; } catch { /* no storage: for this page alone */ }
  };
  const store = () => { try { localStorage.setItem(key, JSON.stringify(kept)); } catch { /* the same */ } };
  const show = () => {
    const entries = Object.entries(kept);
    for (const button of document.querySelectorAll('button.verdict')) {
      const given = kept[button.closest('li').dataset.eventId];
      button.setAttribute('aria-pressed', String(Boolean(given) && given.verdict === button.value));
    }
    bar.hidden = !entries.length;
    said.textContent = entries.length + (entries.length === 1 ? ' verdict' : ' verdicts');
    const content = {verdicts: entries.map(([id, given]) => ({event_id: id, ...given}))};
    link.href = 'data:application/json;charset=utf-8,' + encodeURIComponent(JSON.stringify(content, null, 1));
    const ids = (word) => entries.filter(([, given]) => given.verdict === word).map(([id]) => id);
    command.textContent = entries.length > wide
      ? 'iotctl anomalies label --input verdicts.json'
      : Object.keys(words).filter((word) => ids(word).length)
        .map((word) => `iotctl anomalies label ${ids(word).join(' ')} ${word}`).join('\\n');
  };
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
    } catch {
      getSelection().selectAllChildren(command);
      document.execCommand('copy');
    }
  };
  document.addEventListener('click', (click) => {
    const button = click.target.closest('button');
    if (!button) return;
    load();
    if (button.classList.contains('verdict')) {
      const {eventId, sensor} = button.closest('li').dataset;
      if (kept[eventId] && kept[eventId].verdict === button.value) delete kept[eventId];
      else kept[eventId] = {verdict: button.value, sensor};
    } else if (button.dataset.do === 'clear') kept = {};
    else if (button.dataset.do === 'copy') copy();
    store();
    show();
  });
  window.chosenEvent = (id) => {
    for (const row of document.querySelectorAll('ul.events li')) {
      row.classList.toggle('chosen', row.dataset.eventId === id);
      if (row.dataset.eventId === id) row.scrollIntoView({block: 'center'});
    }
  };
  addEventListener('pageshow', () => { load(); show(); });
  load();
  show();
})();
"""


def event_list(events: Sequence[Event], sensor: str, timezone: str, most: int) -> str:
    """The most severe events as a list by time, each with its buttons; empty without events. sensor: its name."""
    if not events:
        return ""
    shown = sorted(events, key=lambda event: (event.kind.is_absence, -event.severity, event.start))[:most]
    shown.sort(key=lambda event: (event.start, event.end))
    more = len(events) - len(shown)
    rows = "".join(_row(event, sensor, timezone) for event in shown)
    left = f"<li>{more:,} more, less severe: iotctl anomalies</li>\n" if more else ""
    return f'<ul class="events">\n{rows}{left}</ul>\n'


def _row(event: Event, sensor: str, timezone: str) -> str:
    begun = (_EPOCH + timedelta(microseconds=event.start)).astimezone(find_zone(timezone))
    return (
        f'<li data-event-id="{html.escape(event.event_id)}" data-sensor="{html.escape(sensor)}">'
        f'<time datetime="{begun.isoformat()}">{begun:%Y-%m-%d %H:%M}</time>'
        f'<b><i style="background:{COLOURS[event.kind]}"></i>{event.kind.value}</b>'
        f"<q>{html.escape(event.explanation)}</q></li>\n"
    )

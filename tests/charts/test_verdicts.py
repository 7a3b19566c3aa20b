"""Verdicts by click: the buttons work in a browser, and the command line reads the saved file."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.charts import About, card_of, draw_detection, draw_fleet
from iotctl.cli.arguments.verdicts import verdicts_from
from iotctl.model import Detection, Finding, Label, Sensor, SensorCard
from tests.charts.browser import opened

START, MINUTE = 1_420_070_400_000_000, 60_000_000
NAME = "pump </script><script>document.title='bad'</script> & \"co\" 'x'"


@pytest.fixture(scope="module")
def detection() -> Detection:
    """A sensor with three spikes."""
    value = np.random.default_rng(1).normal(20, 1, 5000)
    value[[1000, 2000, 3000]] += 40
    found = detect(START + 10 * MINUTE * np.arange(5000), value)
    assert len(found.events) == 3
    return found


def card(sensor: Sensor, found: Detection) -> SensorCard:
    return card_of(sensor, found, [Finding(event) for event in found.events])


def clicked(page: Path, profile: Path, script: str) -> str:
    """The page's DOM after a script that runs last."""
    text, ending = page.read_text(), "</body>\n</html>\n"
    assert text.endswith(ending)
    press = (
        "(row, word) => document.querySelectorAll('ul.events li')[row].querySelector(`button[value=${word}]`).click()"
    )
    click = f"<script>const press = {press}; addEventListener('load', () => {{{script}}})</script>"
    copy = page.with_name(f"clicked-{page.name}")
    copy.write_text(text.removesuffix(ending) + click + ending)
    return opened(copy, profile)


def saved(dom: str, tmp_path: Path) -> dict[str, Label | None]:
    """The saved file of the link, as the command line reads it."""
    (link,) = re.findall(r'<a download="verdicts.json" href="data:application/json;charset=utf-8,([^"]*)"', dom)
    file = tmp_path / "verdicts.json"
    file.write_text(unquote(html.unescape(link)))
    assert {entry["sensor"] for entry in json.loads(file.read_text())["verdicts"]} == {NAME}
    return verdicts_from(str(file))


def command(dom: str) -> list[str]:
    found: list[str] = re.findall(r"<pre>([^<]*)</pre>", dom)
    assert len(found) == 1
    return found[0].splitlines()


def pressed(dom: str) -> int:
    return len(re.findall(r'<button[^>]*class="verdict"[^>]* aria-pressed="true"', dom))


def test_clicks_on_a_chart_become_a_command_and_a_file(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_detection(detection, page, About(title=NAME, timezone="UTC"), verdicts=True)
    first, second, third = (event.event_id for event in detection.events)
    script = "press(0, 'true'); press(0, 'false'); press(1, 'false'); press(2, 'true'); press(2, 'true');"
    dom = clicked(page, tmp_path / "profile", script)
    assert command(dom) == [f"iotctl anomalies label {first} {second} false"]  # the third was pressed twice
    assert saved(dom, tmp_path) == {first: Label.FALSE, second: Label.FALSE}
    assert pressed(dom) == 2
    assert "2 verdicts" in dom
    assert "document.title=" in dom.split("</title>")[0], "shown as text"
    assert f'data-event-id="{third}"' in dom


def test_clicks_on_the_page_of_a_fleet_do_the_same(detection: Detection, tmp_path: Path) -> None:
    quiet = replace(detection, events=())
    many = replace(detection, events=tuple(replace(detection.events[0], event_id=f"{n:012x}") for n in range(60)))
    cards = [card(Sensor(1, "u1", NAME), many), card(Sensor(2, "u2", "quiet"), quiet)]
    page = tmp_path / "fleet.html"
    draw_fleet(cards, page, sensors=2, notes=[], timezone="UTC")
    dom = clicked(page, tmp_path / "profile", "press(0, 'expected'); press(4, 'true');")
    assert dom.count("<li data-event-id") == 60
    kept = saved(dom, tmp_path)
    assert sorted(str(label) for label in kept.values()) == ["expected", "true"]
    assert command(dom) == [
        f"iotctl anomalies label {event_id} {label}"
        for event_id, label in sorted(kept.items(), key=lambda one: str(one[1]), reverse=True)
    ]
    assert "<script>document" not in dom
    cleared = clicked(page, tmp_path / "other", "press(0, 'true'); document.querySelector('[data-do=clear]').click();")
    assert re.search(r'<section id="verdicts"[^>]* hidden', cleared)
    assert pressed(cleared) == 0


def test_many_verdicts_are_a_file_and_not_a_long_command(detection: Detection, tmp_path: Path) -> None:
    many = replace(detection, events=tuple(replace(detection.events[0], event_id=f"{n:012x}") for n in range(60)))
    page = tmp_path / "a.html"
    draw_detection(many, page, About(title=NAME), verdicts=True)
    dom = clicked(page, tmp_path / "profile", "for (let row = 0; row < 41; row++) press(row, 'false');")
    assert command(dom) == ["iotctl anomalies label --input verdicts.json"]
    assert saved(dom, tmp_path) == {f"{n:012x}": Label.FALSE for n in range(41)}


def test_a_chart_of_a_file_and_one_without_events_have_no_buttons(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_detection(detection, page, About(title="file"))
    assert 'id="verdicts"' not in page.read_text()
    draw_detection(replace(detection, events=()), page, About(title="quiet"), verdicts=True)
    assert 'id="verdicts"' not in page.read_text()

"""The page of a fleet in a browser: one file, the worst first, charts over it, and names that are only texts."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.charts import card_of, draw_fleet
from iotctl.model import Detection, Finding, Kind, Label, Sensor, SensorCard
from tests.charts.browser import opened

START, MINUTE = 1_420_070_400_000_000, 60_000_000
TITLE = "sensor </script><script>document.title='bad'</script> & \"co\""


@pytest.fixture(scope="module")
def detection() -> Detection:
    value = np.random.default_rng(1).normal(20, 1, 5000)
    value[1000] += 40
    value[3000:3100] -= 12
    time = START + 15 * MINUTE * np.arange(5000)
    kept = np.r_[0:2000, 2300:5000]
    return detect(time[kept], value[kept])


def card(number: int, name: str | None, found: Detection, label: Label | None = None) -> SensorCard:
    findings = [Finding(event, label=label) for event in found.events]
    return card_of(Sensor(number, f"uuid-{number}", name, unit="°C"), found, findings)


def test_the_worst_come_first_and_nothing_runs_from_a_name(detection: Detection, tmp_path: Path) -> None:
    quiet = replace(detection, events=())
    gaps = replace(detection, events=tuple(event for event in detection.events if event.kind is Kind.GAP))
    empty = detect(np.empty(0, dtype=np.int64), np.empty(0))
    cards = [card(0, "quiet", quiet), card(1, TITLE, gaps), card(2, "bad", detection, Label.TRUE), card(9, None, empty)]
    page = tmp_path / "fleet.html"
    draw_fleet(
        cards, page, sensors=7, notes=["<i>note</i>"], timezone="UTC", qualities={2: (71.5, f"71 % there {TITLE}")}
    )
    assert not re.search(r"(src|href)=\"(https?:)?//", page.read_text())
    dom = opened(page, tmp_path / "profile")
    assert re.findall(r'class="card" href="#uuid-(\d)"', dom) == ["2", "1", "0", "9"]
    assert dom.count('<svg class="spark"') == 3
    assert "<title>Sensors</title>" in dom
    assert "<script>document" not in dom
    assert "3 more sensors not shown" in dom
    assert "&lt;i&gt;note" in dom
    assert ">quality 72</i>" in dom
    assert f"<mark>true {len(detection.events)}</mark>" in dom
    assert "2 without events" in dom
    listed = re.findall(r'<ul class="events">(.*?)</ul>', dom, re.DOTALL)[0]
    assert len(re.findall("<li data-event-id", listed)) == len(detection.events) + len(gaps.events)
    assert listed.index('href="#uuid-2"') < listed.index('href="#uuid-1"')
    assert [path.name for path in tmp_path.iterdir() if path.name != "profile"] == ["fleet.html"]


def test_the_address_opens_a_chart_over_the_page(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "fleet.html"
    draw_fleet([card(1, TITLE, detection)], page, sensors=1, notes=[], timezone="UTC")
    dom = opened(page, tmp_path / "profile", address="#uuid-1")
    dialog = dom[dom.index("<dialog") : dom.index("</dialog>")]
    assert dialog.count("<canvas") >= 3
    assert len(re.findall("<li data-event-id", dialog)) == len(detection.events)
    assert '<div class="inset">' in dialog
    assert "<script>document" not in dialog


def test_a_page_of_200_sensors_of_a_year_can_be_mailed(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    hours = np.arange(35_040) / 4
    value = 60 + 16 * np.sin(2 * np.pi * hours / 24) + random.normal(0, 2, len(hours))
    value[2000] += 40
    value[7000:7160] -= 20
    value[12_000:12_500] += np.linspace(0, 30, 500)
    value[18_000:18_090] = value[18_000]
    value[25_000:25_012] += 25
    found = detect(START + 15 * MINUTE * np.arange(len(hours)), value)
    assert len(found.events) >= 5
    one = card(0, "a", found)
    cards = []
    for number in range(200):  # as many bytes as for different sensors
        noise = random.normal(0, 2, len(one.course.time))
        course = replace(one.course, value=np.round((one.course.value + noise) * 32) / 32)
        cards.append(replace(one, sensor=Sensor(number, f"uuid-{number}", f"sensor_{number}"), course=course))
    page = tmp_path / "fleet.html"
    draw_fleet(cards, page, sensors=200, notes=[], timezone="UTC")
    assert 1_000_000 < page.stat().st_size < 5_000_000

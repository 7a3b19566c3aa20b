"""Charts in each format; pages are opened in a browser where there is one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.charts import card_of, draw_detection, draw_fleet, draw_linked_page, draw_readings, write_library
from iotctl.charts.thinning import extreme_rows, shown_rows, with_holes
from iotctl.errors import UsageError
from iotctl.model import Detection, Kind, Sensor
from tests.charts.browser import opened

START, MINUTE = 1_420_070_400_000_000, 60_000_000
TITLE = "sensor </script><script>document.title='bad'</script> & \"co\""


@pytest.fixture(scope="module")
def detection() -> Detection:
    value = np.random.default_rng(1).normal(20, 1, 30_000)
    value[12_345] += 40
    value[20_000:20_200] -= 12
    value[25_000:] += 5
    time = START + 10 * MINUTE * np.arange(30_000)
    kept = np.r_[0:15_000, 16_000:30_000]
    return detect(time[kept], value[kept])


def test_png_and_svg_are_pictures(detection: Detection, tmp_path: Path) -> None:
    draw_detection(detection, tmp_path / "a.png", title=TITLE)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    draw_detection(detection, tmp_path / "a.svg", title=TITLE)
    svg = (tmp_path / "a.svg").read_text()
    assert "<script>" not in svg
    for kind in ("spike", "shift", "gap"):
        assert f">{kind}</text>" in svg
    assert ">severity</text>" in svg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_an_empty_series_and_an_unknown_suffix_are_defined(tmp_path: Path) -> None:
    nothing = np.empty(0, dtype=np.int64), np.empty(0)
    draw_readings(*nothing, tmp_path / "a.svg", title="nothing")
    draw_detection(detect(*nothing), tmp_path / "b.svg", title="nothing")
    draw_detection(detect(np.array([START]), np.array([1.0])), tmp_path / "c.svg", title="one reading")
    assert len(list(tmp_path.iterdir())) == 3
    with pytest.raises(UsageError, match="gif"):
        draw_readings(*nothing, tmp_path / "a.gif", title="nothing")


def test_a_thinned_series_keeps_its_extremes_and_every_event(detection: Detection) -> None:
    always = extreme_rows(detection)
    rows = shown_rows(detection.value, 1000, always)
    assert len(rows) <= 1000 + len(always)
    assert set(always) <= set(rows.tolist())
    assert detection.value[rows].max() == detection.value.max()
    assert detection.value[rows].min() == detection.value.min()
    for event, row in zip(detection.events, always, strict=True):
        # Of a step the level that was reached, which need be no reading.
        assert detection.value[row] == event.extreme or event.kind is Kind.STEP
        assert event.start <= detection.time[row] <= event.end


def test_a_line_breaks_where_readings_are_missing(detection: Detection) -> None:
    rows = shown_rows(detection.value, 1000)
    time, value = with_holes(detection.time[rows], detection.value[rows], detection.time)
    (broken,) = time[np.isnan(value)].tolist()
    assert START + 14_999 * 10 * MINUTE < broken < START + 16_000 * 10 * MINUTE
    assert (np.diff(time) > 0).all()


def test_the_page_draws_by_itself_and_runs_nothing_from_a_title(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_detection(detection, page, title=TITLE)
    text = page.read_text()
    assert "<script>document" not in text
    assert 'src="http' not in text
    dom = opened(page, tmp_path / "profile")
    assert "<canvas" in dom
    assert "document.title=" in dom.split("</title>")[0], "shown as text"


def test_a_page_of_readings_draws_by_itself(tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_readings(START + MINUTE * np.arange(500), np.arange(500.0), page, title="a")
    assert "<canvas" in opened(page, tmp_path / "profile")


def test_times_are_by_the_clock_of_the_zone_where_it_changes(tmp_path: Path) -> None:
    change = 1_427_590_800_000_000  # 2015-03-29 01:00 UTC: 02:00 becomes 03:00 in Berlin
    page = tmp_path / "a.html"
    draw_readings(change + 30 * MINUTE * np.arange(-1, 1), np.ones(2), page, title="a", timezone="Europe/Berlin")
    values = re.findall(r'"time,value\\n([^"]*)"', page.read_text())[0]
    clocks = [int(line.split(",")[0]) for line in values.split("\\n")]
    assert clocks == [1_427_592_600_000, 1_427_598_000_000]  # 01:30 and 03:00


def test_a_fleet_page_leads_to_the_charts_and_runs_nothing_from_a_name(detection: Detection, tmp_path: Path) -> None:
    write_library(tmp_path / "charts")
    quiet = replace(detection, events=())
    gaps = replace(detection, events=tuple(event for event in detection.events if event.kind is Kind.GAP))
    cards = []
    for number, (name, shown) in enumerate([("quiet", quiet), (TITLE, gaps), ("bad", detection)]):
        page = f"{number}.html"
        draw_linked_page(
            shown, tmp_path / "charts" / page, title=name, timezone="UTC", threshold=6.0, back="../fleet.html"
        )
        cards.append(card_of(Sensor(number, f"uuid-{number}", name), shown, page))
    empty = detect(np.empty(0, dtype=np.int64), np.empty(0))
    cards.append(card_of(Sensor(9, "uuid-9", None), empty, "9.html"))
    draw_fleet(cards, tmp_path / "fleet.html", "charts", sensors=7, notes=["<i>note</i>"], timezone="UTC")
    for written in (tmp_path / "fleet.html", tmp_path / "charts" / "2.html"):
        assert not re.search(r"(src|href)=\"(https?:)?//", written.read_text())
    dom = opened(tmp_path / "fleet.html", tmp_path / "profile")
    assert re.findall(r'href="charts/(\d)\.html"', dom) == ["2", "1", "0", "9"]
    assert dom.count("<svg") == 3
    assert "<title>Sensors</title>" in dom
    assert "<script>document" not in dom
    assert "3 more sensors not shown" in dom
    assert "&lt;i&gt;note" in dom
    chart = opened(tmp_path / "charts" / "2.html", tmp_path / "profile")
    assert "<canvas" in chart
    assert 'href="../fleet.html"' in chart

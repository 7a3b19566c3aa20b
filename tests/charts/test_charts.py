"""Charts of one sensor in each format; pages are opened in a browser where there is one."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.charts import About, NamedSeries, draw_detection, draw_readings
from iotctl.charts.kinds import COLOURS, SHAPES
from iotctl.charts.packed import clock_changes, pack
from iotctl.charts.thinning import around, course_of, extreme_rows, rounded, shown_rows, with_holes
from iotctl.errors import UsageError
from iotctl.model import Detection, Kind
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


def columns(course: dict[str, object]) -> dict[str, NDArray[np.float64]]:
    """The columns of a page, by a slow and obvious way."""
    rows, raw = int(str(course["rows"])), zlib.decompress(base64.b64decode(str(course["packed"])))
    units: dict[str, tuple[float, float]] = json.loads(json.dumps(course["columns"]))
    found, at = {}, 0
    for name in ("time", *units):
        size, kind = (8, "<f8") if name == "time" else (4, "<f4")
        cells = [bytes(raw[at + rank * rows + row] for rank in range(size)) for row in range(rows)]
        base, factor = units.get(name, (0.0, 1.0))
        found[name] = np.array([np.frombuffer(cell, kind)[0] for cell in cells], dtype=np.float64) * factor + base
        at += size * rows
    assert at == len(raw)
    found["time"] = np.cumsum(found["time"])
    return found


def data_of(page: Path) -> dict[str, object]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page.read_text())
    loaded: dict[str, object] = json.loads(text)
    return loaded


def test_png_and_svg_are_pictures_with_all_that_was_judged(detection: Detection, tmp_path: Path) -> None:
    draw_detection(detection, tmp_path / "a.png", About(title=TITLE, unit="°C", limits=(0.0, 70.0)))
    png = (tmp_path / "a.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert len(png) < 500_000
    draw_detection(detection, tmp_path / "a.svg", About(title=TITLE, unit="°C"))
    svg = (tmp_path / "a.svg").read_text()
    assert "<script>" not in svg
    for kind in ("spike", "shift", "gap", "step"):
        assert f">{kind}</text>" in svg
        assert re.search(rf">{kind}, 20\d\d-\d\d-\d\d \d\d:\d\d</text>", svg), "each event near by"
    for panel in ("severity", "residual [σ]"):
        assert f">{panel}</text>" in svg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_no_reading_one_reading_and_an_unknown_suffix_are_defined(tmp_path: Path) -> None:
    none, one = (np.empty(0, dtype=np.int64), np.empty(0)), (np.array([START]), np.array([1.0]))
    for name, series in (("none", none), ("one", one)):
        for suffix in ("svg", "html"):
            draw_readings([NamedSeries(name, *series)], tmp_path / f"{name}.{suffix}")
            draw_detection(detect(*series), tmp_path / f"{name}_found.{suffix}", About(title=name))
    assert len(list(tmp_path.iterdir())) == 8
    assert "No readings." in opened(tmp_path / "none_found.html", tmp_path / "profile")
    with pytest.raises(UsageError, match="gif"):
        draw_readings([NamedSeries("a", *none)], tmp_path / "a.gif")


def test_a_thinned_series_keeps_its_extremes_and_every_event(detection: Detection) -> None:
    always = extreme_rows(detection)
    rows = shown_rows(detection.value, 1000, always)
    assert len(rows) <= 1000 + len(always) + 2
    assert set(always) <= set(rows.tolist())
    assert {0, len(detection.value) - 1} <= set(rows.tolist())
    # The lowest and the highest of each stretch, as a slow loop finds them.
    size = -(-len(detection.value) // 500)
    for first in range(0, len(detection.value), size):
        block = detection.value[first : first + size]
        assert {first + int(block.argmin()), first + int(block.argmax())} <= set(rows.tolist())
    for event, row in zip(detection.events, always, strict=True):
        # For a step the new level, which may differ from every reading.
        assert detection.value[row] == event.extreme or event.kind is Kind.STEP
        assert event.start <= detection.time[row] <= event.end


def test_every_reading_around_an_event_is_drawn_as_it_was_judged(detection: Detection) -> None:
    course = course_of(detection, 300, 100_000)
    assert len(course.time) < 0.2 * len(detection.time)
    at = {int(moment): row for row, moment in enumerate(course.time)}
    for event in detection.events:
        if event.kind is Kind.STEP:
            continue
        start, end = around(detection.time, event)
        assert end - start >= 48
        for row in range(start, end):
            shown = at[int(detection.time[row])]
            for name in ("value", "expected", "scale", "severity"):
                assert getattr(course, name)[shown] == getattr(detection, name)[row]
    near = rounded(course)
    there = np.isfinite(course.value)
    for name in ("value", "expected"):
        error = np.abs(getattr(near, name) - getattr(course, name))[there]
        assert (error <= course.scale[there] / 100).all()


def test_a_line_breaks_where_readings_are_missing(detection: Detection) -> None:
    rows = shown_rows(detection.value, 1000)
    time, (value,) = with_holes(detection.time[rows], [detection.value[rows]], detection.time)
    (broken,) = time[np.isnan(value)].tolist()
    assert START + 14_999 * 10 * MINUTE < broken < START + 16_000 * 10 * MINUTE
    assert (np.diff(time) > 0).all()


def test_the_page_draws_by_itself_and_runs_nothing_from_a_title(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_detection(detection, page, About(title=TITLE, unit=TITLE, labels={detection.events[0].event_id: "expected"}))
    text = page.read_text()
    assert "<script>document" not in text
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    dom = opened(page, tmp_path / "profile")
    assert dom.count("<canvas") > 3, "three panels, and events near by"
    assert "document.title=" in dom.split("</title>")[0], "shown as text"
    assert "<mark>expected</mark>" in dom
    assert ">1 week</button>" in dom


def test_buttons_lead_to_events_and_the_pointer_tells_what_was_judged(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_detection(detection, page, About(title="a", unit="bar", timezone="UTC"))
    number, spike = next((i, event) for i, event in enumerate(detection.events) if event.kind is Kind.SPIKE)
    # Like a person: from event to event, then with the pointer to the middle, where the event is.
    script = f"""
      const button = [...document.querySelectorAll('.ranges button')].find((one) => one.textContent === 'event ›');
      for (let press = 0; press <= {number}; press++) button.click();
      setTimeout(() => {{
        const over = document.querySelector('.glass'), box = over.getBoundingClientRect();
        const at = {{bubbles: true, clientX: box.left + box.width / 2, clientY: box.top + 20}};
        over.dispatchEvent(new PointerEvent('pointerenter', at));
        over.dispatchEvent(new PointerEvent('pointermove', at));
      }}, 500);
    """
    page.write_text(page.read_text() + f"<script>setTimeout(() => {{{script}}}, 2000)</script>")
    dom = opened(page, tmp_path / "profile")
    tip = html.unescape(re.findall(r'<div class="tip"[^>]*>(.*?)</div>', dom)[0])
    row = int(np.searchsorted(detection.time, spike.start))
    assert f"<b>{np.datetime64(spike.start, 'us').astype('M8[m]')}</b>".replace("T", " ") in tip
    # To two digits of sigma, which is about 1 here.
    assert f"reading {detection.value[row]:.1f} bar" in tip or f"reading {detection.value[row]:.2f} bar" in tip
    assert spike.explanation in tip
    (shown,) = re.findall(r"<output>(\S+ \S+) to (\S+ \S+)</output>", dom)
    first, last = (np.datetime64(moment.replace(" ", "T")).astype("M8[us]").astype(np.int64) for moment in shown)
    assert spike.start - 86_400_000_000 < first < spike.start < last < spike.end + 86_400_000_000


def test_a_page_has_all_readings_as_they_were_judged(detection: Detection, tmp_path: Path) -> None:
    draw_detection(detection, tmp_path / "a.html", About(title="a"))
    held = columns(data_of(tmp_path / "a.html")["course"])  # type: ignore[arg-type]
    there = np.isfinite(held["value"])
    assert (held["time"][there] == detection.time).all()
    for name in ("value", "expected", "scale", "severity"):
        np.testing.assert_allclose(held[name][there], getattr(detection, name), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("level", "noise"), [(101_325.0, 0.01), (-3e300, 1e298), (0.0, 1e-200), (1e9, 1.0)])
def test_a_page_keeps_what_is_small_beside_the_level(level: float, noise: float) -> None:
    time = START + MINUTE * np.arange(500)
    value = np.random.default_rng(1).normal(level, noise, 500)
    held = columns(pack(time, {"value": value, "scale": np.full(500, noise)}))
    assert (held["time"] == time).all()
    assert np.abs(held["value"] - value).max() < noise / 1000
    np.testing.assert_allclose(held["scale"], noise, rtol=1e-6)


def test_several_sensors_are_drawn_over_each_other(tmp_path: Path) -> None:
    time = START + MINUTE * np.arange(500)
    series = [
        NamedSeries("first", time, np.arange(500.0), "°C"),
        NamedSeries(TITLE, time[100:200], np.arange(100.0), "°C"),
        NamedSeries("flow", time[::2], np.arange(250.0), "m³/h"),
    ]
    draw_readings(series, tmp_path / "a.html")
    dom = opened(tmp_path / "a.html", tmp_path / "profile")
    assert dom.count("<canvas") == 2, "a panel for each unit"
    assert "first [°C]" in dom
    assert "<script>document" not in dom
    draw_readings(series, tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text()
    assert ">flow</text>" in svg
    assert ">flow [m³/h]</text>" in svg
    assert "<script>" not in svg


def test_times_are_by_the_clock_of_the_zone_where_it_changes() -> None:
    change, before = 1_427_590_800, 1_420_070_400  # 2015-03-29 01:00 UTC: 02:00 becomes 03:00 in Berlin
    back = 1_445_734_800  # 2015-10-25 01:00 UTC
    found = clock_changes(before * 1_000_000, (back + 86_400) * 1_000_000, "Europe/Berlin")
    assert found == [(before, 3600), (change, 7200), (back, 3600)]
    assert clock_changes(0, 0, "+05:30") == [(0, 19_800)]


def test_a_picture_shows_times_by_the_clock_of_the_zone(tmp_path: Path) -> None:
    change = 1_427_590_800_000_000
    series = NamedSeries("a", change + 30 * MINUTE * np.arange(-1, 1), np.ones(2))
    draw_readings([series], tmp_path / "a.svg", timezone="Europe/Berlin")
    svg = (tmp_path / "a.svg").read_text()
    assert ">03:00</text>" in svg
    assert ">time (Europe/Berlin)</text>" in svg


def test_every_kind_has_a_colour_and_a_shape_of_its_own() -> None:
    assert set(COLOURS) == set(SHAPES) == set(Kind)
    assert len(set(SHAPES.values())) == len(set(COLOURS.values())) == len(Kind)
    for points in SHAPES.values():
        assert max(abs(part) for point in points for part in point) <= 1.2

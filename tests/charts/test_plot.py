"""Plots in a browser: ticks, drawing of many readings, the pointer; and all scripts are our own."""

from __future__ import annotations

import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

import iotctl
from iotctl.charts import NamedSeries, draw_readings
from iotctl.charts.packed import clock_changes
from tests.charts.browser import opened

START, HOUR = 1_445_558_400, 3600  # 2015-10-23 00:00 UTC; on the 25th 03:00 becomes 02:00 in Berlin
ROWS, STEP = 30_000, 10
BERLIN = ZoneInfo("Europe/Berlin")
# (first, last, most): within hours around the change of the clock, days, months, years, a part of a second, and days in
# the middle of a month.
SPANS = [
    (START + 40 * HOUR, START + 56 * HOUR, 17),
    (START + 1234, START + 80 * HOUR, 9),
    (START - 9_999_999, START + 9_999_999, 10),
    (START - 80_000_000, START + 80_000_000, 6),
    (START + 0.25, START + 3.5, 8),
    (START - 216 * HOUR, START - 96 * HOUR + 1000, 6),
]
NUMBERS = [(0.0, 1.0, 5), (-7.3, 1234.5, 6), (101_325.01, 101_325.09, 5), (1e-9, 4e-9, 4), (-3e300, -2e300, 4)]

_AS_SOON_AS_DRAWN = """<script>
  const drawn = setInterval(() => { if (document.querySelector('.glass')) { clearInterval(drawn); answer(); } }, 50);
  function answer() { %s }
</script>"""


def values() -> NDArray[np.float64]:
    value = np.random.default_rng(2).normal(50, 10, ROWS)
    value[12_000] = 500
    value[20_000:21_000] = np.nan
    return value


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What the scripts say in a page of readings, where a pointer drags over the second quarter of the plot."""
    folder = tmp_path_factory.mktemp("plot")
    page = folder / "a.html"
    value, time = values(), (START + STEP * np.arange(ROWS)) * 1_000_000
    known = np.isfinite(value)
    draw_readings([NamedSeries("a", time[known], value[known])], page, timezone="UTC")
    offsets = clock_changes((START - 80_000_000) * 1_000_000, (START + 80_000_000) * 1_000_000, "Europe/Berlin")
    readings = [None if np.isnan(x) else x for x in value.tolist()]
    script = f"""
      const glass = document.querySelector('.glass'), box = glass.getBoundingClientRect();
      const shown = () => document.querySelector('output').textContent;
      const send = (name, part, make = PointerEvent) => glass.dispatchEvent(new make(name,
        {{bubbles: true, clientX: box.left + part * box.width, clientY: box.top + 20}}));
      send('pointerdown', 0.5);
      send('pointermove', 0.4);
      send('pointerup', 0.25);
      const zoomed = shown();
      send('dblclick', 0.5, MouseEvent);
      send('pointerdown', 0.5);
      send('pointerup', 0.501);  // a click is no drag
      const host = document.body.appendChild(document.createElement('div'));
      host.style.cssText = 'width: 600px; height: 300px';
      const value = {json.dumps(readings)}, time = value.map((_, row) => {START} + {STEP} * row);
      const plot = new iotctl.Plot(host, {{offsets: [[0, 0]], edge: 50, apart: 30, range: () => [0, 1000],
        lines: [{{time, value, colour: '#000'}}]}});
      plot.show(time[0], time[time.length - 1]);
      const spans = {json.dumps(SPANS)}, numbers = {json.dumps(NUMBERS)}, offsets = {json.dumps(offsets)};
      const tight = document.body.appendChild(document.createElement('div'));
      tight.style.cssText = 'width: 180px; height: 120px';
      const small = new iotctl.Plot(tight, {{offsets: [[0, 0]], edge: 6, apart: 30, range: () => [0, 1000],
        lines: [{{time, value, colour: '#000'}}], times: true, small: true}});
      const beyond = [];
      small.ctx.fillText = function (text, x) {{
        const half = this.measureText(text).width / 2;
        if (text && this.textAlign === 'center') beyond.push(Math.max(half - x, x + half - tight.clientWidth));
      }};
      for (let hour = 0; hour < 100; hour++) small.show({START} + 3600 * hour, {START} + 3600 * (hour + 90));
      document.body.appendChild(document.createElement('pre')).textContent = JSON.stringify({{
        beyond,
        shown: [zoomed, shown()], ratio: [devicePixelRatio, plot.box.left, plot.box.width],
        times: spans.map(([first, last, most]) => iotctl.timeTicks(offsets, first, last, most)),
        numbers: numbers.map(([low, high, most]) => iotctl.numberTicks(low, high, most)),
        traced: plot.trace(time, value).map((part) => part.map((x, at) => at % 2 ? 1000 - 1000 * (x - plot.box.top)
          / plot.box.height : x)),
      }});
    """
    page.write_text(page.read_text() + _AS_SOON_AS_DRAWN % script)
    (text,) = re.findall(r"<pre>(.*)</pre>", opened(page, folder / "profile"), re.DOTALL)
    found: dict[str, list[Any]] = json.loads(html.unescape(text))
    return found


def test_ticks_of_times_are_round_by_the_clock_of_the_zone(answers: dict[str, list[Any]]) -> None:
    forms = ["%H:%M", "%H:%M", "%b", "%Y", ":%S.%f", "%-d %b"]
    for (first, last, most), form, ticks in zip(SPANS, forms, answers["times"], strict=True):
        assert most / 3 < len(ticks) <= most + 3
        moments = [moment for moment, _, _ in ticks]
        assert moments == sorted(set(moments))
        assert first <= moments[0] < moments[-1] <= last
        local = [datetime.fromtimestamp(moment, UTC).astimezone(BERLIN) for moment in moments]
        for at, (_, text, _) in zip(local, ticks, strict=True):
            said = at.strftime(form)
            assert text == (said[:-3] if "%f" in form else said)
        # The day and the year stand where they change, and at the first.
        if form != "%Y":
            years = [at for number, at in enumerate(local) if not number or at.year != local[number - 1].year]
            assert [at for at, (_, _, below) in zip(local, ticks, strict=True) if str(at.year) in below] == years
        if form == "%H:%M":
            days = [at for number, at in enumerate(local) if not number or at.date() != local[number - 1].date()]
            assert [f"{at.day} {at:%b}" for at in days] == [below[:6] for _, _, below in ticks if below]
    assert [text for _, text, _ in answers["times"][0]].count("02:00") == 2, "this hour comes twice"


def test_ticks_of_numbers_are_round_and_told_apart(answers: dict[str, list[Any]]) -> None:
    for (low, high, most), ticks in zip(NUMBERS, answers["numbers"], strict=True):
        numbers = np.array([number for number, _ in ticks])
        assert 2 <= len(numbers) <= most + 1
        assert low <= numbers[0] < numbers[-1] <= high
        steps = np.diff(numbers)
        np.testing.assert_allclose(steps, steps[0], rtol=1e-6)
        assert f"{steps[0]:.1e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}
        np.testing.assert_allclose([float(text) for _, text in ticks], numbers, rtol=1e-12, atol=1e-300)


def test_a_line_of_many_readings_keeps_the_lowest_and_the_highest_of_each_column(answers: dict[str, list[Any]]) -> None:
    ratio, left, width = answers["ratio"]
    value = values()
    columns = np.floor(np.arange(ROWS) / (ROWS - 1) * width * ratio)
    wanted: dict[float, tuple[float, float]] = {}
    for column, reading in zip(columns.tolist(), value.tolist(), strict=True):
        low, high = wanted.get(column, (np.inf, -np.inf))
        wanted[column] = (min(low, reading), max(high, reading)) if reading == reading else (low, high)
    found: dict[float, tuple[float, float]] = {}
    assert len(answers["traced"]) == 2, "a gap breaks it"
    for part in answers["traced"]:
        for x, y in zip(part[::2], part[1::2], strict=True):
            low, high = found.get(column := round((x - left) * ratio - 0.5), (np.inf, -np.inf))
            found[column] = (min(low, y), max(high, y))
    kept = {column: ends for column, ends in wanted.items() if ends[0] <= ends[1]}
    assert set(found) == set(kept)
    np.testing.assert_allclose([found[column] for column in kept], list(kept.values()), rtol=1e-9)
    assert max(high for _, high in found.values()) == pytest.approx(500)


def test_a_drag_zooms_and_a_double_click_shows_all(answers: dict[str, list[Any]]) -> None:
    span = STEP * (ROWS - 1)
    for shown, (first, last) in zip(answers["shown"], [(0.25, 0.5), (0, 1)], strict=True):
        ends = [datetime.fromisoformat(f"{part}+00:00").timestamp() for part in shown.split(" to ")]
        np.testing.assert_allclose(ends, [START + first * span, START + last * span], atol=90)


def test_times_below_a_plot_are_not_cut_at_its_edges(answers: dict[str, list[Any]]) -> None:
    assert len(answers["beyond"]) > 200
    assert max(answers["beyond"]) < 0.01


def test_all_scripts_and_styles_are_our_own() -> None:
    package = Path(iotctl.__file__).parent
    assert {path.suffix for path in (package / "charts" / "web").iterdir()} == {".js", ".css"}
    others = [path for path in package.rglob("*") if path.suffix not in (".py", ".pyc")]
    assert not [path for path in others if re.search("licen[sc]e|notice", path.name, re.IGNORECASE)]
    for path in [*package.rglob("*.js"), *package.rglob("*.css")]:
        text = path.read_text()
        assert not re.search(r"copyright|licen[sc]e|\(c\) *\d|@version|sourceMappingURL|https?://", text, re.IGNORECASE)
        assert max(map(len, text.splitlines())) <= 132, f"{path} is not written by hand"
        if path.suffix == ".js":
            assert re.match(r"(// .*\n)+'use strict';\n", text), f"{path} does not say what it is for"

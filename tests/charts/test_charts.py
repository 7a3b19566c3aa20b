"""Charts in each format; the page is opened in a browser where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from iotctl.analysis import detect
from iotctl.charts import draw_detection, draw_readings
from iotctl.errors import UsageError
from iotctl.model import Detection

START, MINUTE = 1_420_070_400_000_000, 60_000_000
TITLE = "sensor </script><script>document.title='bad'</script> & \"co\""


@pytest.fixture(scope="module")
def detection() -> Detection:
    value = np.random.default_rng(1).normal(20, 1, 30_000)
    value[12_345] += 40
    value[20_000:20_200] -= 12
    return detect(START + 10 * MINUTE * np.arange(30_000), value)


def test_png_and_svg_are_pictures(detection: Detection, tmp_path: Path) -> None:
    draw_detection(detection, tmp_path / "a.png", title=TITLE)
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    draw_detection(detection, tmp_path / "a.svg", title=TITLE)
    svg = (tmp_path / "a.svg").read_text()
    assert "<script>" not in svg
    assert "spike" in svg
    assert "shift" in svg
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_an_empty_series_and_an_unknown_suffix_are_defined(tmp_path: Path) -> None:
    draw_readings(np.empty(0, dtype=np.int64), np.empty(0), tmp_path / "a.svg", title="nothing")
    assert (tmp_path / "a.svg").exists()
    with pytest.raises(UsageError, match="gif"):
        draw_readings(np.empty(0, dtype=np.int64), np.empty(0), tmp_path / "a.gif", title="nothing")


def test_the_page_draws_by_itself_and_runs_nothing_from_a_title(detection: Detection, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    draw_detection(detection, page, title=TITLE)
    text = page.read_text()
    assert "<script>document" not in text
    assert 'src="http' not in text
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium to open the page with")
    ended = subprocess.run(
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"),
            *("--dump-dom", "--virtual-time-budget=10000", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "<canvas" in ended.stdout
    assert "<title>iotctl</title>" in ended.stdout
    assert "CONSOLE" not in ended.stderr

"""The page of quality in a browser: its order, bars by month, and names that are only texts."""

from __future__ import annotations

import re
from pathlib import Path

from iotctl.charts import QualityCard, draw_quality
from tests.charts.browser import opened

BAD = "<script>document.title='bad'</script>"


def test_the_lowest_score_comes_first_with_its_months_and_words(tmp_path: Path) -> None:
    cards = [
        QualityCard("good", "", 100.0, (("2015-01", 100.0), ("2015-02", 100.0)), ()),
        QualityCard(BAD, f"asset {BAD}", 12.5, (("2015-01", 0.0), ("2015-02", 25.0)), ("88 % missing", BAD)),
        QualityCard("empty", "", 50.0, (), ("no readings",)),
    ]
    draw_quality(cards, tmp_path / "q.html", sensors=5, notes=["<i>note</i>"])
    dom = opened(tmp_path / "q.html", tmp_path / "profile")
    assert re.findall(r">([\d.]+)</b>", dom) == ["12.5", "50.0", "100.0"]
    # Bars are as high as scores, of 26 pixels; none is invisible.
    assert re.findall(r'<rect [^>]*height="([\d.]+)"', dom) == ["1.0", "6.5", "26.0", "26.0"]
    assert "<title>Quality</title>" in dom
    assert "nothing is wrong" in dom
    assert "2 more sensors not shown" in dom
    assert "&lt;i&gt;note" in dom
    assert "<script>document.title" not in dom

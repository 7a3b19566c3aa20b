"""The page of the quality of many sensors: a line for each, the lowest score first, with its course by month."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iotctl.charts.files import write_whole
from iotctl.words import counted

# The newest months are shown.
_MOST_MONTHS = 36
_BAR, _BAR_GAP, _HEIGHT = 7, 2, 26

# From which score on a bar has which colour (Okabe and Ito): good, so so, bad.
_COLOURS = ((95.0, "#009E73"), (80.0, "#E69F00"), (0.0, "#D55E00"))

_STYLE = """
body { font: 14px/1.4 sans-serif; color: #222; margin: 1.5rem; }
h1 { font-size: 1.3rem; margin: 0; }
p { color: #666; margin: 0.3rem 0 0.6rem; }
input { font: inherit; padding: 0.2rem 0.5rem; margin: 0 0 0.8rem; width: 16rem; max-width: 90%; }
ol { list-style: none; margin: 0; padding: 0; }
li { display: grid; grid-template-columns: 4rem minmax(8rem, 16rem) min(var(--months), 30%) minmax(10rem, 1fr);
  gap: 0.2rem 1rem; align-items: center; border-top: 1px solid #ddd; padding: 0.35rem 0;
  content-visibility: auto; contain-intrinsic-size: auto 36px; }
li[hidden] { display: none; }
li b { font-size: 1.05rem; text-align: right; }
li > span { overflow-wrap: anywhere; }
li small { color: #666; display: block; }
li svg { display: block; max-width: 100%; height: 26px; }
@media (max-width: 700px) {
  li { grid-template-columns: 3.2rem minmax(0, 1fr); }
  li > svg, li > i, li > span.said { grid-column: 2; }
}
"""

_FILTER = """
document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const line of document.querySelectorAll('li')) line.hidden = !line.dataset.name.includes(wanted);
});
"""


@dataclass(frozen=True, slots=True)
class QualityCard:
    """A sensor on the page. about: its labels. score: 0 to 100. months: (2015-01, score) each, by time.

    said: what is wrong, in words.
    """

    name: str
    about: str
    score: float
    months: tuple[tuple[str, float], ...]
    said: tuple[str, ...]


def draw_quality(cards: Sequence[QualityCard], path: Path, *, sensors: int, notes: Sequence[str]) -> None:
    """Write the page. sensors: how many were looked at, should there be more than cards. notes: what else to say."""
    ordered = sorted(cards, key=lambda card: (card.score, card.name))
    mean = sum(card.score for card in cards) / max(len(cards), 1)
    said = [
        f"{counted(len(cards), 'sensor')}, the lowest score first; {mean:.1f} in the mean;"
        f" {sum(card.score >= _COLOURS[0][0] for card in cards):,} of {_COLOURS[0][0]:g} or more",
        *([f"{counted(sensors - len(cards), 'more sensor')} not shown"] if sensors > len(cards) else []),
        "Bars: the score of each month",
        *notes,
    ]
    months = min(max((len(card.months) for card in cards), default=0), _MOST_MONTHS)
    page = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>Quality</title><style>{_STYLE}</style></head>
<body>
<h1>Quality of readings</h1>
<p>{html.escape(". ".join(said))}</p>
<input id="filter" type="search" placeholder="part of a name or label" aria-label="part of a name or label">
<ol style="--months: {months * (_BAR + _BAR_GAP) + _BAR}px">
{"".join(_line(card) for card in ordered)}</ol>
<script>{_FILTER}</script>
</body>
</html>
"""
    write_whole(path, page.encode())


def _line(card: QualityCard) -> str:
    name, about = html.escape(card.name), html.escape(card.about)
    words = html.escape("; ".join(card.said)) or "nothing is wrong"
    return (
        f'<li data-name="{name.lower()} {about.lower()}"><b style="color:{_colour(card.score)}">{card.score:.1f}</b>'
        f"<span>{name}{f'<small>{about}</small>' if about else ''}</span>{_bars(card.months[-_MOST_MONTHS:])}"
        f'<span class="said">{words}</span></li>\n'
    )


def _bars(months: Sequence[tuple[str, float]]) -> str:
    if not months:
        return "<i></i>"
    wide = len(months) * (_BAR + _BAR_GAP)
    bars = "".join(
        f'<rect x="{number * (_BAR + _BAR_GAP)}" y="{_HEIGHT - max(1.0, _HEIGHT * score / 100):.1f}" width="{_BAR}"'
        f' height="{max(1.0, _HEIGHT * score / 100):.1f}" fill="{_colour(score)}">'
        f"<title>{html.escape(month)}: {score:.1f}</title></rect>"
        for number, (month, score) in enumerate(months)
    )
    return (
        f'<svg viewBox="0 0 {wide} {_HEIGHT}" width="{wide}" role="img" aria-label="score by month"'
        f' preserveAspectRatio="xMinYMid meet">{bars}</svg>'
    )


def _colour(score: float) -> str:
    return next(colour for least, colour in _COLOURS if score >= least)

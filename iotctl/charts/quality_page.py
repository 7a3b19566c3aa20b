"""The page of the quality of many sensors: a line for each, the lowest score first, with its course by month."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from iotctl.charts.assets import page, scripts, styles
from iotctl.charts.files import write_whole
from iotctl.words import counted

# The newest months are shown.
_MOST_MONTHS = 36
_BAR, _BAR_GAP, _HEIGHT = 7, 2, 26

# The lowest score of each colour of a bar (Okabe and Ito): good, medium, bad.
_COLOURS = ((95.0, "#009E73"), (80.0, "#E69F00"), (0.0, "#D55E00"))


@dataclass(frozen=True, slots=True)
class QualityCard:
    """A sensor on the page. about: its labels. score: 0 to 100. months: such as ("2015-01", 98.7), by time.

    said: what is wrong, in words.
    """

    name: str
    about: str
    score: float
    months: tuple[tuple[str, float], ...]
    said: tuple[str, ...]


def draw_quality(cards: Sequence[QualityCard], path: Path, *, sensors: int, notes: Sequence[str]) -> None:
    """Write the page. sensors: how many were measured, if there are more than cards. notes: more text for the top."""
    ordered = sorted(cards, key=lambda card: (card.score, card.name))
    mean = sum(card.score for card in cards) / max(len(cards), 1)
    said = [
        f"{counted(len(cards), 'sensor')}, the lowest score first; mean {mean:.1f};"
        f" {sum(card.score >= _COLOURS[0][0] for card in cards):,} of {_COLOURS[0][0]:g} or more",
        *([f"{counted(sensors - len(cards), 'more sensor')} not shown"] if sensors > len(cards) else []),
        "Bars: the score of each month",
        *notes,
    ]
    months = min(max((len(card.months) for card in cards), default=0), _MOST_MONTHS)
    body = (
        f"<h1>Quality of readings</h1>\n<p>{html.escape('. '.join(said))}</p>\n{_FILTER}"
        f'<ol style="--months: {months * (_BAR + _BAR_GAP) + _BAR}px">\n'
        f"{''.join(_line(card) for card in ordered)}</ol>\n"
        f"{scripts('quality.js')}"
    )
    write_whole(path, page("Quality", styles("page.css", "quality.css"), body).encode())


_FILTER = (
    '<input id="filter" type="search" placeholder="part of a name or label" aria-label="part of a name or label">\n'
)


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

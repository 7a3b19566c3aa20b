"""A small picture of a sensor as SVG: its readings as a line, events as coloured stretches and marks."""

from __future__ import annotations

import html
from collections.abc import Callable

import numpy as np

from iotctl.charts.kinds import COLOURS, path_of
from iotctl.charts.thinning import shown_rows
from iotctl.charts.words import shown_end
from iotctl.model import SensorCard

_READINGS_COLOUR = "#8C96A8"
_WIDTH, _HEIGHT, _EDGE = 320, 72, 7
_POINTS = 240


def sparkline(card: SensorCard) -> str:
    """The picture; empty for a sensor without readings."""
    course = card.course
    finite = course.value[np.isfinite(course.value)]
    if not len(finite):
        return ""
    low, high = float(finite.min()), float(finite.max())
    first, last = int(course.time[0]), int(course.time[-1])
    ends = [shown_end(event, first, last) for event in card.events]
    last = max([last, *ends])

    def x(moment: float) -> float:
        return _EDGE + (_WIDTH - 2 * _EDGE) * (moment - first) / max(last - first, 1)

    def y(value: float) -> float:
        # Halved first: the difference of two large numbers may be infinite.
        part = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
        return _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * part

    shades = "".join(
        f'<rect x="{x(event.start):.1f}" y="0" width="{max(x(end) - x(event.start), 1):.1f}" height="{_HEIGHT}"'
        f' fill="{COLOURS[event.kind]}" opacity=".25"/>'
        for event, end in zip(card.events, ends, strict=True)
    )
    marks = "".join(
        f'<path transform="translate({x(moment):.1f} {y(value):.1f})" d="{path_of(event.kind, 4.2)}" class="mark"'
        f' fill="{COLOURS[event.kind]}"><title>{html.escape(f"{event.kind}: {event.explanation}")}</title></path>'
        for event, (moment, value) in zip(card.events, card.extremes, strict=False)
    )
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="readings">{shades}'
        f'<path class="line" d="{_path(card, x, y)}" stroke="{_READINGS_COLOUR}"/>{marks}</svg>'
    )


def _path(card: SensorCard, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    course = card.course
    # Rows of NaN stay, because they break the line.
    rows = shown_rows(course.value, _POINTS, np.flatnonzero(np.isnan(course.value)).tolist())
    steps, pen_up = [], True
    for moment, value in zip(course.time[rows].tolist(), course.value[rows].tolist(), strict=True):
        if value != value:
            pen_up = True
            continue
        steps.append(f"{'M' if pen_up else 'L'}{x(moment):.1f} {y(value):.1f}")
        pen_up = False
    return "".join(steps)

"""Pictures of made-up sensors: a year with its events and faults, and a close-up of the worst one; small SVG.

python -m tests.bench.pictures FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from iotctl.analysis import detect
from iotctl.model import Detection, Kind
from tests.bench.detect import SLACK_ROWS
from tests.bench.plant_kinds import PLANT_KINDS, make_plant
from tests.bench.sensor_kinds import KindSensor, make_kind
from tests.bench.synthetic import Anomaly

Floats = NDArray[np.float64]
# Rows [start, end), kind and sentence of an event.
Span = tuple[int, int, Kind, str]

# Name, seed and whether with faults: the worst of seeds 0 to 3 by false alarms, and by what is missed.
WORST = (
    *(("river", 1, False), ("soil", 2, False), ("latency", 3, False), ("server", 2, False), ("dust", 3, False)),
    *(
        ("radio", 3, False),
        ("lognormal", 0, False),
        ("furnace", 0, True),
        ("sunlight", 1, True),
        ("wind speed", 1, True),
    ),
)
WIDTH, HEIGHT, MARGIN = 720, 150, 8
_NEAR = 4.0  # so many times as wide as the event
_FEWEST_NEAR = 200


def draw(sensor: KindSensor, title: str) -> str:
    """An SVG of a sensor: readings grey, model blue, events orange, faults green where found and red where missed."""
    found = detect(sensor.time, sensor.value)
    spans: list[Span] = [
        (int(np.searchsorted(found.time, e.start)), int(np.searchsorted(found.time, e.end)) + 1, e.kind, e.explanation)
        for e in found.events
        if e.kind is not Kind.GAP
    ]
    missed = [a for a in sensor.anomalies if not any(_touches(a, start, end) for start, end, *_ in spans)]
    false = [s for s in spans if not any(_touches(a, s[0], s[1]) for a in sensor.anomalies)]
    said = f"{title}: {found.sensor_words}. {len(false)} false, {len(missed)} of {len(sensor.anomalies)} faults missed"
    parts = [_text(said, 12)]
    parts.append(_panel(found, sensor, spans, (0, len(found.value)), 20))
    near = [(a.start, a.end, f"missed: {a.kind}") for a in missed] + [(s, e, text) for s, e, _, text in false]
    if near:
        start, end, text = max(near, key=lambda one: min(one[1] - one[0], 2000))
        reach = max(int(_NEAR * (end - start)), _FEWEST_NEAR)
        rows = (max(start - reach, 0), min(end + reach, len(found.value)))
        parts += [_text(text, 2 * 20 + HEIGHT), _panel(found, sensor, spans, rows, 30 + 20 + HEIGHT)]
    height = 2 * HEIGHT + 60
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        f' font-size="10"><rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def _touches(a: Anomaly, start: int, end: int) -> bool:
    return start < a.end + SLACK_ROWS and a.start - SLACK_ROWS < end


def _text(text: str, top: int) -> str:
    shown = text.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{MARGIN}" y="{top}">{shown[:150]}</text>'


def _panel(found: Detection, sensor: KindSensor, spans: list[Span], rows: tuple[int, int], top: int) -> str:
    first, last = rows
    value, expected = found.value[first:last], found.expected[first:last]
    low, high = float(value.min()), float(value.max())
    span = high - low or 1.0

    def at_x(row: int) -> float:
        return (row - first) / (last - first) * WIDTH

    def at_y(v: Floats) -> Floats:
        y: Floats = top + HEIGHT - np.clip((v - low) / span, -0.02, 1.02) * HEIGHT
        return y

    shapes = []
    for a in sensor.anomalies:
        colour = "#2a2" if any(_touches(a, start, end) for start, end, *_ in spans) else "#d22"
        shapes.append(_shade(at_x(a.start), at_x(a.end), colour, top, rows=(0, WIDTH)))
    for start, end, *_ in spans:
        shapes.append(_shade(at_x(start), at_x(end), "#f90", top, rows=(0, WIDTH)))
    columns = min(WIDTH // 2, len(value))
    edges = np.linspace(0, len(value), columns + 1).astype(int)[:-1]
    lows, highs = at_y(np.minimum.reduceat(value, edges)), at_y(np.maximum.reduceat(value, edges))
    x = (np.arange(columns) + 0.5) * WIDTH / columns
    course = " ".join(f"{a:.0f},{b:.0f} {a:.0f},{c:.0f}" for a, b, c in zip(x, lows, highs, strict=True))
    model = " ".join(f"{a:.0f},{b:.0f}" for a, b in zip(x, at_y(expected[edges]), strict=True))
    return (
        f'{"".join(shapes)}<polyline points="{course}" fill="none" stroke="#555" stroke-width=".8"/>'
        f'<polyline points="{model}" fill="none" stroke="#06c" stroke-width=".8"/>'
        f'<text x="{MARGIN}" y="{top + 10}" fill="#555">{high:.4g}</text>'
        f'<text x="{MARGIN}" y="{top + HEIGHT - 2}" fill="#555">{low:.4g}</text>'
    )


def _shade(left: float, right: float, colour: str, top: int, rows: tuple[int, int]) -> str:
    left, right = max(left, rows[0]), min(right, rows[1])
    if right < left:
        return ""
    width = max(right - left, 1.5)
    return f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" fill="{colour}" opacity=".3"/>'


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed, faults in WORST:
        make = make_plant if name in PLANT_KINDS else make_kind
        path = folder / f"{name.replace(' ', '_')}.svg"
        path.write_text(draw(make(name, seed, faults=faults), f"{name}, seed {seed}"))
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main()

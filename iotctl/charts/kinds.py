"""How each kind of event looks: a colour and a shape, the same in pictures, on pages and in lists."""

from __future__ import annotations

from math import cos, pi, sin

from iotctl.model import Kind

Points = tuple[tuple[float, float], ...]

# Okabe and Ito's colours, which colour-blind people can tell apart ("Color Universal Design", 2008).
COLOURS = {
    Kind.SPIKE: "#D55E00",
    Kind.BURST: "#E69F00",
    Kind.SHIFT: "#0072B2",
    Kind.DRIFT: "#CC79A7",
    Kind.VARIANCE: "#009E73",
    Kind.STUCK: "#56B4E9",
    Kind.GAP: "#999999",
    Kind.SILENT: "#555555",
    Kind.LIMIT: "#000000",
    Kind.STEP: "#332288",
    Kind.SLOPE: "#882255",
    Kind.NOISE: "#117733",
    Kind.INVALID: "#F0E442",
}


def _around(corners: int, turned: float = 0.0, inner: float = 1.0) -> Points:
    """A regular polygon, or a star where inner is below 1. turned: degrees from the top."""
    angles = [pi * (2 * corner / corners + turned / 180 - 0.5) for corner in range(corners)]
    outer = [(round(cos(angle), 3), round(sin(angle), 3)) for angle in angles]
    if inner == 1.0:
        return tuple(outer)
    between = [(round(inner * cos(a + pi / corners), 3), round(inner * sin(a + pi / corners), 3)) for a in angles]
    return tuple(point for pair in zip(outer, between, strict=True) for point in pair)


# Corners of each shape, y downwards, within a circle with a radius of about 1.
SHAPES: dict[Kind, Points] = {
    Kind.SPIKE: _around(3),
    Kind.BURST: _around(5, inner=0.45),
    Kind.SHIFT: _around(4, 45),
    Kind.DRIFT: _around(3, 90),
    Kind.VARIANCE: ((-0.9, -0.8), (0.9, 0.8), (0.9, -0.8), (-0.9, 0.8)),
    Kind.STUCK: ((-1.1, -0.4), (1.1, -0.4), (1.1, 0.4), (-1.1, 0.4)),
    Kind.GAP: (
        (-1, -0.9),
        (-0.3, -0.9),
        (-0.3, 0.9),
        (-1, 0.9),
        (-1, -0.9),
        (0.3, -0.9),
        (1, -0.9),
        (1, 0.9),
        (0.3, 0.9),
        (0.3, -0.9),
    ),
    Kind.SILENT: ((-0.4, -1.1), (0.4, -1.1), (0.4, 1.1), (-0.4, 1.1)),
    Kind.LIMIT: _around(3, 180),
    Kind.STEP: ((-1, 0.9), (-1, 0.2), (-0.1, 0.2), (-0.1, -0.9), (1, -0.9), (1, -0.2), (0.6, -0.2), (0.6, 0.9)),
    Kind.SLOPE: ((-1, 0.9), (1, -0.9), (1, 0.9)),
    Kind.NOISE: _around(6),
    Kind.INVALID: _around(4, 45, inner=0.35),
}


def path_of(kind: Kind, size: float = 1.0) -> str:
    """The shape of a kind as the path of an SVG around 0,0."""
    corners = " L".join(f"{size * x:.3g},{size * y:.3g}" for x, y in SHAPES[kind])
    return f"M{corners}Z"


def symbol(kind: Kind) -> str:
    """The coloured shape of a kind as HTML, as high as a letter."""
    return (
        f'<svg class="kind" viewBox="-1.3 -1.3 2.6 2.6" aria-hidden="true"><path d="{path_of(kind)}"'
        f' fill="{COLOURS[kind]}" stroke="#0006" stroke-width=".12"/></svg>'
    )


def looks() -> dict[str, dict[str, object]]:
    """Colour and shape of each kind, for scripts of pages."""
    return {kind.value: {"colour": COLOURS[kind], "shape": SHAPES[kind]} for kind in Kind}

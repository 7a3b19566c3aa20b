"""Charts as HTML pages, with the drawing library inside, or beside them where many pages share it."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import vl_convert

from iotctl.charts.detection import detection_chart
from iotctl.charts.files import specification, write_whole
from iotctl.model import Detection

LIBRARY = "vega.js"

# Points of a chart that is one of many.
_LINKED_POINTS = 3000

_DRAW = (
    "window.draw = (spec) => vegaEmbed('#chart', spec, {actions: false, renderer: 'canvas'})"
    ".catch((error) => console.error(error.message));"
)


def write_page(spec: dict[str, Any], path: Path, title: str) -> None:
    """A page that draws the chart by itself, with the library in it."""
    write_whole(path, _page(spec, title, f"<script>{vl_convert.javascript_bundle(_DRAW)}</script>").encode())


def write_library(folder: Path) -> None:
    """The library for draw_linked_page, once for a folder."""
    write_whole(folder / LIBRARY, vl_convert.javascript_bundle(_DRAW).encode())


def draw_linked_page(
    detection: Detection, path: Path, *, title: str, timezone: str, threshold: float, back: str
) -> None:
    """A sensor's chart as a page that finds the library beside it, and leads back to another page.

    back: a relative link.
    """
    chart = detection_chart(detection, title=title, timezone=timezone, threshold=threshold, points=_LINKED_POINTS)
    link = f'<p><a href="{html.escape(back)}">all sensors</a></p>'
    page = _page(specification(chart), title, f'<script src="{LIBRARY}"></script>', link)
    write_whole(path, page.encode())


def _page(spec: dict[str, Any], title: str, library: str, above: str = "") -> str:
    # Nothing in the data may end the script element: JSON may write < by its number.
    text = json.dumps(spec).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><link rel="icon" href="data:,"><title>{html.escape(title)}</title></head>
<body style="font-family: sans-serif; margin: 1.5em">
{above}<div id="chart"></div>
{library}
<script>draw({text});</script>
</body>
</html>
"""

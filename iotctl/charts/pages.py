"""Charts as HTML pages, with the drawing library inside, or beside them where many pages share it."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import vl_convert

from iotctl.charts.files import write_whole

LIBRARY = "vega.js"

_DRAW = (
    "window.draw = (spec) => vegaEmbed('#chart', spec, {actions: false, renderer: 'canvas'})"
    ".catch((error) => console.error(error.message));"
)


def write_page(spec: dict[str, Any], path: Path, title: str) -> None:
    """A page that draws the chart by itself, with the library in it."""
    write_whole(path, _page(spec, title, f"<script>{vl_convert.javascript_bundle(_DRAW)}</script>").encode())


def write_library(folder: Path) -> None:
    """The library for write_linked_page, once for a folder."""
    write_whole(folder / LIBRARY, vl_convert.javascript_bundle(_DRAW).encode())


def write_linked_page(spec: dict[str, Any], path: Path, title: str, back: str) -> None:
    """A page that finds the library beside it, and leads back to another page; back: a relative link."""
    link = f'<p><a href="{html.escape(back)}">all sensors</a></p>'
    write_whole(path, _page(spec, title, f'<script src="{LIBRARY}"></script>', link).encode())


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

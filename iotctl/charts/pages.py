"""Charts as HTML pages, with the drawing library inside, or beside them where many pages share it."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import vl_convert

from iotctl.charts.files import write_whole
from iotctl.charts.verdicts import BAR, SCRIPT, STYLE

LIBRARY = "vega.js"

# A chart is as wide as it is: on a narrow screen it is moved, and not the page.
_STYLE = "body { font-family: sans-serif; margin: 1.5em; } #chart { overflow-x: auto; }"

# A click on an event leads to its line below the chart, where there is one.
_DRAW = (
    "window.draw = (spec) => vegaEmbed('#chart', spec, {actions: false, renderer: 'canvas'})"
    ".then(({view}) => view.addEventListener('click', (_, item) =>"
    " item && item.datum && item.datum.event_id && window.chosenEvent && window.chosenEvent(item.datum.event_id)))"
    ".catch((error) => console.error(error.message));"
)


def write_page(spec: dict[str, Any], path: Path, title: str, events: str = "") -> None:
    """A page that draws the chart by itself, with the library in it; events: a list of them as HTML, for verdicts."""
    library = f"<script>{vl_convert.javascript_bundle(_DRAW)}</script>"
    write_whole(path, _page(spec, title, library, events=events).encode())


def write_library(folder: Path) -> None:
    """The library for write_linked_page, once for a folder."""
    write_whole(folder / LIBRARY, vl_convert.javascript_bundle(_DRAW).encode())


def write_linked_page(spec: dict[str, Any], path: Path, title: str, back: str, events: str = "") -> None:
    """A page that finds the library beside it, and leads back to another page; back: a relative link.

    events: see write_page; verdicts are shared with the other page.
    """
    write_whole(path, _page(spec, title, f'<script src="{LIBRARY}"></script>', back, events).encode())


def _page(spec: dict[str, Any], title: str, library: str, back: str = "", events: str = "") -> str:
    above = f'<p><a href="{html.escape(back)}">all sensors</a></p>' if back else ""
    verdicts = f"{events}{BAR}<script>{SCRIPT}</script>\n" if events else ""
    # Nothing in the data may end the script element: JSON may write < by its number.
    text = json.dumps(spec).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<title>{html.escape(title)}</title><style>{_STYLE}{STYLE if events else ""}</style></head>
<body data-report="{html.escape(back)}">
{above}<div id="chart"></div>
{library}
<script>draw({text});</script>
{verdicts}</body>
</html>
"""

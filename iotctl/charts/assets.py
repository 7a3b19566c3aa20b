"""Styles and scripts of pages, as files in the folder web; and the common parts of all pages."""

from __future__ import annotations

import html
import json
from functools import cache
from importlib import resources

# The scripts of charts, in this order.
CHART_SCRIPTS = ("chart_data.js", "ticks.js", "plot.js", "chart_panels.js", "chart_links.js", "chart.js")


@cache
def asset(name: str) -> str:
    """The text of a file in the folder web."""
    return resources.files("iotctl.charts").joinpath("web", name).read_text(encoding="utf-8")


def styles(*names: str) -> str:
    """Files of styles, as an element of a page's head."""
    return f"<style>{''.join(asset(name) for name in names)}</style>"


def scripts(*names: str) -> str:
    """Files of scripts, as elements of a page. None of them may end its element."""
    return "".join(f"<script>{asset(name)}</script>\n" for name in names)


def embedded(element_id: str, data: object) -> str:
    """Data for scripts, as an element of a page. JSON writes < by its number, so that no text can end the element."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return f'<script type="application/json" id="{element_id}">{text}</script>\n'


def page(title: str, head: str, body: str) -> str:
    """A whole page that needs no network. title: text; head, body: HTML."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><title>{html.escape(title)}</title>{head}</head>
<body>
{body}</body>
</html>
"""

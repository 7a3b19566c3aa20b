"""Charts and pages as files: each appears under its name at once, or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from iotctl.errors import IotctlError, UsageError

SUFFIXES = (".png", ".svg", ".html")

_LINE, _TOO_FINE = re.compile(r' d="[^"]*"'), re.compile(r"(\.[0-9])[0-9]+")

_TEXT_COLOUR = "#333333"
_STYLE = {
    "view": {"stroke": None},
    "axis": {
        "gridOpacity": 0.35,
        "labelColor": _TEXT_COLOUR,
        "titleColor": _TEXT_COLOUR,
        "titleFontWeight": "normal",
    },
    "legend": {"titleColor": _TEXT_COLOUR, "labelColor": _TEXT_COLOUR},
}


def check_suffix(path: Path) -> None:
    """Raises UsageError where a chart cannot be written under this name."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"A chart cannot be written as {path.name}.", hint=f"Use one of: {', '.join(SUFFIXES)}")


def specification(chart: Any) -> dict[str, Any]:
    """The chart as Vega-Lite, in the house style."""
    # Without a check against the schema, which takes ten times as long; tests draw every part. The style comes last and
    # as it is: each call that configures a chart copies all of it.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["config"] = _STYLE
    return spec


def write_picture(spec: dict[str, Any], path: Path) -> None:
    """Draw a chart as PNG of double resolution or as SVG."""
    if path.suffix.lower() == ".png":
        write_whole(path, vl_convert.vegalite_to_png(spec, vl_version=_version(), scale=2))
    else:
        write_whole(path, svg(spec).encode())


def svg(spec: dict[str, Any]) -> str:
    """The chart as SVG, its lines to a tenth of a pixel: Vega writes a thousandth, which takes half as much again."""
    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=_version())
    return _LINE.sub(lambda line: _TOO_FINE.sub(r"\1", line[0]), drawn)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody sees half of it. Raises IotctlError."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        raise IotctlError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _version() -> str:
    """Altair's Vega-Lite, major and minor: the converter has several."""
    return ".".join(alt.SCHEMA_VERSION.split(".")[:2])

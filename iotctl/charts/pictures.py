"""Pictures from charts of Vega-Lite, in one style."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from iotctl.charts.files import write_whole

_LINE, _TOO_FINE = re.compile(r' d="[^"]*"'), re.compile(r"(\.[0-9])[0-9]+")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"

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


def specification(chart: Any) -> dict[str, Any]:
    """The chart as Vega-Lite, in the style of all charts."""
    # Without a check against the schema, which takes ten times as long; tests draw every part. The style is set last,
    # because each call that configures a chart copies it.
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec["config"] = _STYLE
    return spec


def write_picture(spec: dict[str, Any], path: Path) -> None:
    """Draw a chart as PNG of double resolution or as SVG."""
    if path.suffix.lower() == ".png":
        write_whole(path, _smaller(vl_convert.vegalite_to_png(spec, vl_version=_version(), scale=2)))
    else:
        write_whole(path, svg(spec).encode())


def svg(spec: dict[str, Any]) -> str:
    """The chart as SVG, exact to a tenth of a pixel: Vega writes a thousandth, which makes it 1.5 times as large."""
    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=_version())
    return _LINE.sub(lambda line: _TOO_FINE.sub(r"\1", line[0]), drawn)


def _version() -> str:
    """Altair's Vega-Lite, major and minor: the converter has several."""
    return ".".join(alt.SCHEMA_VERSION.split(".")[:2])


def _smaller(png: bytes) -> bytes:
    """The same picture in less than half of the bytes: the converter compresses fast but badly."""
    parts, at, data = [png[: len(_SIGNATURE)], b""], len(_SIGNATURE), []
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        if kind == b"IDAT":
            data.append(png[at + 8 : at + 8 + length])
        else:
            parts.append(png[at : at + 12 + length])
        at += 12 + length
    body = b"IDAT" + zlib.compress(zlib.decompress(b"".join(data)), 9)
    parts.insert(-1, struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)))
    return b"".join(parts)

"""The result of iotctl inspect: text for people, or JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from iotctl.cli.output.readings import iso_times
from iotctl.cli.output.sentences import folded
from iotctl.cli.output.table import Cell, TableView, table_lines
from iotctl.cli.output.terminal import Screen, printable
from iotctl.cli.process.caller import command_line
from iotctl.formats.layouts.layout_text import layout_toml
from iotctl.formats.proposal.proposal import ColumnView, Doubt
from iotctl.model import RejectReason
from iotctl.services.inspect import Inspection, Preview, ShownReading
from iotctl.words import counted

_MOST_COLUMNS = 24

# The most letters of a cell; and of a line, if there is no terminal.
_CELL, _LINE = 40, 200
_BELOW = "    "

_COLUMNS = ["column", "what it is", "type", "unit", "missing", "what it has"]
_COLUMNS_VIEW = TableView(prose=_COLUMNS[-1], least_prose=20)

# Columns of a layout in a pipe.
_TOML = 120

_NO_LAYOUT = "no layout can be proposed"

# Smaller shares are shown as less than this.
_LEAST_SHARE = 0.001


def as_json(seen: Inspection, saved: Path | None) -> str:
    """An inspection as a JSON object."""
    proposal, preview = seen.proposal, seen.preview
    found: dict[str, object] = {
        "file": seen.file.uri,
        "seen": dict(proposal.seen),
        "standard": proposal.standard,
        "rows": proposal.rows,
        "complete": proposal.complete,
        "columns": [asdict(column) for column in proposal.columns],
        "left_out": proposal.left_out,
        "doubts": [asdict(doubt) for doubt in proposal.doubts],
        "notes": [asdict(note) for note in proposal.notes],
        "layout": None if proposal.layout is None else layout_toml(proposal.layout),
        "preview": None if preview is None else _preview(preview),
        "saved": None if saved is None else str(saved),
    }
    return json.dumps(found, ensure_ascii=False)


def as_text(seen: Inspection, uri: str, saved: Path | None, timezone: str, on: Screen | None) -> str:
    """An inspection as text. timezone: of the printed times. on: the terminal, if it goes to one."""
    columns = None if on is None else on.width
    lines = (printable(line) for line in _lines(seen, uri, saved, timezone, on))
    return "\n".join(one for line in lines for one in folded(line, columns))


def _lines(seen: Inspection, uri: str, saved: Path | None, timezone: str, on: Screen | None) -> Iterator[str]:
    proposal, preview = seen.proposal, seen.preview
    yield ", ".join(f"{name} {text}" for name, text in proposal.seen)
    rows = counted(proposal.rows, "row")
    yield rows if proposal.complete else f"{rows} read, from all parts of the file"
    yield ""
    yield from _columns(proposal.columns, on)
    if proposal.layout is not None and not proposal.standard:
        yield ""
        yield from layout_toml(proposal.layout, _TOML if on is None else on.width).splitlines()
    if proposal.standard:
        yield ""
        yield "the built-in layout: no --layout is needed"
    if proposal.doubts or proposal.notes:
        yield ""
        yield from (_doubt(doubt) for doubt in (*proposal.doubts, *proposal.notes))
    if preview is not None:
        yield ""
        yield from _readings(preview, timezone, _LINE if on is None else on.width - len(_BELOW))
    yield ""
    yield from _next(seen, uri, saved)


def _columns(columns: tuple[ColumnView, ...], on: Screen | None) -> Iterator[str]:
    """A table of the columns of the file."""
    rows: list[tuple[Cell, ...]] = [
        (
            column.name,
            column.role or "not used",
            column.type,
            column.unit or None,
            _share(column.missing),
            f"{_whole(column.low)} to {_whole(column.high)}"
            if column.low
            else ", ".join(_cut(text, _CELL) for text in column.examples),
        )
        for column in columns[:_MOST_COLUMNS]
    ]
    yield from table_lines(_COLUMNS, rows, _COLUMNS_VIEW, on)
    if len(columns) > _MOST_COLUMNS:
        yield f"and {len(columns) - _MOST_COLUMNS} more columns: --json shows all of them"


def _share(missing: float) -> str | None:
    if not missing:
        return None
    return f"{missing:.1%}" if missing >= _LEAST_SHARE else f"<{_LEAST_SHARE:.1%}"


def _whole(text: str) -> str:
    """A time without a fraction of zeros, which workbooks have."""
    return re.sub(r"(:\d\d)\.0+$", r"\1", text)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _doubt(doubt: Doubt) -> str:
    return f"{doubt.weight}: {doubt.text}" + (f" -> {doubt.option}" if doubt.option else "")


def _readings(preview: Preview, timezone: str, columns: int) -> Iterator[str]:
    """columns: the width for the text of a row that is not loaded."""
    part = "" if preview.complete else "of the beginning: "
    counts = [f"{counted(preview.readings, 'reading')} of {counted(len(preview.sensors), 'sensor')}"]
    counts += [
        f"{count:,} {word}"
        for count, word in (
            (preview.missing, "missing"),
            (preview.bad_quality, "of bad quality"),
            (preview.rejected, "rejected"),
        )
        if count
    ]
    yield f"as they would be loaded, {part}{', '.join(counts)}"
    shown = (*preview.first, *preview.oddest)
    for reading, time in zip(shown, _times([reading.time for reading in shown], timezone), strict=True):
        yield _reading(reading, time)
    for reject in preview.rejects:
        verb = "has bad quality" if reject.reason is RejectReason.QUALITY else f"is rejected ({reject.reason})"
        field = f", in {reject.field}" if reject.field else ""
        yield f"  line {reject.line} {verb}{field}:"
        yield _BELOW + _cut(printable(reject.text), columns)
    yield from (f"  {note}" for note in preview.notes)


def _times(moments: Sequence[int], timezone: str) -> list[str]:
    """Microseconds since 1970-01-01 UTC as ISO 8601 in a zone."""
    return iso_times(np.array(moments, dtype=np.int64), timezone) if moments else []


def _reading(reading: ShownReading, time: str) -> str:
    unit = f" {reading.unit}" if reading.unit else ""
    why = f"  ({reading.why})" if reading.why else ""
    return f"  {time}  {reading.sensor}  {reading.value!r}{unit}{why}"


def _next(seen: Inspection, uri: str, saved: Path | None) -> Iterator[str]:
    file = shlex.quote(uri)
    if seen.preview is None:
        choices = next((doubt.choices for doubt in seen.proposal.doubts if doubt.blocks and doubt.choices), ())
        # Only a person knows which one is true, so all are shown.
        yield "no layout yet; next, one of:" if len(choices) > 1 else "no layout yet; next:" if choices else _NO_LAYOUT
        yield from (f"  {command_line()} {choice}" for choice in choices)
    elif not seen.preview.readings:
        yield "this layout gives no reading, and is not saved"
    elif seen.proposal.standard:
        yield f"next: iotctl ingest {file}"
    elif saved is None:
        yield f"next: {command_line()} --save layout.toml"
    else:
        yield f"saved {saved}; next: iotctl ingest {file} --layout {shlex.quote(str(saved))}"


def _preview(preview: Preview) -> dict[str, object]:
    found = asdict(preview)
    for name in ("first", "oddest"):
        for reading in found[name]:
            (reading["time"],) = _times([reading["time"]], "UTC")
    for name in ("earliest", "latest"):
        found[name] = _times([found[name]], "UTC")[0] if preview.readings else None
    return found

"""iotctl detect --input: a file instead of the database, and its scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from iotctl.cli.log import say
from iotctl.cli.output import Cell, chosen_format, write_rows
from iotctl.cli.watch_detect import counted

if TYPE_CHECKING:
    from iotctl.services.detect_file import FileDetection

SCORE_COLUMNS = ["timestamp", "value", "expected", "score", "severity"]


def note_file(uri: str, found: FileDetection) -> None:
    """Say on stderr what was read and found."""
    detection = found.detection
    dropped = "".join(f", {count} {reason} left out" for reason, count in detection.dropped.items())
    say(
        f"{uri}: {len(detection.time):,} readings{dropped}; {counted(len(detection.regimes), 'regime')},"
        f" {counted(len(detection.events), 'event')}"
    )
    if found.unreadable:
        say(f"{uri}: {found.unreadable} rows without a readable time were left out")


def write_scores(found: FileDetection, path: Path, timezone: str) -> None:
    """A line per row of the file, in its order."""
    write_rows(SCORE_COLUMNS, _score_rows(found, timezone), chosen_format(None, path), path)


def _score_rows(found: FileDetection, timezone: str) -> Iterator[tuple[Cell, ...]]:
    from iotctl.cli.readings import iso_times

    detection = found.detection
    scored = zip(
        detection.row.tolist(),
        detection.expected.tolist(),
        detection.score.tolist(),
        detection.severity.tolist(),
        strict=True,
    )
    by_row = {row: rest for row, *rest in scored}
    rows = zip(iso_times(found.time, timezone), found.value.tolist(), strict=True)
    for number, (time, value) in enumerate(rows):
        expected, score, severity = by_row.get(number, (None, None, None))
        yield time, value, expected, score, severity

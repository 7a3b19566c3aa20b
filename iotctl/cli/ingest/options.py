"""The options of iotctl ingest that no other command has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated

import typer

from iotctl.errors import UsageError
from iotctl.formats import ReadOptions
from iotctl.model import OnDuplicate
from iotctl.moments import duration_seconds
from iotctl.services.ingest.load_task import LoadOptions, RejectLimit
from iotctl.settings import Settings

_SHORTEST_WATCH = 0.1


@dataclass(frozen=True, slots=True)
class LoadingOptions:
    """What to do with bad rows, duplicates, and an unfinished last line."""

    on_duplicate: Annotated[
        OnDuplicate,
        typer.Option(
            metavar="WAY",
            help="If a reading exists already: skip (keep the first), replace (take the newest file's), or fail.",
        ),
    ] = OnDuplicate.SKIP
    again: Annotated[
        bool,
        typer.Option("--again", help="Load files again, for example with another zone; their readings are replaced."),
    ] = False
    max_rejects: Annotated[
        str | None,
        typer.Option(metavar="N|P%", help="Stop a file with more bad rows than N, or than P% of its rows."),
    ] = None
    keep_rejects: Annotated[
        int, typer.Option(min=0, metavar="N", help="Keep line and text of N bad rows per file; count the others.")
    ] = 1000
    allow_nan: Annotated[bool, typer.Option("--allow-nan", help="Store NaN and infinity instead of rejecting.")] = False
    settle: Annotated[
        str,
        typer.Option(
            metavar="LENGTH",
            help="Load a last line without a line end after the file has not changed for this long; 0s: at once.",
        ),
    ] = "60s"

    def options(self, read: ReadOptions, settings: Settings) -> LoadOptions:
        """The options for loading. Raises UsageError."""
        chunks = settings.chunk_interval
        return LoadOptions(
            replace(
                read,
                allow_nan=self.allow_nan,
                settle_seconds=_settle_seconds(self.settle),
                keep_rejects=self.keep_rejects,
            ),
            self.on_duplicate,
            _reject_limit(self.max_rejects),
            timedelta(seconds=duration_seconds(chunks, "IOTCTL_CHUNK_INTERVAL")) if chunks else None,
            settings.columnstore_writer,
        )


def watch_seconds(text: str) -> float:
    """--watch in seconds: 60, 60s or 5m. Raises UsageError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = duration_seconds(text, "--watch")
    if not _SHORTEST_WATCH <= seconds < float("inf"):
        raise UsageError(
            f"--watch {text} is too short.", hint=f"Write a time such as 60s, and at least {_SHORTEST_WATCH}s."
        )
    return seconds


def _reject_limit(text: str | None) -> RejectLimit:
    """--max-rejects as a limit: 100 or 0.5%. Raises UsageError."""
    if text is None:
        return RejectLimit()
    try:
        limit = RejectLimit(part=float(text[:-1]) / 100) if text.endswith("%") else RejectLimit(rows=int(text))
    except ValueError:
        limit = RejectLimit(rows=-1)
    if not (limit.rows or 0) >= 0 or not 0 <= (limit.part or 0) <= 1:
        raise UsageError(f"--max-rejects {text} is not a limit.", hint="A number of rows, or a percentage: 100, 0.5%")
    return limit


def _settle_seconds(text: str) -> float:
    """--settle in seconds; 0 is allowed. Raises UsageError."""
    return 0.0 if text.strip().rstrip("smhdwy") == "0" else duration_seconds(text, "--settle")

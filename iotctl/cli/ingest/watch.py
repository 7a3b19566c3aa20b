"""ingest --watch: round after round, and what is told of each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import typer

from iotctl.cli.ingest.metrics import Measure
from iotctl.cli.ingest.summary import as_json, exit_code, report_round
from iotctl.repositories import RunEnding
from iotctl.services.progress import IngestListener
from iotctl.services.rounds import nothing, rounds, together
from iotctl.services.runs import RunRecord
from iotctl.services.tally import IngestSummary, Seen


def watch(
    load: Callable[[], IngestSummary],
    seconds: float,
    seen: Seen,
    record: RunRecord,
    measure: Measure,
    listener: IngestListener,
    stop: threading.Event,
    *,
    lines: bool,
) -> IngestSummary:
    """Load until stop is set; returns the summary over all rounds. lines: a JSON line to stdout per round.

    A round without anything new is not told of; a file that stays as it failed is told of once. Nor does such a round
    count as a success after one that failed: what failed is still not loaded.
    """
    total: IngestSummary | None = None
    told: set[tuple[str, str]] = set()
    succeeded = True
    for number, latest in enumerate(rounds(load, seconds, listener, stop), 1):
        total = together(total, latest, seen)
        if not latest.was_idle:
            succeeded = latest.ending is not RunEnding.FAILED
        measure(total, exit_code(total), succeeded)
        news = [failed for failed in latest.failed if (failed.uri, failed.error.message) not in told]
        told.update((failed.uri, failed.error.message) for failed in news)
        record.count(total)  # also shows that the run lives, where the database was started anew
        if news or latest.files or latest.balance.rows_read:
            if lines:
                typer.echo(as_json(latest, round_number=number))
            report_round(latest, number, news)
    return replace(total or nothing(), interrupted=True, error=None)

"""ingest --watch: load in rounds, and report each round."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import typer

from iotctl.cli.ingest.metrics import Measure
from iotctl.cli.ingest.summary import as_json, exit_code, report_round
from iotctl.repositories import RunEnding
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.rounds import nothing, rounds, together
from iotctl.services.ingest.runs import RunRecord
from iotctl.services.ingest.tally import IngestSummary, Seen


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
    """Load until stop is set; returns the summary over all rounds. lines: print a JSON line to stdout per round.

    A round with nothing new is not reported, and a failed file is reported once until it changes. After a failed
    round, a round with nothing new is no success: the failed files are still not loaded.
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
        record.count(total)  # also shows that the run is alive, after a restart of the database
        if news or latest.files or latest.balance.rows_read:
            if lines:
                typer.echo(as_json(latest, round_number=number))
            report_round(latest, number, news)
    return replace(total or nothing(), interrupted=True, error=None)

"""Watch: ingest again and again, in spite of short failures, until it is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from iotctl.errors import IotctlError, NothingThereError, UnreachableError
from iotctl.repositories import Balance
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.tally import IngestSummary, Seen

# The wait after a round that the database or store ended; it doubles after each further one, up to the longest.
_TROUBLE_SECONDS = 5.0
_LONGEST_SECONDS = 300.0


def rounds(
    load: Callable[[], IngestSummary], seconds: float, listener: IngestListener, stop: threading.Event
) -> Iterator[IngestSummary]:
    """The summary of each round. The next round begins so many seconds later; the last round ends when stop is set.

    load: one ingest. If no file is found, the round did nothing. If the store or database fails, this is noted, and the
    next round waits longer. Any other error of load is raised, after the summary that has it, if there is one.
    """
    troubles = 0
    while not stop.is_set():
        summary, trouble = _round(load)
        if summary is not None:
            yield summary
        if trouble is None:
            troubles = 0
            listener.waiting(seconds)
            stop.wait(seconds)
        elif not isinstance(trouble, UnreachableError):
            raise trouble
        elif not stop.is_set():
            wait = min(max(seconds, _TROUBLE_SECONDS * 2**troubles), _LONGEST_SECONDS)
            troubles += 1
            listener.noted(f"{trouble.message} The next round is in {wait:g} s.")
            stop.wait(wait)


def nothing() -> IngestSummary:
    """The summary before the first round."""
    return IngestSummary(0, 0, 0, (), Balance(), 0.0)


def together(before: IngestSummary | None, latest: IngestSummary, seen: Seen) -> IngestSummary:
    """A summary of the rounds before together with the latest one.

    unchanged: files that were loaded before the first round. failed: files that are still not loaded. seconds: of work,
    without the waits between rounds.
    """
    if before is None:
        return latest
    return replace(
        latest,
        files=before.files + latest.files,
        unchanged=before.unchanged,
        other=len(seen.left_out),
        failed=tuple(seen.failed.values()),
        balance=before.balance + latest.balance,
        seconds=before.seconds + latest.seconds,
        corrected=before.corrected + latest.corrected,
        removed=before.removed + latest.removed,
    )


def _round(load: Callable[[], IngestSummary]) -> tuple[IngestSummary | None, IotctlError | None]:
    try:
        summary = load()
    except NothingThereError:
        return nothing(), None
    except IotctlError as error:
        return None, error
    return summary, summary.error

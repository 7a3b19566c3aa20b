"""Watch: ingest again and again, through passing troubles, until told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

from iotctl.errors import IotctlError, NothingThereError, UnreachableError
from iotctl.repositories import Balance
from iotctl.services.ingest.progress import IngestListener
from iotctl.services.ingest.tally import IngestSummary, Seen

# After a round that database or store broke off; twice as long after each further one, up to the longest.
_TROUBLE_SECONDS = 5.0
_LONGEST_SECONDS = 300.0


def rounds(
    load: Callable[[], IngestSummary], seconds: float, listener: IngestListener, stop: threading.Event
) -> Iterator[IngestSummary]:
    """What each round did; the next one begins so many seconds after it, the last one ends when stop is set.

    load: one ingest. A round without a file is one that did nothing; one that store or database broke off is noted,
    and the next one waits longer. Raises any other error of load, after the summary that carries it, if there is one.
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
    """The summary of no rounds."""
    return IngestSummary(0, 0, 0, (), Balance(), 0.0)


def together(before: IngestSummary | None, latest: IngestSummary, seen: Seen) -> IngestSummary:
    """A summary over the rounds before and the latest one.

    unchanged: files that were loaded when the first round began. failed: files that are still not loaded. seconds:
    of work, without the waits between rounds.
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

"""Files that are refused for what they give: a new version without a reading, and one with too many bad rows."""

from __future__ import annotations

from collections.abc import Sequence

from iotctl.errors import FileError, RejectLimitError
from iotctl.model import FileBatch, StoredFile
from iotctl.words import counted

_SHOWN = 80


def refuse_total_loss(file: StoredFile, batches: Sequence[FileBatch]) -> None:
    """Raise FileError where a new version has rows, and none gives a reading: good readings do not give way to it."""
    rows = sum(batch.rows_read for batch in batches)
    # What a file calls bad now is withdrawn on purpose.
    unread = rows - sum(batch.bad_quality for batch in batches)
    if not unread or any(len(batch.time) for batch in batches):
        return
    first = next((reject for batch in batches for reject in batch.rejects), None)
    shown = f"; the first: line {first.line} ({first.reason}): {first.text[:_SHOWN]!r}" if first else ""
    raise FileError(
        f"None of {counted(rows, 'row')} gives a reading{shown}.",
        where=file.uri,
        hint="What it had loaded before stays. Is it of another layout? See iotctl inspect, and --layout.",
    )


def too_many_rejects(file: StoredFile, batch: FileBatch, rejected: int) -> RejectLimitError:
    """The error of a file with more bad rows than are allowed. batch: where that showed. rejected: how many so far."""
    # A run that goes on under a lower limit may find none here.
    first = (
        f"; the first of this batch: line {batch.rejects[0].line} ({batch.rejects[0].reason})" if batch.rejects else ""
    )
    return RejectLimitError(
        f"{rejected} bad rows, more than --max-rejects allows{first}.",
        where=file.uri,
        hint="Rows committed before stay. Correct the file, or allow more and run again.",
    )

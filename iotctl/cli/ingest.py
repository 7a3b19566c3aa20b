"""iotctl ingest."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.context import open_database, store_settings
from iotctl.cli.terminal import note, printable
from iotctl.model import Ambiguous, Nonexistent, OnDuplicate

if TYPE_CHECKING:
    import threading

    from iotctl.services.ingest import IngestSummary
    from iotctl.services.load_files import RejectLimit

DONE, PARTLY, INTERRUPTED = 0, 3, 130

_FAILED_SHOWN = 5


def ingest(
    uri: Annotated[
        str | None,
        typer.Argument(help="s3://bucket/prefix or a path, recursively; IOTCTL_TIMESERIES_URI where left out."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Files at once; one per core and at least two where left out.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone of timestamps without an offset; IOTCTL_TIMEZONE where left out.")
    ] = None,
    ambiguous: Annotated[
        Ambiguous, typer.Option(help="The hour that comes twice: by order in the file, earlier, later, or reject.")
    ] = Ambiguous.INFER,
    nonexistent: Annotated[
        Nonexistent, typer.Option(help="The hour that the clock skips: move forward, or reject.")
    ] = Nonexistent.FORWARD,
    on_duplicate: Annotated[
        OnDuplicate, typer.Option(help="A reading that is there already: keep the first, the newest file's, or fail.")
    ] = OnDuplicate.SKIP,
    max_rejects: Annotated[
        str | None, typer.Option(help="Stop a file with more bad rows than N, or than P% of its rows.")
    ] = None,
    allow_nan: Annotated[
        bool, typer.Option("--allow-nan", help="Store NaN and infinity instead of rejecting.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Load readings from files; what is loaded already is left out, what was interrupted goes on.

    Exit code 3: done, but rows were rejected or objects skipped.

    Example: iotctl ingest s3://code-challenge-data/timeseries/ --workers 4
    """
    import os
    import threading
    from concurrent.futures import ThreadPoolExecutor
    from datetime import timedelta

    from iotctl.cli.progress import watch_ingest
    from iotctl.cli.times import duration_seconds
    from iotctl.formats import ReadOptions
    from iotctl.services.ingest import dry_run as check
    from iotctl.services.ingest import ingest, worker_count
    from iotctl.services.load_files import LoadOptions
    from iotctl.settings import read_settings

    settings = read_settings()
    uri = uri or settings.timeseries_uri
    store = store_settings(settings)
    options = LoadOptions(
        ReadOptions(
            timezone=known_zone(timezone or settings.timezone),
            ambiguous=ambiguous,
            nonexistent=nonexistent,
            allow_nan=allow_nan,
        ),
        on_duplicate,
        reject_limit(max_rejects),
        timedelta(seconds=duration_seconds(settings.chunk_interval)) if settings.chunk_interval else None,
    )
    stop = threading.Event()
    with open_database(settings) as database, watch_ingest() as listener, _stopped_by_signals(stop):
        if dry_run:
            summary = check(uri, database, store, options=options, listener=listener)
        else:
            count = worker_count(database, workers or settings.workers, os.cpu_count() or 1)
            with ThreadPoolExecutor(count) as executor:
                summary = ingest(
                    uri, database, store, executor, workers=count, options=options, listener=listener, stop=stop
                )
    if as_json:
        typer.echo(_as_json(summary, dry_run))
    _report(summary, dry_run)
    if summary.error is not None:
        raise summary.error
    raise typer.Exit(_exit_code(summary))


def reject_limit(text: str | None) -> RejectLimit:
    """--max-rejects as a limit: 100 or 0.5%. Raises UsageError."""
    from iotctl.errors import UsageError
    from iotctl.services.load_files import RejectLimit

    if text is None:
        return RejectLimit()
    try:
        limit = RejectLimit(part=float(text[:-1]) / 100) if text.endswith("%") else RejectLimit(rows=int(text))
    except ValueError:
        limit = RejectLimit(rows=-1)
    if not (limit.rows or 0) >= 0 or not 0 <= (limit.part or 0) <= 1:
        raise UsageError(f"--max-rejects {text} is no limit.", hint="A number of rows, or a percentage: 100, 0.5%")
    return limit


def known_zone(name: str) -> str:
    """The name of a time zone, if there is such a one. Raises UsageError."""
    from zoneinfo import ZoneInfo

    from iotctl.errors import UsageError

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"There is no time zone {name!r}.", hint="Names look like Europe/Berlin or UTC.") from None
    return name


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """The first SIGINT or SIGTERM ends the run after the batches in hand, the second one at once."""
    import os

    def on_signal(_number: int, _frame: object) -> None:
        if stop.is_set():
            # The server rolls back what its clients did not commit.
            os._exit(INTERRUPTED)
        stop.set()
        note("stopping after the batches in hand; once more ends at once")

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _exit_code(summary: IngestSummary) -> int:
    if summary.interrupted:
        return INTERRUPTED
    if summary.failed and summary.files + summary.unchanged == 0:
        codes = {failed.error.exit_code for failed in summary.failed}
        # Where nothing at all went well for one and the same reason, that reason is the answer.
        if len(codes) == 1 and (code := codes.pop()) != 1:
            return code
    return PARTLY if summary.failed or summary.other or summary.balance.rejected else DONE


def _as_json(summary: IngestSummary, dry_run: bool) -> str:
    import json

    return json.dumps(
        {
            "files": summary.files,
            "files_skipped": summary.files_skipped,
            "files_unchanged": summary.unchanged,
            "files_failed": len(summary.failed),
            "files_other": summary.other,
            "rows_read": summary.balance.rows_read,
            "rows_loaded": summary.balance.loaded,
            "duplicates": summary.balance.duplicates,
            "rejected": summary.balance.rejected,
            "ambiguous": summary.balance.ambiguous,
            "nonexistent": summary.balance.nonexistent,
            "seconds": round(summary.seconds, 3),
            "rows_per_second": round(summary.rows_per_second),
            "interrupted": summary.interrupted,
            "dry_run": dry_run,
            "failed": [{"uri": failed.uri, "problem": failed.error.message} for failed in summary.failed],
        }
    )


def _report(summary: IngestSummary, dry_run: bool) -> None:
    balance = summary.balance
    verb = "readable" if dry_run else "loaded"
    loaded = balance.rows_read - balance.rejected if dry_run else balance.loaded
    note(
        f"{summary.files} files {verb}, {summary.files_skipped} skipped ({summary.unchanged} loaded before, "
        f"{summary.other} no data files, {len(summary.failed)} failed)"
    )
    note(
        f"{balance.rows_read} rows read = {loaded} {verb} + {balance.duplicates} duplicates"
        f" + {balance.rejected} rejected, in {summary.seconds:.1f} s ({summary.rows_per_second:,.0f} rows/s)"
    )
    if balance.ambiguous or balance.nonexistent:
        note(
            f"clock changes: {balance.ambiguous} rows in an hour that comes twice,"
            f" {balance.nonexistent} in a skipped one"
        )
    if balance.rejected and not dry_run:
        note("the rejected rows are kept, with file, line and reason: iotctl rejects")
    if summary.failed:
        total = summary.files + summary.files_skipped
        typer.echo(f"error: {len(summary.failed)} of {total} files were not loaded.", err=True)
        for failed in summary.failed[:_FAILED_SHOWN]:
            where = [
                failed.uri,
                *(part for part in (failed.error.where, failed.error.hint) if part and part != failed.uri),
            ]
            typer.echo(
                "\n".join(printable(line) for line in [f"  {failed.error.message}", *(f"    {w}" for w in where)]),
                err=True,
            )
    if summary.interrupted:
        note("interrupted; run the same command to go on")

"""iotctl ingest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.arguments.layouts import LayoutOption, chosen_layouts
from iotctl.cli.database import open_database
from iotctl.model import Ambiguous, DecimalSign, Int96, Nonexistent, OnDuplicate, TimeForm

if TYPE_CHECKING:
    from iotctl.services.load_task import RejectLimit
    from iotctl.services.selection import Selection
    from iotctl.services.tally import IngestSummary


def ingest(
    uri: Annotated[
        str | None,
        typer.Argument(help="s3://bucket/prefix or a path, recursively; IOTCTL_TIMESERIES_URI where left out."),
    ] = None,
    layout: LayoutOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Files at once; one per core and at least two where left out.")
    ] = None,
    timezone: Annotated[
        str | None,
        typer.Option(
            help="Zone of timestamps without an offset: a name, or +01:00 (east of Greenwich; UTC+1 is the same);"
            " IOTCTL_TIMEZONE where left out."
        ),
    ] = None,
    ambiguous: Annotated[
        Ambiguous,
        typer.Option(help="The hour that comes twice: as its shape in the file shows, earlier, later, or reject."),
    ] = Ambiguous.INFER,
    nonexistent: Annotated[
        Nonexistent,
        typer.Option(help="The hour that the clock skips: move forward where no real reading follows it, or reject."),
    ] = Nonexistent.FORWARD,
    time_form: Annotated[
        TimeForm,
        typer.Option(
            help="Times that are numbers, such as 2016010112: auto (what all of a column can only be; else they are"
            " rejected), epoch (s, ms, us, ns since 1970), or calendar."
        ),
    ] = TimeForm.AUTO,
    decimal: Annotated[
        DecimalSign, typer.Option(help="What comes before decimals: auto (what a column shows), point, or comma.")
    ] = DecimalSign.AUTO,
    int96: Annotated[
        Int96, typer.Option(help="INT96 times of Parquet: utc (as Spark writes them), or local.")
    ] = Int96.UTC,
    on_duplicate: Annotated[
        OnDuplicate, typer.Option(help="A reading that is there already: keep the first, the newest file's, or fail.")
    ] = OnDuplicate.SKIP,
    again: Annotated[
        bool,
        typer.Option("--again", help="Load what is loaded already once more: with another zone, say. It is replaced."),
    ] = False,
    max_rejects: Annotated[
        str | None, typer.Option(help="Stop a file with more bad rows than N, or than P% of its rows.")
    ] = None,
    keep_rejects: Annotated[
        int, typer.Option(min=0, help="Keep line and text of so many bad rows a file; the others are counted.")
    ] = 1000,
    allow_nan: Annotated[
        bool, typer.Option("--allow-nan", help="Store NaN and infinity instead of rejecting.")
    ] = False,
    settle: Annotated[
        str,
        typer.Option(
            help="A last line without a line end is loaded once its file has not changed for so long; 0s: at once."
        ),
    ] = "60s",
    since: Annotated[str | None, typer.Option(help="Only files modified then or later: 2016-01-31, now-7d.")] = None,
    pattern: Annotated[
        str | None, typer.Option(help="Only files whose path below URI fits: '2016/*.csv'; * stands for / as well.")
    ] = None,
    limit_files: Annotated[
        int | None, typer.Option(min=1, help="At most so many files that are not loaded yet (a round, with --watch).")
    ] = None,
    manifest: Annotated[
        str | None, typer.Option(help="Load the files that this text file names, a URI or a path below URI a line.")
    ] = None,
    watch: Annotated[
        float | None, typer.Option(min=0.1, metavar="SECONDS", help="Stay, and look for new files every so often.")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="Write what was done to this file, in Prometheus' text format.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="tcp://HOST:8786", help="Load on the workers of a Dask cluster; IOTCTL_SCHEDULER."),
    ] = None,
    send_credentials: Annotated[
        bool,
        typer.Option(
            "--send-credentials", help="Send database URL and store keys to the workers; else they use theirs."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything; write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Load readings from files; what is loaded already is left out, what was interrupted goes on.

    Exit code 3: done, but rows were rejected or objects skipped; 1: no file could be read, or no row gave a
    reading. Missing values and readings of bad quality are counted apart, and change no exit code.
    With --watch it stays until SIGINT or SIGTERM (exit code 130), waits out a store or database that does not answer,
    and --json prints a line for each round that had something to do.

    Example: iotctl ingest s3://code-challenge-data/timeseries/ --workers 4

    Example: iotctl ingest exports/ --layout layout.toml

    Example: iotctl ingest s3://code-challenge-data/timeseries/ --watch 60 --since now-7d --metrics ingest.prom
    """
    import threading
    from datetime import timedelta

    from iotctl.cli.ingest.metrics import measured
    from iotctl.cli.ingest.summary import as_json as summary_json
    from iotctl.cli.ingest.summary import exit_code, report
    from iotctl.cli.output.log import run_id, say
    from iotctl.cli.process.caller import command_line, who
    from iotctl.cli.process.memory import keep_freed_memory
    from iotctl.cli.process.stop_signals import stopped_by_signals
    from iotctl.cli.progress.ingest_progress import watch_ingest
    from iotctl.errors import ExitCode, UsageError
    from iotctl.formats import ReadOptions
    from iotctl.moments import duration_seconds, known_zone
    from iotctl.services.ingest import IngestRun
    from iotctl.services.load_task import IngestRequest, LoadOptions
    from iotctl.services.runs import Run, recorded_run
    from iotctl.services.tally import Seen
    from iotctl.settings import read_settings, store_settings
    from iotctl.workers.opening import WantedWorkers, load_workers

    if dry_run and watch is not None:
        raise UsageError("--dry-run and --watch do not go together.", hint="Leave one of them out.")
    settings = read_settings()
    scheduler = scheduler or settings.scheduler
    if scheduler is not None and not dry_run:
        from iotctl.workers.dask_cluster import check_scheduler

        check_scheduler(settings, scheduler)
    options = LoadOptions(
        ReadOptions(
            timezone=known_zone(timezone or settings.timezone),
            ambiguous=ambiguous,
            nonexistent=nonexistent,
            allow_nan=allow_nan,
            time_form=time_form,
            decimal=decimal,
            int96=int96,
            settle_seconds=settle_seconds(settle),
            keep_rejects=keep_rejects,
            layouts=chosen_layouts(layout or settings.layout),
        ),
        on_duplicate,
        reject_limit(max_rejects),
        timedelta(seconds=duration_seconds(settings.chunk_interval)) if settings.chunk_interval else None,
    )
    request = IngestRequest(
        uri or settings.timeseries_uri,
        store_settings(settings),
        options,
        selected(manifest, since, settings.timezone, pattern, limit_files),
        again,
        run_id(),
        dry_run,
    )
    wanted = WantedWorkers(workers or settings.workers, None if dry_run else scheduler, send_credentials)
    stop = threading.Event()
    keep_freed_memory()
    with (
        measured(None if dry_run else metrics) as measure,
        open_database(settings) as database,
        watch_ingest() as listener,
        stopped_by_signals(stop),
    ):
        if dry_run:
            with load_workers(database, settings, wanted, say) as on:
                summary = IngestRun(request, database, on, listener, stop).run()
        else:
            with recorded_run(database, Run(run_id(), who(), command_line()), listener) as record:
                with load_workers(database, settings, wanted, say) as on:
                    seen = Seen()

                    def load() -> IngestSummary:
                        return IngestRun(request, database, on, listener, stop, seen).run()

                    if watch is None:
                        summary = load()
                    else:
                        from iotctl.cli.ingest.watch import watch as watch_rounds

                        summary = watch_rounds(load, watch, seen, record, measure, listener, stop, lines=as_json)
                record.finish(summary)
        code = exit_code(summary)
        # Done, and done although rows were rejected or objects skipped: those have metrics of their own.
        measure(summary, code, code in (ExitCode.DONE, ExitCode.PARTLY))
    if as_json and watch is None:
        typer.echo(summary_json(summary, dry_run=dry_run))
    report(summary, dry_run=dry_run, settle_seconds=options.read.settle_seconds)
    if summary.error is not None:
        raise summary.error
    raise typer.Exit(code)


def reject_limit(text: str | None) -> RejectLimit:
    """--max-rejects as a limit: 100 or 0.5%. Raises UsageError."""
    from iotctl.errors import UsageError
    from iotctl.services.load_task import RejectLimit

    if text is None:
        return RejectLimit()
    try:
        limit = RejectLimit(part=float(text[:-1]) / 100) if text.endswith("%") else RejectLimit(rows=int(text))
    except ValueError:
        limit = RejectLimit(rows=-1)
    if not (limit.rows or 0) >= 0 or not 0 <= (limit.part or 0) <= 1:
        raise UsageError(f"--max-rejects {text} is no limit.", hint="A number of rows, or a percentage: 100, 0.5%")
    return limit


def settle_seconds(text: str) -> float:
    """--settle in seconds; 0 is one, too. Raises UsageError."""
    from iotctl.moments import duration_seconds

    return 0.0 if text.strip().rstrip("smhdwy") == "0" else duration_seconds(text)


def selected(
    manifest: str | None, since: str | None, timezone: str, pattern: str | None, limit: int | None
) -> Selection:
    """The options that narrow the files down. Raises UsageError."""
    from iotctl.moments import local_time, parse_time
    from iotctl.services.selection import Selection

    moment = None if since is None else local_time(parse_time(since, timezone), timezone)
    return Selection(manifest, moment, pattern, limit)

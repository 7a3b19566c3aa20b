"""iotctl ingest."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from iotctl.cli.arguments.file_choice import FileChoice
from iotctl.cli.arguments.file_reading import FileReading
from iotctl.cli.database import open_database
from iotctl.cli.ingest.metrics import measured
from iotctl.cli.ingest.options import LoadingOptions, watch_seconds
from iotctl.cli.ingest.stop_signals import stopped_by_signals
from iotctl.cli.ingest.summary import as_json as summary_json
from iotctl.cli.ingest.summary import exit_code, report
from iotctl.cli.ingest.watch import watch as watch_rounds
from iotctl.cli.options import INPUT, WORKERS, DryRunOption, SummaryOutput, UriArgument, WorkerChoice
from iotctl.cli.output.log import Level, run_id, say
from iotctl.cli.process.caller import command_line, who
from iotctl.cli.process.memory import keep_freed_memory
from iotctl.cli.progress.ingest_progress import watch_ingest
from iotctl.errors import ExitCode, UsageError
from iotctl.globs import HINT as GLOB_HINT
from iotctl.services.ingest.ingest import IngestRun
from iotctl.services.ingest.load_task import IngestRequest
from iotctl.services.ingest.runs import Run, recorded_run
from iotctl.services.ingest.tally import IngestSummary, Seen
from iotctl.settings import read_settings, store_settings
from iotctl.workers.opening import load_workers

_FILES, _ROWS = "Which files", "Which rows are kept"


def ingest(
    output: SummaryOutput,
    choice: Annotated[FileChoice, _FILES],
    reading: Annotated[FileReading, INPUT],
    loading: Annotated[LoadingOptions, _ROWS],
    wanted: Annotated[WorkerChoice, WORKERS],
    uri: UriArgument = None,
    limit_files: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="At most N files that are not loaded yet (per round, with --watch).",
            rich_help_panel=_FILES,
        ),
    ] = None,
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Load the files named in this text file: per line a URI, or a path below URI.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    watch: Annotated[
        str | None,
        typer.Option(
            metavar="LENGTH",
            help="Keep running, and look for new files at this interval: 60 (seconds), 5m.",
        ),
    ] = None,
    metrics: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write metrics of the run to this file, in Prometheus' text format."),
    ] = None,
    dry_run: DryRunOption = False,
) -> None:
    """Load readings from files. Loaded files are skipped; interrupted files go on where they stopped.

    Exit code 3: done, but rows were rejected or files failed; 1: no file could be read, or no row gave a reading.
    Missing values and readings of bad quality are counted separately, and do not change the exit code.
    With --watch it runs until SIGINT or SIGTERM (exit code 130). If the store or the database does not answer, it
    waits. --json prints a line for each round with something to do.

    Example: iotctl ingest s3://code-challenge-data/timeseries/ --workers 4

    Example: iotctl ingest exports/ --layout layout.toml

    Example: iotctl ingest s3://code-challenge-data/timeseries/ --watch 60 --since now-7d --metrics ingest.prom
    """
    if dry_run and watch is not None:
        raise UsageError("--dry-run and --watch do not go together.", hint="Leave one of them out.")
    pause = 0.0 if watch is None else watch_seconds(watch)
    settings = read_settings()
    workers = wanted.wanted(settings)
    if dry_run:
        workers = replace(workers, scheduler=None)
    if workers.scheduler is not None:
        from iotctl.workers.dask_cluster import check_scheduler

        check_scheduler(settings, workers.scheduler)
    options = loading.options(reading.read_options(settings), settings)
    request = IngestRequest(
        uri or settings.timeseries_uri,
        store_settings(settings),
        options,
        choice.selection(settings.timezone, manifest, limit_files),
        loading.again,
        run_id(),
        dry_run,
    )
    stop = threading.Event()
    keep_freed_memory()
    with (
        measured(None if dry_run else metrics) as measure,
        open_database(settings) as database,
        watch_ingest() as listener,
        stopped_by_signals(stop),
    ):
        if dry_run:
            with load_workers(database, settings, workers, say) as on:
                summary = IngestRun(request, database, on, listener, stop).run()
        else:
            with recorded_run(database, Run(run_id(), who(), command_line()), listener) as record:
                with load_workers(database, settings, workers, say) as on:
                    seen = Seen()

                    def load() -> IngestSummary:
                        return IngestRun(request, database, on, listener, stop, seen).run()

                    if watch is None:
                        summary = load()
                    else:
                        summary = watch_rounds(load, pause, seen, record, measure, listener, stop, lines=output.is_json)
                record.finish(summary)
        code = exit_code(summary)
        # Rejected rows and failed files are no failure of the run: they have their own metrics.
        measure(summary, code, code in (ExitCode.DONE, ExitCode.PARTLY))
    if output.is_json and watch is None:
        typer.echo(summary_json(summary, dry_run=dry_run))
    report(summary, dry_run=dry_run, settle_seconds=options.read.settle_seconds)
    if choice.pattern is not None and summary.files + summary.files_skipped == 0:
        say(f"No file under {request.uri} matches --pattern {choice.pattern!r}. {GLOB_HINT}", Level.WARNING)
    if summary.error is not None:
        raise summary.error
    raise typer.Exit(code)

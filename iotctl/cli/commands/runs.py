"""iotctl runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import TimedRowOutput
from iotctl.cli.output.colours import by_state
from iotctl.cli.output.table import Cell, TableView
from iotctl.moments import local_time
from iotctl.services.ingest.runs import past_runs
from iotctl.settings import read_settings

COLUMNS = [
    *("run", "started", "ended", "seconds", "ending", "who", "files", "files_skipped", "files_failed"),
    *("rows_read", "rows_loaded", "duplicates", "conflicts", "rejected", "missing", "bad_quality"),
    *("problem", "command"),
]
VIEW = TableView(
    main=("started", "ending", "files", "rows_loaded", "rejected", "command", "problem"),
    prose="problem",
    colours={"ending": by_state},
    nothing="There is no run yet. To load files: iotctl ingest",
)


def runs(
    output: TimedRowOutput,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most N runs, the newest.")] = 20,
) -> None:
    """List the runs of ingest, the newest first: when, who, how each ended, and the counts of its rows.

    ending: done, partly (rows were rejected or files failed), failed, interrupted, running, or killed (it did not end,
    and it is not running; its counts are those of its committed batches).

    Example: iotctl runs --limit 5 --format json
    """
    settings = read_settings()
    timezone = output.timezone(settings)

    def rows() -> Iterator[tuple[Cell, ...]]:
        with open_database(settings) as database:
            for run in past_runs(database, limit):
                counts = run.counts
                yield (
                    run.run_id,
                    local_time(run.started, timezone).replace(microsecond=0),
                    None if run.ended is None else local_time(run.ended, timezone).replace(microsecond=0),
                    None if run.ended is None else (run.ended - run.started) / 1_000_000,
                    run.ending.value,
                    run.who,
                    counts.files,
                    counts.unchanged + counts.other + counts.failed,
                    counts.failed,
                    counts.balance.rows_read,
                    counts.balance.loaded,
                    counts.balance.duplicates,
                    counts.balance.conflicts,
                    counts.balance.rejected,
                    counts.balance.missing,
                    counts.balance.bad_quality,
                    run.problem,
                    run.command,
                )

    output.write(COLUMNS, rows(), VIEW)

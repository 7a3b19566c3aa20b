"""iotctl verify."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Annotated

import typer

from iotctl.cli.arguments.file_choice import FileChoice
from iotctl.cli.database import open_database
from iotctl.cli.options import JsonOption, TimedRowOutput, UriArgument
from iotctl.cli.output.log import Level, say
from iotctl.cli.output.rows import Format, record
from iotctl.cli.output.table import Cell, TableView
from iotctl.cli.progress.ingest_progress import watch_ingest
from iotctl.errors import ExitCode, UsageError
from iotctl.moments import local_time
from iotctl.services.verify.verify import Difference, Verification
from iotctl.services.verify.verify import verify as compare
from iotctl.settings import read_settings, store_settings
from iotctl.words import counted

COLUMNS = ["file", "sensor", "kind", "count", "first", "note"]
VIEW = TableView(main=COLUMNS, prose="note")

# For --json, which makes its object in memory; the table has all.
_MOST_IN_JSON = 10_000


def verify(
    choice: FileChoice,
    rows: TimedRowOutput,
    uri: UriArgument = None,
    sample: Annotated[
        str, typer.Option(metavar="P%", help="Compare only this share of the files, chosen by their names: 1%, 0.1%.")
    ] = "100%",
    as_json: JsonOption = False,
) -> None:
    """Read the files again, as they were loaded, and compare them with the database. Changes nothing.

    Differences are printed by file, sensor and kind: missing, different, surplus or doubled readings, disorder of the
    columnstore, and files that are not loaded in their present version. The exit code is 0 if nothing differs, else 1.

    Example: iotctl verify s3://code-challenge-data/timeseries/ --sample 1%
    """
    settings = read_settings()
    timezone = rows.timezone(settings)
    verdict = Verification()
    with open_database(settings) as database, watch_ingest() as listener:
        differences = compare(
            uri or settings.timeseries_uri,
            database,
            store_settings(settings),
            verdict,
            listener=listener,
            selection=choice.selection(settings.timezone),
            sample=_part(sample),
        )
        if as_json or rows.chosen is Format.JSON:
            rows.write_object(_as_json(verdict, differences, timezone))
        else:
            rows.write(COLUMNS, (_row(difference, timezone) for difference in differences), VIEW)
    _report(verdict)
    raise typer.Exit(ExitCode.DONE if verdict.right else ExitCode.FAILED)


def _part(text: str) -> float:
    """--sample as a share of 1. Raises UsageError."""
    try:
        part = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        part = -1.0
    if not 0 < part <= 1:
        raise UsageError(f"--sample {text} is not a percentage.", hint="Write it with its sign, such as 1% or 0.1%.")
    return part


def _row(difference: Difference, timezone: str) -> tuple[Cell, ...]:
    first = difference.first
    return (
        difference.file,
        difference.sensor,
        difference.fault.value,
        difference.count,
        None if first is None else local_time(first, timezone),
        difference.note,
    )


def _as_json(verdict: Verification, differences: Iterable[Difference], timezone: str) -> str:
    def kept() -> Iterator[dict[str, str | int | float | None]]:
        for number, difference in enumerate(differences):
            if number < _MOST_IN_JSON:
                yield record(COLUMNS, _row(difference, timezone))

    first = list(kept())
    return json.dumps(
        {
            "right": verdict.right,
            "files": verdict.files,
            "files_unfinished": verdict.files_unfinished,
            "files_left_out": verdict.files_left_out,
            "files_other": verdict.files_other,
            "files_vanished": len(verdict.vanished),
            "readings": verdict.readings,
            "expired": verdict.expired,
            "kinds": {kind.value: readings for kind, readings in sorted(verdict.by_fault.items())},
            "differences": first,
            "vanished": verdict.vanished[:_MOST_IN_JSON],
        },
        ensure_ascii=False,
    )


def _report(verdict: Verification) -> None:
    """The summary on stderr."""
    for name in verdict.vanished[:10]:
        say(f"loaded, but no longer in the source: {name}", Level.WARNING, file=name)
    if len(verdict.vanished) > 10:
        say(f"and {len(verdict.vanished) - 10:,} more", Level.WARNING)
    notes = [f"{counted(verdict.files_left_out, 'file')} not chosen"] * (verdict.files_left_out > 0)
    notes += [f"{counted(verdict.files_unfinished, 'file')} without their unfinished last line"] * (
        verdict.files_unfinished > 0
    )
    notes += [f"{verdict.expired:,} older than the retention"] * (verdict.expired > 0)
    beside = f" ({', '.join(notes)})" if notes else ""
    compared = f"{counted(verdict.readings, 'reading')} of {counted(verdict.files, 'file')} compared{beside}"
    if verdict.right:
        say(f"verified: {compared}; nothing differs", files=verdict.files, rows=verdict.readings)
        return
    kinds = ", ".join(f"{kind.value} {count:,}" for kind, count in sorted(verdict.by_fault.items()))
    say(f"NOT equal to the source: {kinds} ({compared})", Level.ERROR, files=verdict.files, rows=verdict.readings)

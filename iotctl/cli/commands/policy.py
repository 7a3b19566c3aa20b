"""iotctl policy."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import JsonOption, RowOutput, YesOption
from iotctl.cli.output.log import say
from iotctl.cli.output.terminal import size
from iotctl.errors import UsageError
from iotctl.model import StorageLayout
from iotctl.moments import duration_seconds, local_time
from iotctl.repositories import Expired, Policies
from iotctl.services.policy import PolicyChange, apply_policies, read_policies, set_policies
from iotctl.settings import read_settings
from iotctl.words import counted


class Switch(StrEnum):
    """Whether something is kept."""

    ON = "on"
    OFF = "off"


def policy(
    rows: RowOutput,
    retain: Annotated[
        str | None, typer.Option(metavar="TIME|off", help="Keep readings for so long: 90d, 5y; off: for good.")
    ] = None,
    compress_after: Annotated[
        str | None,
        typer.Option(metavar="TIME|off", help="TimescaleDB: move late readings of older chunks into the columnstore."),
    ] = None,
    aggregates: Annotated[
        Switch | None, typer.Option(help="Keep what each hour and day come to, for query --every.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Drop what is too old and refresh aggregates now; for cron.")
    ] = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show or set how long readings are kept, when they are compressed, and whether hours and days are summed up.

    --retain drops whole chunks or months once all of their readings are older: at once, and from then on by a job
    of TimescaleDB, or on plain PostgreSQL at the end of each ingest. It says what will go, and asks. Files stay loaded
    in the ledger; readings that are too old already when a file brings them are loaded, and go the same way.

    --aggregates on makes reading_hourly and reading_daily (UTC), and query --every takes whole hours and days from them
    where nothing has changed since; answers stay the same. A job of TimescaleDB refreshes them every hour, and loads
    are as fast as without; on plain PostgreSQL the end of each ingest does, which takes longer than the load itself.
    --retain off, --compress-after off and --aggregates off take a policy away.

    Example: iotctl policy --retain 5y --aggregates on --yes

    Example: iotctl policy --apply --json
    """
    settings = read_settings()
    change = PolicyChange(
        _time(retain, "--retain"),
        _time(compress_after, "--compress-after"),
        None if aggregates is None else aggregates is Switch.ON,
    )
    with open_database(settings) as database:
        if change != PolicyChange():
            found, gone = set_policies(database, change, _asked(settings.timezone, yes=yes))
            _note(gone)
        elif apply:
            found, gone = apply_policies(database)
            _note(gone)
        else:
            found = read_policies(database)
    if as_json:
        typer.echo(json.dumps(policies_json(found, settings.timezone)))
    else:
        rows.write(["policy", "setting", "about"], _rows(found, settings.timezone))


def policies_json(found: Policies, timezone: str) -> dict[str, object]:
    """Policies as JSON: days, bytes, and times with an offset; null where there is none."""
    return {
        "retain_days": _days(found.retain),
        "compress_after_days": _days(found.compress_after),
        "aggregates": {
            state.name: {
                "bytes": state.table_bytes,
                "stale": None
                if state.stale is None
                else [local_time(edge, timezone).isoformat() for edge in state.stale],
            }
            for state in found.aggregates
        },
    }


def about_policies(found: Policies, timezone: str) -> str:
    """Policies in one line."""
    return "; ".join(
        f"{name} {setting}" + (f" ({about})" if name.startswith("reading_") else "")
        for name, setting, about in _rows(found, timezone)
    )


def _rows(found: Policies, timezone: str) -> list[tuple[str, str, str]]:
    plain = found.layout is StorageLayout.SEGMENTS
    how = "whole months, dropped after each ingest and by iotctl policy --apply" if plain else "dropped by chunk, daily"
    compressed = {
        StorageLayout.SEGMENTS: "all readings are compressed as they arrive",
        StorageLayout.COLUMNSTORE: "late readings; others are compressed as they arrive",
    }
    rows = [
        ("retain", _shown(found.retain), how if found.retain else "readings are kept for good"),
        ("compress-after", _shown(found.compress_after), compressed[found.layout]),
        ("aggregates", "on" if found.aggregates else "off", "hours and days (UTC), for query --every"),
    ]
    for state in found.aggregates:
        about = size(state.table_bytes)
        if state.stale is not None:
            first, until = (local_time(edge, timezone).isoformat(timespec="seconds") for edge in state.stale)
            about += f", stale between {first} and {until}: readings are read there"
        rows.append((state.name, "stale" if state.stale else "fresh", about))
    return rows


def _time(text: str | None, option: str) -> timedelta | None:
    if text is None:
        return None
    if text == "off":
        return timedelta(0)
    seconds = duration_seconds(text)
    # PostgreSQL's time ends 4713 BC; and an hour is the least that a chunk may span.
    if not 3600 <= seconds <= 1000 * 365 * 86400:
        raise UsageError(f"{option} {text} cannot be meant.", hint="Between 1h and 1000y, or off.")
    return timedelta(seconds=seconds)


def _asked(timezone: str, *, yes: bool) -> Callable[[Expired], bool]:
    """Asks on a terminal; where nobody can be asked, --yes has to be there."""

    def agreed(doomed: Expired) -> bool:
        what = "no reading is that old yet"
        if doomed.until is not None:
            moment = local_time(doomed.until, timezone).isoformat(timespec="seconds")
            what = f"{counted(doomed.readings, 'reading')}, all before {moment}, go now"
        if yes:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                f"--retain drops readings: {what}, and others as they grow old.", hint="Add --yes if that is meant."
            )
        if not typer.confirm(f"{what}, and others as they grow old. Set it?", err=True):
            say("nothing was changed")
            return False
        return True

    return agreed


def _note(gone: Expired) -> None:
    if gone.parts:
        parts = counted(gone.parts, "chunk or month", "chunks or months")
        say(f"{counted(gone.readings, 'reading')} dropped, of {parts}")
    if gone.busy:
        say("a load held up the rest; the next ingest, or iotctl policy --apply, drops it")


def _days(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds() / 86400


def _shown(span: timedelta | None) -> str:
    if span is None:
        return "off"
    days = span.total_seconds() / 86400
    return f"{days:g}d" if days >= 1 else f"{days * 24:g}h"

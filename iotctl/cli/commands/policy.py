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
from iotctl.cli.options import DryRunOption, JsonOption, RowOutput, YesOption
from iotctl.cli.output.colours import by_state
from iotctl.cli.output.log import say
from iotctl.cli.output.policies import policies_json, policy_rows
from iotctl.cli.output.rows import Format
from iotctl.cli.output.table import TableView
from iotctl.errors import UsageError
from iotctl.moments import duration_seconds, local_time
from iotctl.repositories import Expired
from iotctl.services.policy import PolicyChange, apply_policies, expired_by, read_policies, set_policies
from iotctl.settings import read_settings
from iotctl.words import counted

COLUMNS = ["policy", "setting", "about"]
VIEW = TableView(main=COLUMNS, prose="about", colours={"setting": by_state})


class Switch(StrEnum):
    """Whether something is kept."""

    ON = "on"
    OFF = "off"


def policy(
    rows: RowOutput,
    retain: Annotated[
        str | None, typer.Option(metavar="TIME|off", help="Keep readings for this long: 90d, 5y; off: forever.")
    ] = None,
    compress_after: Annotated[
        str | None,
        typer.Option(metavar="TIME|off", help="TimescaleDB: move late readings of older chunks into the columnstore."),
    ] = None,
    aggregates: Annotated[
        Switch | None, typer.Option(help="Keep aggregates of each hour and day, for query --every.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Drop readings that are too old and refresh aggregates now; for cron.")
    ] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show or set how long readings are kept, when they are compressed, and whether aggregates are kept.

    --retain drops a chunk or month when all of its readings are older: now, and later by a job of TimescaleDB, or on
    plain PostgreSQL at the end of each ingest. It shows what will be dropped, and asks. Files stay loaded in the
    ledger. If a file brings readings that are too old, they are loaded, and dropped in the same way.

    --aggregates on makes reading_hourly and reading_daily (UTC). query --every takes whole hours and days from them if
    nothing has changed since; answers stay the same. On TimescaleDB a job refreshes them every hour, and loads stay
    fast; on plain PostgreSQL each ingest refreshes them at its end, which takes longer than the load itself.
    --retain off, --compress-after off and --aggregates off remove a policy.

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
        if dry_run:
            found, doomed = expired_by(database, change)
            say(f"{_what_goes(doomed, settings.timezone)}; nothing was changed")
        elif change != PolicyChange():
            found, gone = set_policies(database, change, _asked(settings.timezone, yes=yes))
            _note(gone)
        elif apply:
            found, gone = apply_policies(database)
            _note(gone)
        else:
            found = read_policies(database)
    if as_json or rows.chosen is Format.JSON:
        rows.write_object(json.dumps(policies_json(found, settings.timezone)))
    else:
        rows.write(COLUMNS, policy_rows(found, settings.timezone), VIEW)


def _time(text: str | None, option: str) -> timedelta | None:
    if text is None:
        return None
    if text == "off":
        return timedelta(0)
    seconds = duration_seconds(text, option)
    # PostgreSQL's time begins in 4713 BC, and a chunk spans at least an hour.
    if not 3600 <= seconds <= 1000 * 365 * 86400:
        raise UsageError(f"{option} {text} is out of range.", hint="Write a time between 1h and 1000y, or off.")
    return timedelta(seconds=seconds)


def _asked(timezone: str, *, yes: bool) -> Callable[[Expired], bool]:
    """Asks on a terminal; without a terminal, --yes is required."""

    def agreed(doomed: Expired) -> bool:
        what = _what_goes(doomed, timezone)
        if yes:
            return True
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                f"--retain drops readings: {what}, and others as they grow old.", hint="Add --yes to confirm."
            )
        if not typer.confirm(f"{what}, and others as they grow old. Set it?", err=True):
            say("nothing was changed")
            return False
        return True

    return agreed


def _what_goes(doomed: Expired, timezone: str) -> str:
    if doomed.until is None:
        return "no reading is that old yet"
    moment = local_time(doomed.until, timezone).isoformat(timespec="seconds")
    return f"{counted(doomed.readings, 'reading')}, all before {moment}, go now"


def _note(gone: Expired) -> None:
    if gone.parts:
        parts = counted(gone.parts, "chunk or month", "chunks or months")
        say(f"{counted(gone.readings, 'reading')} dropped, of {parts}")
    if gone.busy:
        say("a load blocked the rest; the next ingest, or iotctl policy --apply, drops it")

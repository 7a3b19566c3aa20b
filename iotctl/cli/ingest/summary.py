"""The summary of an ingest: for people (stderr), for programs (JSON), and as an exit code."""

from __future__ import annotations

import json
from collections.abc import Sequence

from iotctl.cli.output.log import Level, is_json, run_id, say, show_lines
from iotctl.errors import ExitCode
from iotctl.repositories import Balance, RunEnding
from iotctl.secrets import hidden
from iotctl.services.ingest.tally import FailedFile, IngestSummary
from iotctl.words import counted, form

_FAILED_SHOWN = 5


def exit_code(summary: IngestSummary) -> ExitCode:
    """The exit code of a run that ended, or was stopped."""
    if summary.error is not None:
        return summary.error.exit_code
    match summary.ending:
        case RunEnding.INTERRUPTED:
            return ExitCode.INTERRUPTED
        case RunEnding.FAILED:
            codes = {failed.error.exit_code for failed in summary.failed}
            # If everything failed for the same reason, the exit code is that of the reason.
            return codes.pop() if len(codes) == 1 and summary.files == 0 else ExitCode.FAILED
        case RunEnding.PARTLY:
            return ExitCode.PARTLY
        case _:
            return ExitCode.DONE


def as_json(summary: IngestSummary, *, dry_run: bool = False, round_number: int | None = None) -> str:
    """The summary of a run, or of one round, as a line of JSON."""
    return json.dumps(
        {"run": run_id()}
        | ({} if round_number is None else {"round": round_number})
        | {
            "files": summary.files,
            "files_skipped": summary.files_skipped,
            "files_unchanged": summary.unchanged,
            "files_failed": len(summary.failed),
            "files_other": summary.other,
            "files_unfinished": summary.unfinished,
            "rows_read": summary.balance.rows_read,
            "rows_loaded": summary.balance.loaded,
            "duplicates": summary.balance.duplicates,
            "conflicts": summary.balance.conflicts,
            "rejected": summary.balance.rejected,
            "missing": summary.balance.missing,
            "bad_quality": summary.balance.bad_quality,
            "ambiguous": summary.balance.ambiguous,
            "nonexistent": summary.balance.nonexistent,
            "corrected": summary.corrected,
            "removed": summary.removed,
            "seconds": round(summary.seconds, 3),
            "rows_per_second": round(summary.rows_per_second),
            "interrupted": summary.interrupted,
            "dry_run": dry_run,
            "failed": [{"uri": failed.uri, "problem": hidden(failed.error.message)} for failed in summary.failed],
        }
    )


def report(summary: IngestSummary, *, dry_run: bool, settle_seconds: float) -> None:
    """Print what a run did. settle_seconds: as in ReadOptions."""
    balance = summary.balance
    verb = "readable" if dry_run else "loaded"
    loaded = balance.rows_read - balance.no_readings if dry_run else balance.loaded
    say(
        f"{counted(summary.files, 'file')} {verb}, {summary.files_skipped} skipped ({summary.unchanged} loaded before, "
        f"{summary.other} not data files, {len(summary.failed)} failed)"
    )
    say(f"{_equation(balance, loaded, verb)}, in {summary.seconds:.1f} s ({summary.rows_per_second:,.0f} rows/s)")
    if summary.unfinished:
        say(
            f"{counted(summary.unfinished, 'file')} {form(summary.unfinished, 'ends', 'end')} in an unfinished line;"
            f" it is loaded once the file has not changed for {settle_seconds:g} s (--settle)"
        )
    if summary.corrected or summary.removed:
        say(f"files that changed: {counted(summary.corrected, 'reading')} corrected, {summary.removed} removed")
    if balance.conflicts:
        say(
            f"{counted(balance.conflicts, 'reading')} lost to another value of the same sensor and time:"
            " iotctl conflicts"
        )
    if balance.ambiguous or balance.nonexistent:
        say(
            f"clock changes: {counted(balance.ambiguous, 'row')} in an hour that comes twice,"
            f" {balance.nonexistent} in a skipped one"
        )
    if balance.rejected and not dry_run:
        say("rejected rows are listed with file, line and reason by: iotctl rejects")
    if balance.bad_quality and not dry_run:
        say("readings of bad quality are not loaded; to list them: iotctl rejects --reason quality")
    report_failed(summary.failed, summary.files + summary.files_skipped)
    if summary.loss:
        reasons = "" if dry_run else "Their lines and reasons: iotctl rejects. "
        _say_error(f"{summary.loss}.", f"{reasons}What a file is: iotctl inspect FILE")
    if summary.only_other:
        _say_error(
            f"{counted(summary.other, 'file')} found, but none of them is a data file.",
            "If one is: name the file itself, or name the files in a --manifest.",
        )
    if summary.interrupted:
        say("interrupted; some files were not read" if dry_run else "interrupted; run the same command to go on")


def report_round(summary: IngestSummary, number: int, failed: Sequence[FailedFile]) -> None:
    """Print what a round of a watch did. failed: files that are reported for the first time."""
    balance = summary.balance
    say(f"round {number}: {counted(summary.files, 'file')} loaded; {_equation(balance, balance.loaded, 'loaded')}")
    report_failed(failed, summary.files + len(failed))


def _equation(balance: Balance, loaded: int, verb: str) -> str:
    """The counts of the rows; missing values and bad quality only if there are any."""
    rare = (f" + {balance.missing} missing" if balance.missing else "") + (
        f" + {balance.bad_quality} bad quality" if balance.bad_quality else ""
    )
    return (
        f"{balance.rows_read} {form(balance.rows_read, 'row')} read = {loaded} {verb} + {balance.duplicates} duplicates"
        f" + {balance.conflicts} conflicts + {balance.rejected} rejected{rare}"
    )


def _say_error(message: str, hint: str | None = None) -> None:
    say(message if is_json() else f"error: {message}", Level.ERROR, hint=hint)
    if hint is not None and not is_json():
        say(f"  {hint}", Level.ERROR)


def report_failed(failed: Sequence[FailedFile], total: int) -> None:
    """Print which files were not loaded, and why: all of them as JSON, the first few as text."""
    if is_json():
        for one in failed:
            say(one.error.message, Level.ERROR, file=one.uri, where=one.error.where, hint=one.error.hint)
    elif failed:
        show_lines([f"error: {len(failed)} of {counted(total, 'file')} {form(total, 'was', 'were')} not loaded."])
        for one in failed[:_FAILED_SHOWN]:
            # If the error names file and line, the file is not named before.
            place = one.error.where if one.error.where and one.error.where.startswith(one.uri) else one.uri
            more = (part for part in (one.error.where, one.error.hint) if part and part != place)
            show_lines([f"  {one.error.message}", *(f"    {line}" for line in (place, *more))])

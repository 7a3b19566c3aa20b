"""Metrics of a run as a file for node_exporter's textfile collector (Prometheus text format, version 0.0.4)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from iotctl.cli.output.rows import replaced_file
from iotctl.errors import IotctlError
from iotctl.services.ingest.rounds import nothing
from iotctl.services.ingest.tally import IngestSummary

_SUCCESS = "iotctl_ingest_last_success_timestamp_seconds"
_SUCCESS_LINE = re.compile(rf"^{_SUCCESS} ([0-9.e+]+)$", re.MULTILINE)

# Arguments: the summary so far, the exit code so far, and whether loading works.
Measure = Callable[["IngestSummary", int, bool], None]


@contextmanager
def measured(path: Path | None) -> Iterator[Measure]:
    """Gives a function that writes the metrics of a run. They are also written if an error ends the run.

    Raises IotctlError at the start if the folder does not exist.
    """
    if path is not None and not path.parent.is_dir():
        raise IotctlError(
            f"There is no folder {path.parent} for the metrics.", hint="Make the folder, or name another file."
        )
    last = nothing()

    def measure(summary: IngestSummary, exit_code: int, succeeded: bool) -> None:
        nonlocal last
        last = summary
        if path is not None:
            write_metrics(path, summary, exit_code, time.time(), succeeded=succeeded)

    try:
        yield measure
    except IotctlError as error:
        measure(last, error.exit_code, False)
        raise


def write_metrics(path: Path, summary: IngestSummary, exit_code: int, now: float, *, succeeded: bool) -> None:
    """Write the metrics of a run that ended with exit_code at now (seconds since 1970-01-01 UTC).

    The file appears whole or not at all. If this run is no success, the time of the last success stays.
    Raises IotctlError if the file cannot be written.
    """
    success = now if succeeded else _last_success(path)
    balance = summary.balance
    metrics: dict[str, tuple[str, dict[str, float]]] = {
        "iotctl_ingest_rows_read": ("Rows read from files by the last run.", {"": balance.rows_read}),
        "iotctl_ingest_rows": (
            "Rows by outcome; their sum is the rows read.",
            {
                '{ending="loaded"}': balance.loaded,
                '{ending="duplicate"}': balance.duplicates,
                '{ending="conflict"}': balance.conflicts,
                '{ending="rejected"}': balance.rejected,
                '{ending="missing"}': balance.missing,
                '{ending="bad_quality"}': balance.bad_quality,
            },
        ),
        "iotctl_ingest_files": (
            "Objects by outcome. unchanged: loaded before; other: not a data file; unfinished: loaded, except a last"
            " line that may still be being written.",
            {
                '{ending="loaded"}': summary.files,
                '{ending="unchanged"}': summary.unchanged,
                '{ending="other"}': summary.other,
                '{ending="unfinished"}': summary.unfinished,
                '{ending="failed"}': len(summary.failed),
            },
        ),
        "iotctl_ingest_duration_seconds": ("Duration of the last run in seconds.", {"": summary.seconds}),
        "iotctl_ingest_exit_code": ("Exit code of the last run.", {"": int(exit_code)}),
        "iotctl_ingest_last_run_timestamp_seconds": ("When the last run ended.", {"": now}),
    }
    if success is not None:
        metrics[_SUCCESS] = ("When a run, or a round of a watch, last succeeded.", {"": success})
    with replaced_file(path) as file:
        for name, (meaning, samples) in metrics.items():
            lines = [f"# HELP {name} {meaning}", f"# TYPE {name} gauge"]
            lines += [f"{name}{labels} {value!r}" for labels, value in samples.items()]
            file.write(("\n".join(lines) + "\n").encode())


def _last_success(path: Path) -> float | None:
    try:
        found = _SUCCESS_LINE.search(path.read_text())
    except (OSError, UnicodeDecodeError):
        return None
    return float(found[1]) if found else None

"""iotctl rejects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from iotctl.cli.context import open_database
from iotctl.cli.output import Cell, Format, chosen_format, write_rows
from iotctl.model import RejectReason

COLUMNS = ["file", "line", "reason", "text"]


def rejects(
    file: Annotated[str | None, typer.Option(help="Only of files whose name contains this.")] = None,
    reason: Annotated[RejectReason | None, typer.Option(help="Only for this reason.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    form: Annotated[
        Format | None, typer.Option("--format", help="table on a terminal, csv in a pipe where left out.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file, or - for stdout.")] = None,
) -> None:
    """List the rows that were not loaded: file, line (the header's is 1), reason, and the row's text up to 1 kB.

    Example: iotctl rejects --file data_004.csv --format csv
    """
    from iotctl.repositories import Ledger, ensure_schema
    from iotctl.settings import read_settings

    def rows() -> Iterator[tuple[Cell, ...]]:
        with open_database(read_settings()) as database, database.connect() as conn:
            ensure_schema(conn)
            for kept in Ledger(conn).rejects(file, reason, limit):
                yield kept.uri, kept.reject.line, kept.reject.reason.value, kept.reject.text

    write_rows(COLUMNS, rows(), chosen_format(form, output), output)

"""iotctl rejects."""

from __future__ import annotations

from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import FileOption, LimitOption, RowOutput
from iotctl.cli.output.log import say
from iotctl.cli.output.table import Cell, TableView
from iotctl.model import RejectReason
from iotctl.repositories import KeptReject, ensure_schema, list_rejects, reject_counts, rejects_name_fields
from iotctl.settings import read_settings

COLUMNS = ["file", "line", "reason", "text"]
FIELD_COLUMNS = ["file", "line", "field", "reason", "text"]
VIEW = TableView(prose="text", nothing="No rejected row matches.")
COUNT_COLUMNS = ["file", "reason", "rows", "kept"]


def rejects(
    output: RowOutput,
    file: FileOption = None,
    reason: Annotated[
        RejectReason | None,
        typer.Option(metavar="REASON", help=f"Only rows with this reason: {', '.join(RejectReason)}."),
    ] = None,
    count: Annotated[
        bool, typer.Option("--count", help="Count rows per file and reason, also those that are not kept.")
    ] = False,
    limit: LimitOption = None,
) -> None:
    """List the rows that were not loaded: file, line (the header is line 1), reason, and the row's text up to 1 kB.

    Readings of bad quality are included. If the bad field is known, a column names it. The first 1,000 rows of each
    file are kept (ingest --keep-rejects), and the others are counted.

    Example: iotctl rejects --file data_004.csv --format csv
    """
    with open_database(read_settings()) as database, database.connect() as conn:
        ensure_schema(conn)
        if count:
            counts = reject_counts(conn, file, reason, limit)
            rows = ((found.uri, found.reason.value, found.rows, found.kept) for found in counts)
            output.write(COUNT_COLUMNS, rows, TableView(nothing=VIEW.nothing))
            return
        with_field = rejects_name_fields(conn, file, reason)
        found = (_row(kept, with_field=with_field) for kept in list_rejects(conn, file, reason, limit))
        output.write(FIELD_COLUMNS if with_field else COLUMNS, found, VIEW)
        not_kept = sum(found.rows - found.kept for found in reject_counts(conn, file, reason))
    if not_kept:
        say(
            f"{not_kept} more rows were not loaded; of each file the first ones are kept (ingest --keep-rejects), the"
            " others are counted: iotctl rejects --count"
        )


def _row(kept: KeptReject, *, with_field: bool) -> tuple[Cell, ...]:
    reject = kept.reject
    field = (reject.field or None,) if with_field else ()
    return (kept.uri, reject.line, *field, reject.reason.value, reject.text)

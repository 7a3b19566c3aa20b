"""iotctl conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import FormatOption, LimitOption, OutputOption
from iotctl.cli.output.rows import Cell, chosen_format, write_rows

COLUMNS = ["sensor", "timestamp", "value", "file", "kept_value", "kept_file"]


def conflicts(
    file: Annotated[str | None, typer.Option(help="Only where the name of one of the two files contains this.")] = None,
    limit: LimitOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List readings that were not kept because another value of the same sensor and time was: both values, both files.

    The first 1000 of each file are kept for this list; all are counted, by ingest and in iotctl runs. No kept_file:
    another program wrote the value that stays.

    Example: iotctl conflicts --file data_004.csv --format csv
    """
    from iotctl.moments import local_time
    from iotctl.repositories import ensure_schema, list_conflicts
    from iotctl.settings import read_settings

    settings = read_settings()

    def rows() -> Iterator[tuple[Cell, ...]]:
        with open_database(settings) as database, database.connect() as conn:
            ensure_schema(conn)
            for found in list_conflicts(conn, file, limit):
                moment = local_time(found.time, settings.timezone).isoformat()
                yield found.sensor, moment, found.value, found.uri, found.kept_value, found.kept_uri

    write_rows(COLUMNS, rows(), chosen_format(form, output), output)

"""iotctl conflicts."""

from __future__ import annotations

from collections.abc import Iterator

from iotctl.cli.database import open_database
from iotctl.cli.options import FileOption, LimitOption, TimedRowOutput
from iotctl.cli.output.table import Cell, TableView
from iotctl.moments import local_time
from iotctl.repositories import ensure_schema, list_conflicts
from iotctl.settings import read_settings

COLUMNS = ["sensor", "timestamp", "value", "file", "kept_value", "kept_file"]
VIEW = TableView(nothing="No conflict fits: no reading came with two values.")


def conflicts(output: TimedRowOutput, file: FileOption = None, limit: LimitOption = None) -> None:
    """List readings that were not kept because another value of the same sensor and time was: both values, both files.

    --file looks at the names of both files. The first 1000 of each file are kept for this list; all are counted, by
    ingest and in iotctl runs. No kept_file: another program wrote the value that stays.

    Example: iotctl conflicts --file data_004.csv --format csv
    """
    settings = read_settings()

    def rows() -> Iterator[tuple[Cell, ...]]:
        with open_database(settings) as database, database.connect() as conn:
            ensure_schema(conn)
            for found in list_conflicts(conn, file, limit):
                moment = local_time(found.time, output.timezone(settings))
                yield found.sensor, moment, found.value, found.uri, found.kept_value, found.kept_uri

    output.write(COLUMNS, rows(), VIEW)

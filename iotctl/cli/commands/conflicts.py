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
VIEW = TableView(nothing="No conflict matches: no reading came with two values.")


def conflicts(output: TimedRowOutput, file: FileOption = None, limit: LimitOption = None) -> None:
    """List readings that lost to another value of the same sensor and time: both values, both files.

    --file searches the names of both files. The list has the first 1,000 of each file; ingest and iotctl runs count
    all. If kept_file is empty, another program wrote the kept value.

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

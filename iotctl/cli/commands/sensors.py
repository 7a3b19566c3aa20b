"""iotctl sensors."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from iotctl.cli.completion import complete_sensor
from iotctl.cli.database import open_database
from iotctl.cli.options import LimitOption, TimedRowOutput
from iotctl.cli.output.colours import by_state
from iotctl.cli.output.table import Cell, TableView
from iotctl.errors import UsageError
from iotctl.model import Sensor
from iotctl.moments import duration_text, local_time
from iotctl.repositories import SensorRepository, ensure_schema
from iotctl.services.sensor_list import ListedSensor, list_sensors
from iotctl.services.sensor_words import what_they_are
from iotctl.settings import read_settings

COLUMNS = ["sensor", "unit", "state", "last", "last_value", "interval", "readings", "first", "sensor_uuid"]
VIEW = TableView(
    main=("sensor", "unit", "state", "last", "last_value", "interval", "kind"),
    prose="kind",
    colours={"state": by_state},
    nothing="No sensor matches. iotctl ingest and iotctl load-mapping add sensors.",
)
MAPPING_COLUMNS = ["sensor_name", "sensor_uuid", "unit", "low", "high"]


def sensors(
    output: TimedRowOutput,
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="GLOB",
            help="Only sensors with a matching name: 'pump_*', 'pump_?', 'pump_[12]'.",
            autocompletion=complete_sensor,
        ),
    ] = None,
    kinds: Annotated[
        bool,
        typer.Option("--kinds", help="Show what kind each is, from its last saved detection or its first readings."),
    ] = False,
    mapping: Annotated[
        bool, typer.Option("--mapping", help="Print names, limits and labels in the form that load-mapping reads.")
    ] = False,
    limit: LimitOption = None,
) -> None:
    """List the sensors by name: unit, state, last reading and value, usual interval, number of readings, first reading.

    The state is ok, silent (longer than usual for this sensor, while others send) or no readings.

    Example: iotctl sensors 'pump_*' --kinds

    To edit names, units, limits and labels, and load them again: iotctl sensors --mapping -o mapping.csv
    """
    if mapping and kinds:
        raise UsageError("--mapping prints what load-mapping reads, without kinds.", hint="Leave out one of them.")
    settings = read_settings()
    with open_database(settings) as database, database.connect() as conn:
        if mapping:
            ensure_schema(conn)
            columns, rows = _mapping(SensorRepository(conn).all(pattern)[:limit])
        else:
            found = list_sensors(conn, pattern, limit, time.time_ns() // 1000)
            columns, rows = COLUMNS, [_row(one, output.timezone(settings)) for one in found]
            if kinds:
                words = what_they_are([one.sensor for one in found], conn)
                columns = [*columns, "kind"]
                rows = [(*row, words[one.sensor.sensor_id]) for row, one in zip(rows, found, strict=True)]
    output.write(columns, rows, TableView(nothing=VIEW.nothing) if mapping else VIEW)


def _row(one: ListedSensor, timezone: str) -> tuple[Cell, ...]:
    first, last = (None if moment is None else local_time(moment, timezone) for moment in (one.first, one.last))
    interval = None if one.interval_seconds is None else duration_text(one.interval_seconds)
    sensor = one.sensor
    return (
        sensor.title,
        sensor.unit,
        one.state.value,
        last,
        one.last_value,
        interval,
        one.readings,
        first,
        sensor.sensor_uuid,
    )


def _mapping(found: list[Sensor]) -> tuple[list[str], list[tuple[Cell, ...]]]:
    labels = sorted({label for sensor in found for label in sensor.labels})
    return MAPPING_COLUMNS + labels, [
        (sensor.sensor_name, sensor.sensor_uuid, sensor.unit, sensor.low, sensor.high, *map(sensor.labels.get, labels))
        for sensor in found
    ]

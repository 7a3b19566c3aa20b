"""iotctl sensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from iotctl.cli.database import open_database
from iotctl.cli.options import FormatOption, LimitOption, OutputOption
from iotctl.cli.output.rows import Cell, chosen_format, write_rows

if TYPE_CHECKING:
    from iotctl.model import Sensor

COLUMNS = ["sensor_name", "sensor_uuid", "unit", "low", "high"]


def sensors(
    like: Annotated[str | None, typer.Option(help="Only those whose name fits: 'pump_*'; ? for one character.")] = None,
    kinds: Annotated[
        bool, typer.Option("--kinds", help="Say what each is, as its last saved detection or its first readings show.")
    ] = False,
    limit: LimitOption = None,
    form: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the sensors by name, with UUID, unit, physical limits, and a column for each label that one of them has.

    The CSV of sensors with names can be edited and given to load-mapping.

    Example: iotctl sensors --like 'pump_*' --format csv
    """
    from iotctl.repositories import SensorRepository, ensure_schema
    from iotctl.services.sensor_words import what_they_are
    from iotctl.settings import read_settings

    with open_database(read_settings()) as database, database.connect() as conn:
        ensure_schema(conn)
        found = SensorRepository(conn).all(like)[:limit]
        words = what_they_are(found, conn) if kinds else {}
    labels = sorted({label for sensor in found for label in sensor.labels})
    rows = ((*_row(sensor, labels), *([words[sensor.sensor_id]] if kinds else [])) for sensor in found)
    write_rows(COLUMNS + labels + ["kind"] * kinds, rows, chosen_format(form, output), output)


def _row(sensor: Sensor, labels: Sequence[str]) -> tuple[Cell, ...]:
    of_labels = (sensor.labels.get(label) for label in labels)
    return (sensor.sensor_name, sensor.sensor_uuid, sensor.unit, sensor.low, sensor.high, *of_labels)

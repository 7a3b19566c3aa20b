"""connect: the sensors of a database, their readings, and what is wrong with them."""

from __future__ import annotations

import os
import time
import weakref
from contextlib import ExitStack
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pandas as pd
import pyarrow as pa
from pydantic import SecretStr

from iotctl.api.options import USUAL, Limits, MethodName, Period, options_of
from iotctl.api.result import DetectionResult
from iotctl.api.times import Moment, bounds, index_of
from iotctl.api.trouble import said_plainly
from iotctl.errors import UsageError
from iotctl.moments import known_zone
from iotctl.repositories import Database, SensorRepository, ensure_schema, open_storage
from iotctl.secrets import remember_address
from iotctl.settings import Settings, read_settings

if TYPE_CHECKING:
    from iotctl.model import Sensor
    from iotctl.repositories import Series


@said_plainly
def connect(
    database_url: str | None = None, *, home: str | PathLike[str] | None = None, timezone: str | None = None
) -> Fleet:
    """The sensors of a database, as a context manager or until `close()`.

    Settings are those of the command line, from the environment and from .env. database_url, home and timezone replace
    IOTCTL_DATABASE_URL, IOTCTL_HOME and IOTCTL_TIMEZONE. Without any database URL this is the embedded PostgreSQL in
    IOTCTL_HOME; it runs until the last user closes it.

    Raises UnreachableError, ForbiddenError and ConfigurationError where the connection fails.
    """
    remember_address(database_url)
    given: dict[str, Any] = {}
    if database_url is not None:
        given["database_url"] = SecretStr(database_url)
    if home is not None:
        given |= {"home": Path(home).expanduser().absolute()} | ({} if database_url else {"database_url": None})
    if timezone is not None:
        given["timezone"] = known_zone(timezone)
    return Fleet._opened(read_settings().model_copy(update=given))


class Fleet:
    """The sensors of a database; made by `connect`. Times without a zone are in `timezone`."""

    def __init__(self, database: Database, settings: Settings, opened: ExitStack, address: str) -> None:
        self._database, self._settings, self._address = database, settings, address
        self._close = weakref.finalize(self, _close, opened, os.getpid())

    @classmethod
    def _opened(cls, settings: Settings) -> Self:
        with ExitStack() as opened:
            if settings.database_url is not None:
                database = Database(settings.database_url.get_secret_value())
                address = database.address
            else:
                from iotctl.repositories.embedded import embedded_database

                database = opened.enter_context(embedded_database(settings.home))
                address = f"embedded database in {settings.home}"
            with database.connect() as conn:
                ensure_schema(conn)
            return cls(database, settings, opened.pop_all(), address)

    @property
    def timezone(self) -> str:
        """The zone of days and weeks, and of times that are given without a zone."""
        return self._settings.timezone

    @said_plainly
    def sensors(self, pattern: str | None = None) -> pd.DataFrame:
        """The sensors by name, one in each row.

        sensor_name; sensor_uuid; unit; low, high: physical limits, in that unit; state: ok, silent or no readings;
        first, last: the times of its first and last reading, aware, UTC; last_value: of the last one; interval: the
        usual time between two readings, NaT where there is none; readings: their number. Each label has a column, too.

        pattern: a glob on the name, such as "pump_*"; ? is one character.
        """
        from iotctl.api.sensor_table import sensor_table
        from iotctl.services.sensor_list import list_sensors

        with self._open().connect() as conn:
            return sensor_table(list_sensors(conn, pattern, None, time.time_ns() // 1000))

    @said_plainly
    def readings(self, sensor: str, start: Moment | None = None, end: Moment | None = None) -> pd.Series[float]:
        """The readings of a sensor in [start, end), by time, as a pandas Series; its unit is in `attrs["unit"]`.

        sensor: name or UUID. start, end: a datetime or date, or a text as on the command line ("2016-01-31", "now-7d");
        None for open. The index is aware, UTC. Raises NotFoundError with the nearest names.
        """
        found, (times, value) = self._series(sensor, start, end)
        series = pd.Series(value, index=index_of(times).rename("timestamp"), name=found.title)
        if found.unit is not None:
            series.attrs["unit"] = found.unit
        return series

    @said_plainly
    def readings_arrow(self, sensor: str, start: Moment | None = None, end: Moment | None = None) -> pa.Table:
        """The same as a table of pyarrow: timestamp (microseconds, UTC) and sensor_value (float64)."""
        _, (times, value) = self._series(sensor, start, end)
        columns = [pa.array(times).cast(pa.timestamp("us", tz="UTC")), pa.array(value)]
        return pa.table(columns, names=["timestamp", "sensor_value"])

    @said_plainly
    def detect(
        self,
        sensor: str,
        start: Moment | None = None,
        end: Moment | None = None,
        *,
        false_alarms: float = USUAL.false_alarms,
        limits: Limits | None = None,
        reference: Period | None = None,
        holidays: str | None = None,
        threshold: float = USUAL.threshold,
        min_severity: float = USUAL.min_severity,
        method: MethodName = "piecewise",
    ) -> DetectionResult:
        """What is wrong with a sensor in [start, end): the same as `iotctl detect SENSOR --start --end`.

        The readings around the range are read, too, so that a day is judged by its year. Events that people have
        labelled false or expected are left out. limits: by default those of the mapping. holidays: by default
        IOTCTL_HOLIDAYS. Nothing is saved. sensor, start, end: see readings; the others: see `iotctl.detect`. Raises
        NotFoundError with the nearest names.
        """
        from iotctl.api.stored import detect_stored

        options = options_of(
            timezone=self.timezone,
            holidays=self._settings.holidays if holidays is None else holidays,
            false_alarms=false_alarms,
            limits=limits,
            reference=reference,
            threshold=threshold,
            min_severity=min_severity,
            method=method,
        )
        return detect_stored(self._open(), sensor, bounds(start, end, self.timezone), options)

    def close(self) -> None:
        """Close the connection; an embedded server without other users is stopped."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Fleet({self._address})"

    def _open(self) -> Database:
        if not self._close.alive:
            raise UsageError("The connection is closed.", hint="Call iotctl.connect() again.")
        return self._database

    def _series(self, name: str, start: Moment | None, end: Moment | None) -> tuple[Sensor, Series]:
        first, last = bounds(start, end, self.timezone)
        with self._open().connect() as conn:
            storage = open_storage(conn)
            sensor = SensorRepository(conn).find(name)
            return sensor, storage.whole_series(sensor.sensor_id, first, last)


def _close(opened: ExitStack, process: int) -> None:
    if os.getpid() == process:  # a forked copy of this process did not open it
        opened.close()

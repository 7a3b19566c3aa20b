"""detect: what is wrong with a series, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from iotctl import analysis
from iotctl.api.options import USUAL, Limits, MethodName, Period, options_of
from iotctl.api.result import DetectionResult
from iotctl.api.times import NO_TIME, column_of
from iotctl.api.trouble import said_plainly
from iotctl.errors import UsageError
from iotctl.words import counted, form

Times = pd.DatetimeIndex | NDArray[np.datetime64] | Sequence[datetime]


@said_plainly
def detect(
    readings: pd.Series[float] | Times,
    value: ArrayLike | None = None,
    *,
    timezone: str | None = None,
    unit: str | None = None,
    false_alarms: float = USUAL.false_alarms,
    limits: Limits | None = None,
    reference: Period | None = None,
    holidays: str | None = None,
    threshold: float = USUAL.threshold,
    min_severity: float = USUAL.min_severity,
    method: MethodName = "piecewise",
) -> DetectionResult:
    """What is wrong with the readings of one sensor: events, the model of usual readings, and scores.

    readings: a pandas Series of numbers with a DatetimeIndex; or the times alone (a DatetimeIndex, an array of
    datetime64, a list of datetimes, a column of pyarrow), with the numbers in `value`. In any order. Rows without a
    number or a time, and rows that repeat a time, are left out and counted in `dropped`.

    timezone: the zone of the sensor's days and weeks, such as "Europe/Berlin"; by default the zone of the times. Times
    without a zone are in this zone; without it they are refused.
    unit: of the values, for sentences and charts; by default `readings.attrs["unit"]` if there is one.
    false_alarms: about the most that come in a year. limits: the lowest and the highest possible value, None for open.
    reference: (start, end) of a period that is known to be good; the usual is learnt only from it.
    holidays: calendars such as "DE-BW,FR"; their public holidays may be like Sundays; needs iotctl[holidays].
    threshold: robust sigma from which a reading is odd. min_severity: of an event; 0 is usual, +1 per decade of rarity.
    method: "piecewise", or "ruptures" for the textbook method, for comparison.

    Raises UsageError for wrong arguments, ConfigurationError where an extra is missing.
    """
    times, values, name = _columns(readings, value)
    if unit is None and isinstance(readings, pd.Series):
        unit = str(readings.attrs["unit"]) if readings.attrs.get("unit") else None
    time, zone = column_of(times, timezone)
    numbers = _numbers(values)
    if len(time) != len(numbers):
        raise UsageError(
            f"There {form(len(time), 'is', 'are')} {counted(len(time), 'time')} and {counted(len(numbers), 'value')}.",
            hint="Give one value for each time.",
        )
    options = options_of(
        timezone=zone,
        holidays=holidays,
        false_alarms=false_alarms,
        limits=limits,
        reference=reference,
        threshold=threshold,
        min_severity=min_severity,
        method=method,
    )
    has_time = time != NO_TIME
    found = analysis.detect(time[has_time], numbers[has_time], options, unit or "")
    return DetectionResult(
        found, name=name, unit=unit, options=options, without_time=len(time) - int(np.count_nonzero(has_time))
    )


def _columns(readings: object, value: ArrayLike | None) -> tuple[object, object, str]:
    """Times, values, and the name of a series."""
    if isinstance(readings, pd.DataFrame):
        raise UsageError("This is a table, not a series.", hint="Choose a column: detect(table['sensor_value'])")
    if value is not None:
        if isinstance(readings, pd.Series) and not isinstance(value, pd.Series):
            return readings.array, value, "readings"
        name = getattr(value, "name", None)
        return readings, value, "readings" if name is None else str(name)
    if not isinstance(readings, pd.Series):
        raise UsageError("There are no values.", hint="Give a pandas Series, or two columns: detect(time, value)")
    if not isinstance(readings.index, pd.DatetimeIndex):
        raise UsageError(
            "The index of the series does not hold times.",
            hint="Use table.set_index('timestamp')['sensor_value'], or give two columns: detect(time, value)",
        )
    return readings.index, readings, "readings" if readings.name is None else str(readings.name)


def _numbers(value: object) -> NDArray[np.float64]:
    """Values as float64, NaN where there is none. Raises UsageError."""
    try:
        if hasattr(value, "to_pandas"):
            value = value.to_pandas()
        numbers: NDArray[np.float64] = pd.Series(value).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The values are not numbers: {error}.", hint="See pandas.to_numeric(...).") from None
    return numbers

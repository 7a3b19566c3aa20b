"""Times of pandas, numpy and Python to microseconds since 1970-01-01 UTC, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from iotctl.errors import UsageError
from iotctl.moments import known_zone, microseconds_of, parse_time
from iotctl.timezones import find_zone, zone_name

# A time as callers give it.
Moment = str | date | datetime | np.datetime64

NO_TIME = np.iinfo(np.int64).min  # as numpy stores NaT

_AS_TIMES = "Convert them to times first: pandas.to_datetime(..., utc=True), for numbers with unit='s', 'ms' or 'us'."


def microseconds(moment: Moment, timezone: str) -> int:
    """A time in microseconds since 1970-01-01 UTC; without a zone it is in timezone. Raises UsageError."""
    if isinstance(moment, str):
        return parse_time(moment, timezone)
    if isinstance(moment, np.datetime64):
        moment = pd.Timestamp(moment)
    if not isinstance(moment, date) or pd.isna(moment):
        raise UsageError(
            f"A {type(moment).__name__} is not a time.", hint="Give a text such as '2016-01-31', or a datetime."
        )
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=find_zone(timezone))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=find_zone(timezone))
    return microseconds_of(moment)


def bounds(start: Moment | None, end: Moment | None, timezone: str) -> tuple[int | None, int | None]:
    """[start, end) as microseconds, None for open. Raises UsageError where start is not before end."""
    first, last = (None if moment is None else microseconds(moment, timezone) for moment in (start, end))
    if first is not None and last is not None and first >= last:
        raise UsageError("start is not before end.", hint="The range is [start, end): end itself is left out.")
    return first, last


def index_of(time: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Microseconds as an index of pandas, aware, UTC."""
    return pd.DatetimeIndex(time.view("datetime64[us]")).tz_localize("UTC")


def moments(times: Sequence[int | None]) -> pd.DatetimeIndex:
    """Microseconds as aware times, UTC; NaT for None."""
    return index_of(np.array([NO_TIME if time is None else time for time in times], dtype=np.int64))


def column_of(times: object, timezone: str | None) -> tuple[NDArray[np.int64], str]:
    """A column of times as microseconds, NO_TIME where there is none; and the zone of days and weeks.

    The zone is timezone, or the zone of the times where timezone is None. Times without a zone are in timezone.
    Raises UsageError where these are not times, or where they have no zone and timezone is None.
    """
    if hasattr(times, "to_pandas"):  # a column of pyarrow
        times = times.to_pandas()
    index = pd.Index(times)  # type: ignore[call-overload]  # whatever it cannot take is told below
    if len(index) == 0 and not isinstance(index, pd.DatetimeIndex):
        index = pd.DatetimeIndex([], tz="UTC")
    if not isinstance(index, pd.DatetimeIndex):
        raise UsageError(f"These are not times, but {index.dtype} values.", hint=_AS_TIMES)
    if index.tz is None:
        index = _in_zone(index, timezone)
    zone = _name(index.tz) if timezone is None else known_zone(timezone)
    try:
        return index.as_unit("us").asi8, zone
    except pd.errors.OutOfBoundsDatetime:
        raise UsageError(
            "Some times are too far from today.", hint="Times lie between the years 1900 and 2200."
        ) from None


def _in_zone(index: pd.DatetimeIndex, timezone: str | None) -> pd.DatetimeIndex:
    if timezone is None:
        raise UsageError(
            "The times have no time zone.",
            hint="Name it: timezone='Europe/Berlin', or 'UTC'; or give a series with one: series.tz_localize('UTC').",
        )
    try:
        return index.tz_localize(find_zone(known_zone(timezone)), ambiguous="infer")
    except ValueError as error:
        raise UsageError(
            f"The times cannot be read by the clock of {timezone}: {error}.",
            hint="Use series.tz_localize(..., ambiguous=..., nonexistent=...), as pandas describes it.",
        ) from None


def _name(zone: tzinfo | None) -> str:
    """The name of an index's zone; UTC where it has no name that find_zone knows."""
    try:
        return zone_name(str(zone))
    except ValueError:
        return "UTC"

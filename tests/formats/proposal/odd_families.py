"""Files whose columns are easily taken for something else, as FAMILIES has the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from iotctl.formats.proposal.proposal import Hints
from tests.formats.proposal.families import Family, clock, comma, lines, series, values

ODD_FAMILIES: list[Family] = []
UTC = Hints(timezone="UTC")


def family(make: Callable[[], Family]) -> Callable[[], Family]:
    ODD_FAMILIES.append(make())
    return make


@family
def whole_numbers_beside_times_without_zeros() -> Family:
    """The texts of the times are not in their order: 9:50 and 10:00, 30.4. and 1.5."""
    times, temps = clock(timedelta(hours=1), 200, datetime(2021, 4, 25, 22)), values(1, 2, rows=200)
    on = [(row + 12) // 24 % 2 for row in range(200)]
    rows = [
        f"{time.day}.{time.month}.{time.year} {time.hour}:{time:%M};{comma(x)};{state}"
        for time, x, state in zip(times, temps, on, strict=True)
    ]
    truth = {"t": series(times, temps, "UTC"), "on": series(times, [float(state) for state in on], "UTC")}
    return Family("whole-numbers-beside-times", "messnetz-7.csv", lines(*rows), truth, UTC)


@family
def year_first_in_two_digits() -> Family:
    times, temps = clock(timedelta(days=1), 12, datetime(2021, 3, 4)), values(1, rows=12)
    rows = [f"{time:%y-%m-%d},{x}" for time, x in zip(times, temps, strict=True)]
    return Family("year-first", "cellar-7.csv", lines("date,temp", *rows), {"t": series(times, temps, "UTC")}, UTC)


@family
def times_in_quotes_of_their_own() -> Family:
    times, dust = clock(timedelta(hours=1), 60, datetime(2021, 3, 14, 1)), values(1, 0)
    rows = []
    for time, value in zip(times, dust, strict=True):
        day, hour = (time - timedelta(hours=1), 24) if time.hour == 0 else (time, time.hour)
        rows.append(f'"DEBB021";"\'{day:%d.%m.%Y}\'";"\'{hour:02}:00\'";{int(value)};µg/m³')
    truth = {"DEBB021.Feinstaub": series(times, dust, "UTC")}
    content = lines("Stationscode;Datum;Uhrzeit;Feinstaub;Einheit", *rows)
    return Family("times-in-quotes", "werte.csv", content, truth, UTC, sensors=frozenset(truth))


@family
def time_of_the_minimum_of_a_day() -> Family:
    times, temps = clock(timedelta(days=1), 40, datetime(2021, 3, 4)), values(1, 1, rows=40)
    records = [
        {"fecha": f"{time:%Y-%m-%d}", "tmin": comma(x, 1), "horatmin": f"0{row % 9}:{row:02}"}
        for row, (time, x) in enumerate(zip(times, temps, strict=True))
    ]
    truth = {"t": series(times, temps, "UTC")}
    return Family("time-of-the-minimum", "aemet.json", json.dumps(records).encode(), truth, UTC)


@family
def unit_in_a_column_beside_the_name_of_the_place() -> Family:
    times, dust = clock(timedelta(hours=1)), values(1)
    rows = [f"DE/SPO.1,{time:%Y-%m-%d %H:%M:%S},{value},ug.m-3" for time, value in zip(times, dust, strict=True)]
    truth = {"DE/SPO.1": series(times, dust, "UTC")}
    content = lines("Samplingpoint,Start,Value,Unit", *rows)
    units = frozenset({"ug.m-3"})
    return Family("unit-beside", "air.csv", content, truth, UTC, sensors=frozenset(truth), units=units)

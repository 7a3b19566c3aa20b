"""Files with columns that are easily misread, in the form of FAMILIES."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from iotctl.formats.proposal.proposal import Hints
from tests.formats.proposal.families import Family, clock, comma, lines, series, values
from tests.formats.test_xlsx import workbook

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


@family
def dates_and_clocks_of_two_zones() -> Family:
    times, ozone = clock(timedelta(hours=1), 60, datetime(2021, 3, 13, 20)), values(1, 3)
    rows = [
        f'"{local:%Y-%m-%d}","{local:%H:%M}","{time:%Y-%m-%d}","{time:%H:%M}",{x}'
        for time, x in zip(times, ozone, strict=True)
        for local in [time - timedelta(hours=6)]
    ]
    content = lines('"Date Local","Time Local","Date GMT","Time GMT","Ozone"', *rows)
    truth = {"o3": series(times, ozone, "UTC")}
    return Family("two-zones", "ozone-7.csv", content, truth, Hints(), needs_zone=False)


@family
def local_times_beside_those_of_utc() -> Family:
    times, temps = clock(), values(1)
    records = [
        {"local_time": f"{time + timedelta(hours=10):%Y%m%d%H%M%S}", "time_utc": f"{time:%Y%m%d%H%M%S}", "air_temp": x}
        for time, x in zip(times, temps, strict=True)
    ]
    truth = {"t": series(times, temps, "UTC")}
    content = json.dumps({"data": records}).encode()
    return Family("local-beside-utc", "station-7.json", content, truth, Hints(), needs_zone=False)


@family
def pressure_of_an_altimeter_beside_the_height_of_the_station() -> Family:
    times, pressure = clock(), values(1, 2, 1013)
    rows = [f"AMW,{time:%Y-%m-%d %H:%M},291.2,{x}" for time, x in zip(times, pressure, strict=True)]
    truth = {"AMW.alti": series(times, pressure, "UTC")}
    content = lines("station,valid,elevation,alti", *rows)
    return Family("altimeter", "asos.csv", content, truth, UTC, sensors=frozenset(truth))


@family
def signs_apart_from_their_numbers() -> Family:
    times, temps, volts = clock(), values(1, 1, 3), values(2, 2, -1)
    rows = [
        f"{time:%Y/%m/%d %H:%M:%S},{x:+.1f},{y}".replace("+", "+   ").replace(",-", ",-  ")
        for time, x, y in zip(times, temps, volts, strict=True)
    ]
    truth = {"t": series(times, temps, "UTC"), "v": series(times, volts, "UTC")}
    return Family("signs-apart", "gl-7.csv", lines("Date&Time,CH1,CH2", *rows), truth, UTC)


@family
def minus_signs_of_printed_texts() -> Family:
    times, temps = clock(), values(1, 2, -1)
    rows = [f"{time:%Y-%m-%d %H:%M};{comma(x)}".replace(";-", ";−") for time, x in zip(times, temps, strict=True)]
    return Family("minus-signs", "temp-7.csv", lines("Tid;Temperatur", *rows), {"t": series(times, temps, "UTC")}, UTC)


@family
def values_with_times_of_their_own_in_objects() -> Family:
    times, temps, humid = clock(), values(1), values(2, 1, 50)
    late = [time + timedelta(seconds=30) for time in times]
    records = [
        {
            "id": "urn:room:1",
            "temperature": {"value": x, "observedAt": f"{time:%Y-%m-%dT%H:%M:%SZ}"},
            "humidity": {"value": y, "observedAt": f"{other:%Y-%m-%dT%H:%M:%SZ}"},
        }
        for time, other, x, y in zip(times, late, temps, humid, strict=True)
    ]
    truth = {"t": series(times, temps, "UTC"), "rh": series(late, humid, "UTC")}
    content = json.dumps(records).encode()
    return Family("own-times-in-objects", "entities.json", content, truth, Hints(), needs_zone=False)


@family
def milliseconds_beside_a_whole_time() -> Family:
    times, temps = clock(timedelta(seconds=2)), values(1)
    rows = [
        f"{time:%Y/%m/%d %H:%M:%S};{row * 7:03};{x}" for row, (time, x) in enumerate(zip(times, temps, strict=True))
    ]
    exact = [time + timedelta(milliseconds=row * 7) for row, time in enumerate(times)]
    truth = {"t": series(exact, temps, "UTC")}
    return Family("milliseconds-beside-a-whole-time", "ft-7.csv", lines("Time;ms;TT101", *rows), truth, UTC)


@family
def totals_below_a_report() -> Family:
    times, temps = clock(), values(1)
    rows = [f"{time:%d.%m.%Y %H:%M};{comma(x)}" for time, x in zip(times, temps, strict=True)]
    totals = ("Summe;1200,50", "Mittelwert;20,01", "Minimum;15,00", "Maximum;26,00")
    content = lines("Datum;Vorlauf", *rows, *totals)
    return Family("totals", "bericht-7.csv", content, {"t": series(times, temps, "UTC")}, UTC, rejected=4)


@family
def sheet_behind_a_sheet_of_text() -> Family:
    times, temps = clock(), values(1)
    rows: list[list[object]] = [["Time", "Temperature"], *([t, x] for t, x in zip(times, temps, strict=True))]
    content = workbook(["Read me"], ["Values of the boiler"], further={"Values": rows})
    truth = {"t": series(times, temps, "UTC")}
    return Family("second-sheet", "boiler-7.xlsx", content, truth, UTC, tolerance=1000)


@family
def date_in_a_name_without_a_suffix() -> Family:
    times, load = clock(), values(1)
    rows = [
        f"{int(time.replace(tzinfo=ZoneInfo('UTC')).timestamp())}.000,{x}" for time, x in zip(times, load, strict=True)
    ]
    truth = {"load": series(times, load, "UTC")}
    content = lines("epoch,value", *rows)
    return Family(
        "no-suffix", "load-2021-03-14", content, truth, Hints(), needs_zone=False, sensors=frozenset({"load"})
    )


@family
def devices_that_look_like_powers_of_ten() -> Family:
    times, temps = clock(), values(1)
    rows = [f"{time:%Y-%m-%d %H:%M},1E{row % 3},{x}" for row, (time, x) in enumerate(zip(times, temps, strict=True))]
    truth = {f"1E{at}": series(times[at::3], temps[at::3], "UTC") for at in range(3)}
    content = lines("Time,device,value", *rows)
    return Family("powers-of-ten", "bus.csv", content, truth, UTC, sensors=frozenset(truth))

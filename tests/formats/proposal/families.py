"""Files of weather services, loggers, historians, meters and dashboards, with the readings in them.

Each file is made from the expected times and values, so that these do not come from any reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sin
from zoneinfo import ZoneInfo

from iotctl.formats.proposal.proposal import Hints

ROWS = 60
BERLIN = Hints(timezone="Europe/Berlin")
_START = datetime(2021, 3, 14, 22, 0)

Series = list[tuple[int, float]]


@dataclass(frozen=True)
class Family:
    """A file. truth: some name of a series -> its readings; times in microseconds since 1970 UTC.

    needs_zone: whether a zone must be told. missing, bad_quality, rejected: how many values. sensors: their names, and
    units: those that must be found; where it matters. tolerance: microseconds that a time may be off.
    """

    slug: str
    name: str
    content: bytes
    truth: Mapping[str, Series]
    hints: Hints = BERLIN
    needs_zone: bool = True
    missing: int = 0
    bad_quality: int = 0
    rejected: int = 0
    sensors: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()
    tolerance: int = 0


def clock(step: timedelta = timedelta(minutes=10), rows: int = ROWS, start: datetime = _START) -> list[datetime]:
    """Times of a clock on a wall, over midnight."""
    return [start + step * row for row in range(rows)]


def instant(moment: datetime, zone: str = "Europe/Berlin") -> int:
    """Microseconds since 1970 UTC of a time of a zone."""
    aware = moment.replace(tzinfo=UTC if zone == "UTC" else ZoneInfo(zone))
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def values(seed: float, decimals: int = 2, middle: float = 20.0, rows: int = ROWS) -> list[float]:
    """Values around a middle, different for each series."""
    return [round(middle + 5 * sin(seed + row / 7) + (row * 7 % 13) / 10, decimals) for row in range(rows)]


def series(times: Sequence[datetime], numbers: Sequence[float | None], zone: str = "Europe/Berlin") -> Series:
    """Readings, without those that have no value."""
    return [(instant(time, zone), number) for time, number in zip(times, numbers, strict=True) if number is not None]


def comma(number: float, decimals: int = 2) -> str:
    """A number with a decimal comma."""
    return f"{number:.{decimals}f}".replace(".", ",")


FAMILIES: list[Family] = []


def family(make: Callable[[], Family]) -> Callable[[], Family]:
    """Add a file to the list."""
    FAMILIES.append(make())
    return make


def lines(*parts: str, end: str = "\n") -> bytes:
    """Lines in UTF-8."""
    return "".join(part + end for part in parts).encode()


# --- loggers


@family
def campbell() -> Family:
    times, volts, temps = clock(), values(1), values(2, 3)
    cells: list[float | None] = [*temps]
    cells[5] = cells[6] = None
    rows = [
        f'"{time:%Y-%m-%d %H:%M:%S}",{501 + row},{volt},{"NAN" if temp is None else temp}'
        for row, (time, volt, temp) in enumerate(zip(times, volts, cells, strict=True))
    ]
    head = (
        '"TOA5","roof","CR6","4711","CR6.Std.10","CPU:roof.CR6","99","Ten"',
        '"TIMESTAMP","RECORD","Batt_V","Air_C"',
        '"TS","RN","V","Deg C"',
        '"","","Smp","Avg"',
    )
    truth = {"volt": series(times, volts), "temp": series(times, cells)}
    return Family("campbell", "roof_Ten.dat", lines(*head, *rows, end="\r\n"), truth, missing=2)


@family
def hobo() -> Family:
    times, temps, humid = clock(), values(1), values(2, 1, 50)
    rows = [
        f"{row + 1},{time:%m/%d/%y %I:%M:%S %p},{temp},{rh},,"
        for row, (time, temp, rh) in enumerate(zip(times, temps, humid, strict=True))
    ]
    head = (
        '"Plot Title: cellar"',
        '"#","Date Time, GMT+01:00","Temp, °C (LGR S/N: 10, SEN S/N: 11)","RH, % (LGR S/N: 10, SEN S/N: 12)",'
        '"Host Connected (LGR S/N: 10)","End Of File (LGR S/N: 10)"',
    )
    truth = {"temp": series(times, temps), "rh": series(times, humid)}
    return Family("hobo", "cellar.csv", lines(*head, *rows), truth, Hints(), needs_zone=False)


@family
def intel() -> Family:
    times = clock()
    truth, rows, missing = {}, [], 0
    for mote in (1, 2, 3):
        temps, humid = values(mote, 4), values(mote + 5, 4, 40)
        for row, (time, temp, rh) in enumerate(zip(times, temps, humid, strict=True)):
            cut = row in {9, 31}
            missing += cut
            rows.append(f"{time:%Y-%m-%d %H:%M:%S}.{row:06} {3 + 20 * row} {mote} {temp}" + ("" if cut else f" {rh}"))
        exact = [time + timedelta(microseconds=row) for row, time in enumerate(times)]
        truth[f"t{mote}"] = series(exact, temps)
        truth[f"h{mote}"] = [one for row, one in enumerate(series(exact, humid)) if row not in {9, 31}]
    return Family("intel", "data.txt", lines(*rows), truth, missing=missing)


@family
def labview() -> Family:
    force, sound = values(1, 6), values(2, 6)
    start = datetime(2020, 11, 15, 9, 23, 13, 820_000)
    rows = [
        f"{comma(row / 1000, 6)}\t{comma(a, 6)}\t{comma(b, 6)}\t"
        for row, (a, b) in enumerate(zip(force, sound, strict=True))
    ]
    head = (
        "LabVIEW Measurement\t",
        "Separator\tTab",
        "Decimal_Separator\t,",
        "Date\t2020/11/15",
        "Time\t09:23:13,82",
        "***End_of_Header***\t",
        "\t",
        "Channels\t2\t\t",
        f"Samples\t{ROWS}\t{ROWS}\t",
        "Date\t2020/11/15\t2020/11/15\t",
        "Time\t09:23:13,82\t09:23:13,82\t",
        "Y_Unit_Label\tN\tPa\t",
        "X0\t0,0E+0\t0,0E+0\t",
        "Delta_X\t1,0E-3\t1,0E-3\t",
        "***End_of_Header***\t\t\t",
        "X_Value\tForce\tSound\tComment",
    )
    times = [start + timedelta(milliseconds=row) for row in range(ROWS)]
    return Family(
        "labview",
        "run7.lvm",
        lines(*head, *rows),
        {"f": series(times, force), "s": series(times, sound)},
        units=frozenset({"N", "Pa"}),
    )


@family
def german_controller() -> Family:
    times, flow, back = clock(), values(1, 1, 50), values(2, 1, 40)
    cells: list[float | None] = [*back]
    cells[3] = None
    rows = [
        f"{time:%d.%m.%Y};{time:%H:%M:%S};{comma(a, 1)};{'---' if b is None else comma(b, 1)}"
        for time, a, b in zip(times, flow, cells, strict=True)
    ]
    content = "".join(line + "\r\n" for line in ("Datum;Uhrzeit;Vorlauf [°C];Rücklauf [°C]", *rows)).encode("latin-1")
    truth = {"a": series(times, flow), "b": series(times, cells)}
    return Family("german-controller", "log_210314.csv", content, truth, missing=1)


@family
def dos_box() -> Family:
    times, temps = clock(), values(1, 1)
    rows = [f"{time:%d.%m.%Y %H:%M:%S};{comma(temp, 1)}" for time, temp in zip(times, temps, strict=True)]
    content = "".join(line + "\r\n" for line in ("Zeit;Kühlwasser (°C)", *rows)).encode("cp850")
    truth = {"t": series(times, temps)}
    return Family("dos-box", "kuehlung.csv", content, truth, units=frozenset({"°C"}))


@family
def excel_numbers() -> Family:
    times, temps = clock(timedelta(minutes=6)), values(1, 3)
    day = datetime(1899, 12, 30)
    rows = [
        f"{comma((time - day) / timedelta(days=1), 9)};{comma(temp, 2)}"
        for time, temp in zip(times, temps, strict=True)
    ]
    truth = {"t": series(times, [round(temp, 2) for temp in temps])}
    return Family("excel-numbers", "ofen.csv", lines("Zeit;Wert", *rows), truth, tolerance=50_000)


@family
def excel_utf16() -> Family:
    times, temps = clock(), values(1)
    rows = [f"{time:%d.%m.%Y %H:%M}\t{comma(temp)}" for time, temp in zip(times, temps, strict=True)]
    content = "\r\n".join(("Datum\tÖltemperatur", *rows, "")).encode("utf-16")
    return Family("excel-utf16", "presse.txt", content, {"t": series(times, temps)})


@family
def serial_in_preamble() -> Family:
    times, temps = clock(), values(1)
    rows = [f"{time:%Y/%m/%d},{time:%H:%M:%S},{temp}" for time, temp in zip(times, temps, strict=True)]
    head = (
        "Logger model,TX-3",
        "Serial Number: 998877",
        "Firmware,1.2",
        "",
        "Date (UTC),Time (UTC),Temperature (degC)",
    )
    truth = {"t": series(times, temps, "UTC")}
    return Family(
        "serial-in-preamble",
        "export.csv",
        lines(*head, *rows),
        truth,
        Hints(),
        needs_zone=False,
        sensors=frozenset({"998877.Temperature"}),
    )


@family
def swiss_thousands() -> Family:
    times, power = clock(), values(1, 1, 2400)
    rows = [f"{time:%d.%m.%Y %H:%M};{power:,.1f}".replace(",", "'") for time, power in zip(times, power, strict=True)]
    return Family("swiss-thousands", "turbine2.csv", lines("Zeit;Leistung [kW]", *rows), {"p": series(times, power)})


# --- weather services


@family
def dwd() -> Family:
    times, temps = clock(timedelta(hours=1)), values(1, 1)
    cells: list[float | None] = [*temps]
    cells[7] = cells[8] = None
    rows = [
        f"       2573;{time:%Y%m%d%H};    3;{-999 if temp is None else temp:6};eor"
        for time, temp in zip(times, cells, strict=True)
    ]
    truth = {"t": series(times, cells, "UTC")}
    hints = Hints(timezone="UTC", nulls=("-999",))
    head = "STATIONS_ID;MESS_DATUM;QN_9;TT_TU;eor"
    return Family(
        "dwd",
        "produkt_02573.txt",
        lines(head, *rows, end="\r\n"),
        truth,
        hints,
        missing=2,
        sensors=frozenset({"2573.TT_TU"}),
    )


@family
def knmi() -> Family:
    start = datetime(2021, 3, 14, 1)
    times, wind, temps = clock(timedelta(hours=1), 72, start), values(1, 0, 50, 72), values(2, 0, 90, 72)
    rows = []
    for time, a, b in zip(times, wind, temps, strict=True):
        day = time if time.hour else time - timedelta(days=1)
        rows.append(f"  235,{day:%Y%m%d},{time.hour or 24:5},{a:5.0f},{b:5.0f}")
    head = ("# SOURCE: A WEATHER SERVICE", "#", "# FH  : wind (0.1 m/s)", "# STN,YYYYMMDD,   HH,   FH,    T", "# ")
    truth = {"w": series(times, wind, "UTC"), "t": series(times, temps, "UTC")}
    return Family("knmi", "uurgeg_235.txt", lines(*head, *rows, end="\r\n"), truth, Hints(timezone="UTC"))


@family
def buoy() -> Family:
    times, wind, wave = clock(timedelta(minutes=50)), values(1, 1), values(2, 2, 3)
    cells: list[float | None] = [*wave]
    cells[4] = None
    rows = [
        f"{time:%Y %m %d %H %M} {a:5} {'MM' if b is None else b:>5}"
        for time, a, b in zip(times, wind, cells, strict=True)
    ]
    head = ("#YY  MM DD hh mm WSPD  WVHT", "#yr  mo dy hr mn m/s     m")
    truth = {"a": series(times, wind, "UTC"), "b": series(times, cells, "UTC")}
    return Family(
        "buoy", "41001.txt", lines(*head, *rows), truth, Hints(timezone="UTC"), missing=1, units=frozenset({"m/s", "m"})
    )


@family
def isd_lite() -> Family:
    times, temps = clock(timedelta(hours=1)), values(1, 0, 120)
    cells: list[float | None] = [*temps]
    cells[11] = None
    rows = [
        f"{time:%Y %m %d %H} {-9999 if temp is None else int(temp):5} {row % 7 - 40:5}"
        for row, (time, temp) in enumerate(zip(times, cells, strict=True))
    ]
    truth = {"t": series(times, cells, "UTC"), "d": series(times, [row % 7 - 40 for row in range(ROWS)], "UTC")}
    hints = Hints(timezone="UTC", nulls=("-9999",))
    return Family("isd-lite", "722860-23119.txt", lines(*rows), truth, hints, missing=1)


@family
def meteostat() -> Family:
    times, temps, humid = clock(timedelta(hours=1)), values(1, 1), values(2, 1, 70)
    rows = [f"{time:%Y-%m-%d},{time.hour},{a},{b},,,," for time, a, b in zip(times, temps, humid, strict=True)]
    truth = {"a": series(times, temps, "UTC"), "b": series(times, humid, "UTC")}
    return Family("meteostat", "10637.csv", lines(*rows), truth, Hints(timezone="UTC"))


@family
def open_meteo() -> Family:
    times, temps = clock(timedelta(hours=1)), values(1, 1)
    rows = [f"{time:%Y-%m-%dT%H:%M},{temp}" for time, temp in zip(times, temps, strict=True)]
    head = ("latitude,longitude,elevation,timezone", "52.52,13.41,38.0,GMT", "", "time,temperature_2m (°C)")
    truth = {"t": series(times, temps, "UTC")}
    return Family(
        "open-meteo", "open-meteo.csv", lines(*head, *rows), truth, Hints(timezone="UTC"), units=frozenset({"°C"})
    )


@family
def canada() -> Family:
    times, temps = clock(timedelta(hours=1)), values(1, 1)
    rows = [
        f'"-75.7","45.4","OTTAWA","6105978","{time:%Y-%m-%d %H:%M}","{time:%Y}","{time:%m}","{time:%d}","{time:%H:%M}","{temp}",""'
        for time, temp in zip(times, temps, strict=True)
    ]
    head = (
        '"Longitude (x)","Latitude (y)","Station Name","Climate ID","Date/Time (LST)","Year","Month","Day","Time (LST)",'
        '"Temp (°C)","Temp Flag"'
    )
    hints = Hints(timezone="-05:00")
    truth = {"t": [(at + 5 * 3_600_000_000, value) for at, value in series(times, temps, "UTC")]}
    return Family("canada", "en_climate_hourly_ON_2021.csv", lines(head, *rows), truth, hints)


@family
def smhi() -> Family:
    times, temps = clock(timedelta(hours=1)), values(1, 1)
    rows = [
        f"{time:%Y-%m-%d};{time:%H:%M:%S};{temp};{'GY'[row % 9 == 0]};;"
        for row, (time, temp) in enumerate(zip(times, temps, strict=True))
    ]
    head = (
        "Stationsnamn;Klimatnummer;Mäthöjd",
        "Abisko;188790;2.0",
        "",
        "Parameternamn;Beskrivning;Enhet",
        "Lufttemperatur;momentanvärde;celsius",
        "",
        "Datum;Tid (UTC);Lufttemperatur;Kvalitet;;Tidsutsnitt:",
    )
    truth = {"t": series(times, temps, "UTC")}
    return Family("smhi", "smhi-opendata_188790.csv", lines(*head, *rows), truth, Hints(), needs_zone=False)


@family
def meteoswiss() -> Family:
    times, temps = clock(), values(1, 1)
    cells: list[float | None] = [*temps]
    cells[2] = None
    rows = [f"BER;{time:%Y%m%d%H%M};{'-' if temp is None else temp}" for time, temp in zip(times, cells, strict=True)]
    truth = {"t": series(times, cells, "UTC")}
    hints = Hints(timezone="UTC")
    return Family("meteoswiss", "VQHA80.csv", lines("stn;time;tre200s0", *rows), truth, hints, missing=1)


@family
def noaa() -> Family:
    times, temps, dew = clock(timedelta(hours=1)), values(1, 0, 200), values(2, 0, 100)
    cells: list[float | None] = [*temps]
    cells[5] = None
    rows = [
        f'"72286","{time:%Y-%m-%dT%H:%M:%S}","40.5","-122.3","REDDING, CA US","FM-15","{130 + row:03},1,N,0046,1",'
        f'"{"+9999,9" if a is None else f"{int(a):+05},1"}","{int(b):+05},1"'
        for row, (time, a, b) in enumerate(zip(times, cells, dew, strict=True))
    ]
    truth = {"t": series(times, cells, "UTC"), "d": series(times, dew, "UTC")}
    hints = Hints(timezone="UTC", nulls=("+9999",))
    head = '"STATION","DATE","LATITUDE","LONGITUDE","NAME","REPORT_TYPE","WND","TMP","DEW"'
    return Family("noaa", "72286.csv", lines(head, *rows), truth, hints, missing=1)


@family
def usgs() -> Family:
    times, flow, level = clock(timedelta(minutes=15)), values(1, 0, 4000), values(2, 2, 4)
    cells: list[float | None] = [*flow]
    cells[8] = cells[9] = None
    rows = [
        f"USGS\t04264331\t{time:%Y-%m-%d %H:%M}\tEST\t{'Ice' if a is None else int(a)}\t{'AP'[row > 30]}\t{b}\tA"
        for row, (time, a, b) in enumerate(zip(times, cells, level, strict=True))
    ]
    head = (
        "# Some of the data may not be approved.",
        "#",
        "agency_cd\tsite_no\tdatetime\ttz_cd\t1_00060\t1_00060_cd\t2_00065\t2_00065_cd",
        "5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s",
    )
    shift = 5 * 3_600_000_000
    truth = {
        "a": [(at + shift, value) for at, value in series(times, cells, "UTC")],
        "b": [(at + shift, value) for at, value in series(times, level, "UTC")],
    }
    return Family("usgs", "04264331.txt", lines(*head, *rows), truth, Hints(), needs_zone=False, missing=2)


@family
def daily_parts() -> Family:
    times, rain = clock(timedelta(days=1)), values(1, 1, 8)
    rows = [f"IDCJAC0009,066062,{time:%Y},{time:%m},{time:%d},{mm}" for time, mm in zip(times, rain, strict=True)]
    head = "Product code,Station number,Year,Month,Day,Rainfall amount (mm)"
    days = [time.replace(hour=0) for time in times]
    return Family("daily-parts", "IDCJAC0009_066062.csv", lines(head, *rows), {"r": series(days, rain)})


# --- historians and control systems


@family
def historian_percent() -> Family:
    times, first, second = clock(), values(1, 3), values(2, 3)
    rows = ["[Data]", "Tagname,TimeStamp,Value,DataQuality"]
    truth: dict[str, Series] = {}
    for name, numbers in (("BOILER.LEVEL", first), ("PUMP.VIB", second)):
        cells: list[float | None] = [*numbers]
        for row, (time, number) in enumerate(zip(times, numbers, strict=True)):
            bad = row in {4, 40}
            rows.append(f"{name},{time.month}/{time.day}/{time:%y %H:%M},{number},{'Bad' if bad else 'Good'}")
            cells[row] = None if bad else number
        truth[name] = series(times, cells)
    return Family(
        "historian",
        "historian.csv",
        lines(*rows, end="\r\n"),
        truth,
        bad_quality=4,
        sensors=frozenset({"BOILER.LEVEL", "PUMP.VIB"}),
    )


@family
def pi_archive() -> Family:
    times, numbers = clock(), values(1, 3)
    cells: list[float | None] = [*numbers]
    rows = ["Tag,Timestamp,Value,Status"]
    for row, (time, number) in enumerate(zip(times, numbers, strict=True)):
        text, status = str(number), "Good"
        if row in {7, 8}:
            text, status, cells[row] = "I/O Timeout", "Bad", None
        rows += [f"U1.FIC302.PV,{time:%Y-%m-%d %H:%M:%S},{text},{status}"] * (2 if row == 20 else 1)
    truth = {"U1.FIC302.PV": series(times, cells)}
    truth["U1.FIC302.PV"].insert(18, truth["U1.FIC302.PV"][18])
    return Family("pi-archive", "pi.csv", lines(*rows), truth, missing=2)


@family
def opc_quality() -> Family:
    times, numbers = clock(), values(1, 3)
    cells: list[float | None] = [*numbers]
    cells[9] = None
    rows = [
        f"{time:%d/%m/%Y %H:%M:%S},Reactor1.TT101,{number},{0 if cell is None else 192}"
        for time, number, cell in zip(times, numbers, cells, strict=True)
    ]
    head = "DateTime,TagName,Value,OPCQuality"
    return Family("opc-quality", "ww.csv", lines(head, *rows), {"t": series(times, cells)}, bad_quality=1)


@family
def quality_of_each_value() -> Family:
    times, flow, temps = clock(), values(1), values(2)
    cells: list[float | None] = [*temps]
    cells[9] = cells[10] = None
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S};{a};good;{b};{'bad' if cell is None else 'good'}"
        for time, a, b, cell in zip(times, flow, temps, cells, strict=True)
    ]
    head = "time;flow;flow_quality;temp;temp_quality"
    truth = {"a": series(times, flow), "b": series(times, cells)}
    return Family("quality-of-each-value", "plc3.csv", lines(head, *rows), truth, bad_quality=2)


@family
def simatic() -> Family:
    times, first, second = clock(), values(1), values(2)
    rows = ['"VarName";"TimeString";"VarValue";"Validity";"Time_ms"']
    day = datetime(1899, 12, 30)
    for time, a, b in zip(times, first, second, strict=True):
        number = comma((time - day) / timedelta(days=1) * 1_000_000)
        rows += [
            f'"{name}";"{time:%d.%m.%y %H:%M:%S}";{comma(v)};1;{number}' for name, v in (("Kessel", a), ("Druck", b))
        ]
    truth = {"Kessel": series(times, first), "Druck": series(times, second)}
    return Family("simatic", "Data_log0.csv", lines(*rows, end="\r\n"), truth, sensors=frozenset({"Kessel", "Druck"}))


@family
def ignition_month_names() -> Family:
    times, temps = clock(), values(1)
    rows = [f'"{time:%d-%b-%Y %H:%M:%S}","Line 4/Oven",{temp}' for time, temp in zip(times, temps, strict=True)]
    return Family(
        "month-names",
        "tags.csv",
        lines('"t_stamp","tag","value"', *rows),
        {"t": series(times, temps)},
        sensors=frozenset({"Line 4/Oven"}),
    )


@family
def skab() -> Family:
    times, a, b = clock(timedelta(seconds=1)), values(1, 5), values(2, 3)
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S};{x};{y};{float(row > 40)};0.0"
        for row, (time, x, y) in enumerate(zip(times, a, b, strict=True))
    ]
    head = "datetime;Accelerometer1RMS;Volume Flow RateRMS;anomaly;changepoint"
    return Family("labels", "1.csv", lines(head, *rows), {"a": series(times, a), "b": series(times, b)})


# --- meters and plants


@family
def sma() -> Family:
    times, energy = clock(timedelta(minutes=5)), values(1, 3, 17_990)
    rows = [f"{time:%d.%m.%Y %H:%M};{comma(number, 3)}" for time, number in zip(times, energy, strict=True)]
    head = (
        "sep=;",
        "Version CSV1|Tool SE|Linebreaks CR/LF|Delimiter semicolon|Decimalpoint comma|Precision 3",
        "",
        ";SN: 2100000001",
        ";SB 5000TL-20",
        ";2100000001",
        ";Gesamtertrag",
        ";Counter",
        "dd.MM.yyyy HH:mm;kWh",
    )
    return Family(
        "sma",
        "plant-20210314.csv",
        lines(*head, *rows, end="\r\n"),
        {"e": series(times, energy)},
        sensors=frozenset({"2100000001.Gesamtertrag"}),
        units=frozenset({"kWh"}),
    )


@family
def units_below() -> Family:
    times, used, fed = clock(timedelta(minutes=5)), values(1, 2, 100), values(2, 2, 300)
    cells: list[float | None] = [*fed]
    cells[3] = cells[30] = None
    rows = [
        f'{time:%d.%m.%Y %H:%M},"{comma(a)}",' + ("" if b is None else f'"{comma(b)}"')
        for time, a, b in zip(times, used, cells, strict=True)
    ]
    head = ("Datum und Uhrzeit,Direkt verbraucht,Eingespeist", "[dd.MM.yyyy HH:mm],[Wh],[Wh]")
    truth = {"a": series(times, used), "b": series(times, cells)}
    return Family("units-below", "14032021_Dach.csv", lines(*head, *rows), truth, missing=2, units=frozenset({"Wh"}))


@family
def two_lines_of_names() -> Family:
    times, a, b, c = clock(), values(1, 1), values(2, 1), values(3, 1)
    rows = [
        f"{time:%d.%m.%Y %H:%M};{comma(x, 1)};{comma(y, 1)};{comma(z, 1)}"
        for time, x, y, z in zip(times, a, b, c, strict=True)
    ]
    head = (";Kessel;Kessel;Puffer", "Zeit;Vorlauf;Rücklauf;Oben", ";°C;°C;°C")
    truth = {"a": series(times, a), "b": series(times, b), "c": series(times, c)}
    return Family("two-lines-of-names", "anlage.csv", lines(*head, *rows), truth, units=frozenset({"°C"}))


@family
def smard() -> Family:
    times, wind, coal = clock(timedelta(hours=1)), values(1, 2, 4000), values(2, 2, 900)
    cells: list[float | None] = [*coal]
    cells[3] = None

    def german(number: float) -> str:
        return f"{number:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")

    rows = [
        f"{time:%d.%m.%Y %H:%M};{time + timedelta(hours=1):%d.%m.%Y %H:%M};{german(a)};{'-' if b is None else german(b)}"
        for time, a, b in zip(times, wind, cells, strict=True)
    ]
    head = "Datum von;Datum bis;Wind Onshore [MWh];Steinkohle [MWh]"
    truth = {"a": series(times, wind), "b": series(times, cells)}
    return Family("smard", "Realisierte_Erzeugung.csv", lines(head, *rows), truth, missing=1)


@family
def intervals() -> Family:
    times, load = clock(timedelta(minutes=15)), values(1, 0, 5000)
    rows = [
        f'"{time:%d.%m.%Y %H:%M} - {time + timedelta(minutes=15):%d.%m.%Y %H:%M}","{int(number)}"'
        for time, number in zip(times, load, strict=True)
    ]
    return Family(
        "intervals", "load.csv", lines('"Time (CET/CEST)","Actual Total Load [MW]"', *rows), {"l": series(times, load)}
    )


@family
def hours_to_24() -> Family:
    start = datetime(2021, 3, 14, 1)
    times, energy = clock(timedelta(hours=1), 72, start), values(1, 3, 0.9, 72)
    rows = []
    for time, number in zip(times, energy, strict=True):
        day = time if time.hour else time - timedelta(days=1)
        rows.append(f"ES0031300000000001JN;{day:%d/%m/%Y};{time.hour or 24};{comma(number, 3)};R")
    head = "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion"
    return Family("hours-to-24", "consumo.csv", lines(head, *rows), {"e": series(times, energy)})


@family
def green_button() -> Family:
    times, usage = clock(timedelta(minutes=15)), values(1, 2, 1)
    rows = [
        f"Electric usage,{time:%m/%d/%Y},{time:%H:%M},{time + timedelta(minutes=14):%H:%M},{number},kWh,"
        for time, number in zip(times, usage, strict=True)
    ]
    head = ("Name,JANE DOE", "Address,1 ELM STREET", "", "Type,Date,Start Time,End Time,Usage,Units,Notes")
    return Family("green-button", "electric.csv", lines(*head, *rows), {"u": series(times, usage)})


@family
def london() -> Family:
    times = clock(timedelta(minutes=30))
    rows, truth = ["LCLid,stdorToU,DateTime,KWH/hh (per half hour) "], {}
    for number, meter in enumerate(("MAC000002", "MAC000003")):
        cells: list[float | None] = [*values(number, 3, 1)]
        cells[12] = None
        rows += [
            f"{meter},Std,{time:%Y-%m-%d %H:%M:%S}.0000000,{'Null' if cell is None else cell}"
            for time, cell in zip(times, cells, strict=True)
        ]
        truth[meter] = series(times, cells)
    return Family("london", "LCL.csv", lines(*rows), truth, missing=2)


@family
def household() -> Family:
    times, a, b = clock(timedelta(minutes=1)), values(1, 3, 3), values(2, 3, 230)
    cells: list[float | None] = [*b]
    cells[30] = None
    rows = [
        f"{time.day}/{time.month}/{time.year};{time:%H:%M:%S};{x};{'?' if y is None else y}"
        for time, x, y in zip(times, a, cells, strict=True)
    ]
    truth = {"a": series(times, a), "b": series(times, cells)}
    return Family("household", "household.txt", lines("Date;Time;Active_power;Voltage", *rows), truth, missing=1)


@family
def channel_files() -> Family:
    times, power = clock(timedelta(seconds=6)), values(1, 0, 300)
    rows = [f"{instant(time) // 1_000_000} {int(number)}" for time, number in zip(times, power, strict=True)]
    return Family(
        "channel-files",
        "channel_3.dat",
        lines(*rows),
        {"p": series(times, power)},
        Hints(),
        False,
        sensors=frozenset({"channel_3"}),
    )


@family
def netatmo() -> Family:
    times, temps, humid = clock(timedelta(minutes=5)), values(1, 1), values(2, 0, 60)
    rows = [
        f'{instant(time) // 1_000_000};"{time:%Y/%m/%d %H:%M:%S}";{a};{int(b)}'
        for time, a, b in zip(times, temps, humid, strict=True)
    ]
    head = 'Timestamp;"Timezone : Europe/Berlin";Temperature;Humidity'
    truth = {"a": series(times, temps), "b": series(times, humid)}
    return Family("netatmo", "Indoor_14_3_2021.csv", lines(head, *rows), truth, Hints(), needs_zone=False)


# --- dashboards, gateways, databases


@family
def telegraf() -> Family:
    times, truth = clock(), dict[str, Series]()
    rows = ["name,time,host,hum,temp"]
    for number, host in enumerate(("edge-01", "gateway")):
        hum: list[float | None] = [*values(number, 1, 50)]
        temps = values(number + 5, 3)
        hum[17] = None
        rows += [
            f"climate,{instant(time) * 1000},{host},{'' if h is None else h},{t}"
            for time, h, t in zip(times, hum, temps, strict=True)
        ]
        truth |= {f"h{host}": series(times, hum), f"t{host}": series(times, temps)}
    return Family("telegraf", "climate.csv", lines(*rows), truth, Hints(), needs_zone=False, missing=2)


@family
def grafana() -> Family:
    times, temps, bars = clock(), values(1, 3), values(2, 2, 8)
    cells: list[float | None] = [*bars]
    cells[30] = None
    rows = [
        f'"{time:%Y-%m-%d %H:%M:%S}",{a} °C,' + ("" if b is None else f"{b} bar")
        for time, a, b in zip(times, temps, cells, strict=True)
    ]
    content = b"\xef\xbb\xbf" + lines('"Time","boiler","flow line"', *rows)
    truth = {"a": series(times, temps), "b": series(times, cells)}
    return Family("grafana", "Panel-data.csv", content, truth, missing=1, units=frozenset({"°C", "bar"}))


@family
def home_assistant() -> Family:
    times = clock()
    rows, truth = ["entity_id,state,last_changed"], {}
    for number, entity in enumerate(("sensor.pump_power", "sensor.cellar_humidity")):
        cells: list[float | None] = [*values(number, 2)]
        cells[12] = None
        rows += [
            f"{entity},{'unavailable' if cell is None else cell},{time:%Y-%m-%dT%H:%M:%S}.819Z"
            for time, cell in zip(times, cells, strict=True)
        ]
        truth[entity] = [(at + 819_000, value) for at, value in series(times, cells, "UTC")]
    return Family("home-assistant", "history.csv", lines(*rows), truth, Hints(), False, 2, sensors=frozenset(truth))


@family
def kaggle() -> Family:
    times, truth = clock(), dict[str, Series]()
    rows = ['"ts","device","co","light","temp"']
    for number, device in enumerate(("00:0f:00:70:91:0a", "1c:bf:ce:15:ec:4d")):
        gas, temps = values(number, 6, 0), values(number + 5, 1)
        rows += [
            f'"{instant(time) / 1e15:.9f}E9","{device}","{a}","false","{b}"'
            for time, a, b in zip(times, gas, temps, strict=True)
        ]
        truth |= {f"a{device}": series(times, gas), f"b{device}": series(times, temps)}
    return Family("kaggle", "iot_telemetry.csv", lines(*rows), truth, Hints(), needs_zone=False)


@family
def mqtt() -> Family:
    times, a, b = clock(timedelta(minutes=5)), values(1), values(2)
    rows = []
    for row, (time, x, y) in enumerate(zip(times, a, b, strict=True)):
        rows += [
            f"{time:%Y-%m-%dT%H:%M:%S}Z plant/p7/temp {x}",
            f"{time + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}Z plant/p7/bar {y}",
        ]
        if row % 30 == 0:
            rows.append(f"{time:%Y-%m-%dT%H:%M:%S}Z plant/p7/status online")
    late = [time + timedelta(seconds=1) for time in times]
    truth = {"plant/p7/temp": series(times, a, "UTC"), "plant/p7/bar": series(late, b, "UTC")}
    return Family(
        "mqtt", "mqtt.log", lines(*rows), truth, Hints(), needs_zone=False, rejected=2, sensors=frozenset(truth)
    )


@family
def sensor_community() -> Family:
    times, a, b = clock(), values(1), values(2)
    rows = [
        f"58805;SDS011;29402;48.778;9.236;{time:%Y-%m-%dT%H:%M:%S};{x};;;{y};;"
        for time, x, y in zip(times, a, b, strict=True)
    ]
    head = "sensor_id;sensor_type;location;lat;lon;timestamp;P1;durP1;ratioP1;P2;durP2;ratioP2"
    truth = {"58805.P1": series(times, a, "UTC"), "58805.P2": series(times, b, "UTC")}
    return Family(
        "sensor-community",
        "2021-03-14_sds011.csv",
        lines(head, *rows),
        truth,
        Hints(timezone="UTC"),
        sensors=frozenset(truth),
    )


@family
def thingspeak() -> Family:
    times, a = clock(), values(1, 6)
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S} UTC,{24268 + row},{x}" for row, (time, x) in enumerate(zip(times, a, strict=True))
    ]
    truth = {"a": series(times, a, "UTC")}
    return Family(
        "thingspeak", "feed.csv", lines("created_at,entry_id,field1", *rows), truth, Hints(), needs_zone=False
    )


@family
def psql_table() -> Family:
    times = clock()
    rows, truth = [], {}
    for number, device in enumerate(("demo001", "Ofen-2")):
        temps = values(number, 3)
        rows += [
            f" {time:%Y-%m-%d %H:%M:%S}+00 | {device:9} | {temp:11}" for time, temp in zip(times, temps, strict=True)
        ]
        truth[device] = series(times, temps, "UTC")
    head = ("          time          | sensor_id | temperature ", "------------------------+-----------+-------------")
    content = lines(*head, *rows, "(120 rows)")
    return Family("psql-table", "query.txt", content, truth, Hints(), needs_zone=False, rejected=1)


@family
def r_table() -> Family:
    times, a, b = clock(), values(1), values(2)
    rows = [
        f'"{row + 1}" "{time:%Y-%m-%d %H:%M:%S}" {x} {y}'
        for row, (time, x, y) in enumerate(zip(times, a, b, strict=True))
    ]
    truth = {"a": series(times, a), "b": series(times, b)}
    return Family("r-table", "frame.txt", lines('"time" "temp" "hum"', *rows), truth)


@family
def pandas_index() -> Family:
    times, a = clock(), values(1)
    rows = [f"{row},{time:%Y-%m-%d %H:%M:%S},{x}" for row, (time, x) in enumerate(zip(times, a, strict=True))]
    return Family("pandas-index", "mixer.csv", lines(",time,torque", *rows), {"a": series(times, a)})


@family
def graphite() -> Family:
    times = clock()
    rows, truth = [], {}
    for number, metric in enumerate(("servers.a.load", "servers.b.load")):
        numbers = values(number)
        rows += [f"{metric},{time:%Y-%m-%d %H:%M:%S},{value}" for time, value in zip(times, numbers, strict=True)]
        truth[metric] = series(times, numbers)
    return Family("graphite", "render.csv", lines(*rows), truth, sensors=frozenset(truth))


@family
def many_tags() -> Family:
    times = clock(rows=30)
    columns = [values(tag, 3, rows=30) for tag in range(60)]
    rows = [
        "\t".join([str(instant(time) // 1000), *(str(column[row]) for column in columns)])
        for row, time in enumerate(times)
    ]
    head = "\t".join(["Time", *(f"LINE{tag}.FT{tag}.PV" for tag in range(60))])
    truth = {f"LINE{tag}.FT{tag}.PV": series(times, column) for tag, column in enumerate(columns)}
    return Family("many-tags", "tags.tsv", lines(head, *rows), truth, Hints(), False, sensors=frozenset(truth))


@family
def device_and_metric() -> Family:
    times, rows, truth = clock(), ["time,device,metric,value,unit"], {}
    for number, (device, metric, unit) in enumerate(
        (("a", "temp", "°C"), ("a", "amps", "A"), ("b", "temp", "°C"), ("b", "amps", "A"))
    ):
        numbers = values(number)
        rows += [
            f"{time:%Y-%m-%dT%H:%M:%S}+01:00,{device},{metric},{value},{unit}"
            for time, value in zip(times, numbers, strict=True)
        ]
        truth[f"{device}.{metric}"] = series(times, numbers)
    units = frozenset({"°C", "A"})
    return Family(
        "device-and-metric", "long.csv", lines(*rows), truth, Hints(), False, sensors=frozenset(truth), units=units
    )


@family
def commented_header() -> Family:
    times, a, b = clock(), values(1), values(2)
    rows = [f"{time:%Y-%m-%d %H:%M:%S},{x},{y}" for time, x, y in zip(times, a, b, strict=True)]
    return Family(
        "commented-header", "mill.csv", lines("#time,temp,hum", *rows), {"a": series(times, a), "b": series(times, b)}
    )


@family
def trailing_delimiter() -> Family:
    times, a, b = clock(), values(1), values(2)
    rows = [f"{time:%Y-%m-%d %H:%M:%S};{x};{y};" for time, x, y in zip(times, a, b, strict=True)]
    return Family(
        "trailing-delimiter", "mill.csv", lines("time;temp;hum", *rows), {"a": series(times, a), "b": series(times, b)}
    )


@family
def torn_lines() -> Family:
    times, a, b = clock(), values(1), values(2)
    rows = [f"{time:%Y-%m-%d %H:%M:%S},{x},{y}" for time, x, y in zip(times, a, b, strict=True)]
    rows[20] = rows[20][:15]
    cells: list[float | None] = [None if row == 20 else number for row, number in enumerate(a)]
    other: list[float | None] = [None if row == 20 else number for row, number in enumerate(b)]
    truth = {"a": series(times, cells), "b": series(times, other)}
    return Family("torn-line", "mill.csv", lines("time,temp,hum", *rows), truth, rejected=1)


@family
def device_and_day_in_the_name() -> Family:
    times, a, b = clock(), values(1), values(2)
    rows = [f"{time:%Y-%m-%d %H:%M:%S},{x},{y}" for time, x, y in zip(times, a, b, strict=True)]
    truth = {"pump-3.temp": series(times, a), "pump-3.hum": series(times, b)}
    return Family(
        "device-and-day", "pump-3_20210314.csv", lines("time,temp,hum", *rows), truth, sensors=frozenset(truth)
    )


@family
def twelve_hours() -> Family:
    times, a = clock(), values(1)
    rows = [f"{time:%m/%d/%Y %I:%M %p},{x}" for time, x in zip(times, a, strict=True)]
    return Family("twelve-hours", "usage.csv", lines("Time,Value", *rows), {"a": series(times, a)})


@family
def day_and_month_alike() -> Family:
    times, a = clock(start=datetime(2021, 1, 5)), values(1, 1)
    rows = [f"{time:%d/%m/%y %H:%M};Caldera;{comma(x, 1)}" for time, x in zip(times, a, strict=True)]
    hints = Hints(timezone="Europe/Berlin", day_first=True)
    content = lines("Fecha;Equipo;Valor", *rows, end="\r\n")
    return Family(
        "day-and-month-alike",
        "registro.csv",
        content,
        {"Caldera": series(times, a)},
        hints,
        sensors=frozenset({"Caldera"}),
    )


@family
def blocks_with_times_of_their_own() -> Family:
    times, flow, temps = clock(), values(1), values(2)
    late = [time + timedelta(seconds=30) for time in times]
    rows = [
        f"{a:%d.%m.%Y %H:%M:%S};{comma(x)};" + (f"{b:%d.%m.%Y %H:%M:%S};{comma(y)}" if row < 40 else ";")
        for row, (a, x, b, y) in enumerate(zip(times, flow, late, temps, strict=True))
    ]
    truth = {"flow": series(times, flow), "temp": series(late[:40], temps[:40])}
    return Family("blocks", "trend.csv", lines("Zeit 1;Durchfluss;Zeit 2;Temperatur", *rows), truth, missing=20)


@family
def milliseconds_beside() -> Family:
    times, temps = clock(timedelta(seconds=2)), values(1)
    rows = [
        f"{time:%Y/%m/%d};{time:%H:%M:%S};{row * 7:03};B;{temp}"
        for row, (time, temp) in enumerate(zip(times, temps, strict=True))
    ]
    exact = [time + timedelta(milliseconds=row * 7) for row, time in enumerate(times)]
    return Family("milliseconds", "ft.csv", lines("Date;Time;Millitm;Marker;TT101", *rows), {"t": series(exact, temps)})


@family
def stations_that_look_like_numbers() -> Family:
    times, rows, truth = clock(timedelta(hours=1)), ["date,hour,station,PM2.5"], dict[str, Series]()
    for number, station in enumerate(("1001A", "1002A")):
        dust = values(number, 0)
        rows += [f"{time:%Y%m%d},{time.hour},{station},{int(value)}" for time, value in zip(times, dust, strict=True)]
        truth[f"{station}.PM2.5"] = series(times, dust)
    return Family("stations", "china.csv", lines(*rows), truth, sensors=frozenset(truth))


@family
def days_of_the_week() -> Family:
    times, energy = clock(timedelta(hours=3)), values(1, 1, 12_000)
    names = ["Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"]
    rows = [
        f"{names[time.weekday()]};{time:%d.%m.%Y};{time:%H:%M};{comma(value, 1)}"
        for time, value in zip(times, energy, strict=True)
    ]
    content = "".join(line + "\r\n" for line in ("Tag;Datum;Uhrzeit;Zähler kWh", *rows)).encode("cp1252")
    return Family("days-of-the-week", "haus.csv", content, {"e": series(times, energy)}, units=frozenset({"kWh"}))


@family
def serial_number_in_the_first_row() -> Family:
    times, temps = clock(), values(1, 1)
    rows = [
        f"{row + 1},{time:%d/%m/%Y %H:%M:%S},{temp}" + (",000012345" if row == 0 else "")
        for row, (time, temp) in enumerate(zip(times, temps, strict=True))
    ]
    head = "EL-USB-2,Time,Celsius(°C),Serial Number"
    return Family("serial-in-the-first-row", "usb.csv", lines(head, *rows), {"t": series(times, temps)})


@family
def names_in_two_lines() -> Family:
    times, a, b = clock(), values(1, 1), values(2, 1)
    rows = [f"{time:%d.%m.%y}\t{time:%H:%M}\t{x}\t{y}" for time, x, y in zip(times, a, b, strict=True)]
    head = ("\t\tTemp\tHi", "Date\tTime\tOut\tTemp")
    truth = {"davis.Temp Out": series(times, a), "davis.Hi Temp": series(times, b)}
    return Family("names-in-two-lines", "davis.txt", lines(*head, *rows), truth, sensors=frozenset(truth))

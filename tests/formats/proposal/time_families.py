"""Files whose times are written in one of the many ways that there are; see families."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.formats.proposal.families import BERLIN, Family, clock, instant, values

# What a row's time is in the file's first columns, by the names of these columns.
Written = Callable[[datetime], str]


def _month(moment: datetime, names: str) -> str:
    return names.split()[moment.month - 1]


def _hour_from_one(moment: datetime) -> tuple[datetime, int]:
    """The day and the hour of a clock that goes from 1 to 24."""
    return (moment - timedelta(days=1), 24) if moment.hour == 0 else (moment, moment.hour)


def _epex(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y %H:%M} - {moment + timedelta(minutes=15):%d/%m/%Y %H:%M}"


def _half(moment: datetime) -> str:
    return (
        f"{moment.month}/{moment.day}/{moment:%y},{int(f'{moment:%I}')}:{moment:%M} {'a' if moment.hour < 12 else 'p'}"
    )


def _hours_from_one(moment: datetime) -> str:
    day, hour = _hour_from_one(moment)
    return f"{day:%Y%m%d},{hour:5d}"


QUARTERS = timedelta(minutes=15)
ITALIAN = "gen feb mar apr mag giu lug ago set ott nov dic"
FRENCH = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."

WAYS: Mapping[str, tuple[str, Written, dict[str, Any]]] = {
    "year-and-day-of-year": (
        "Year,DOY,HHMM",
        lambda t: f"{t:%Y},{t.timetuple().tm_yday},{t.hour * 100 + t.minute}",
        {},
    ),
    "year-month-day-hhmm": ("YYYY,MM,DD,hhmm", lambda t: f"{t:%Y},{t.month},{t.day},{t.hour * 100 + t.minute}", {}),
    "year-month-day-hour": ("Year,Month,Day,Hour", lambda t: f"{t.year},{t.month},{t.day},{t.hour}", {"step": 60}),
    "date-and-hour-from-one": ("YYYYMMDD,HH", _hours_from_one, {"step": 60}),
    "clock-with-a-point": ("Datum,Uhrzeit", lambda t: f"{t:%d.%m.%Y},{t.hour}.{t:%M}", {}),
    "twelve-hours-and-a-letter": ("Date,Time", _half, {"month_first": True}),
    "italian-months": ("Data", lambda t: f"{t:%d}-{_month(t, ITALIAN)}-{t:%Y %H.%M.%S}", {}),
    "french-months": ("Horodatage", lambda t: f"{t.day} {_month(t, FRENCH)} {t:%Y %H:%M}", {}),
    "apache": ("time", lambda t: f"[{t:%d/%b/%Y:%H:%M:%S} +0100]", {"zoned": True}),
    "ctime": ("time", lambda t: f"{t:%a %b} {t.day:2d} {t:%H:%M:%S %Y}", {}),
    "go": ("time", lambda t: f"{t:%Y-%m-%d %H:%M:%S}.{t.minute:03d} +0100 CET", {"zoned": True, "milliseconds": True}),
    "java": ("time", lambda t: f"{t:%Y-%m-%dT%H:%M:%S}+01:00[Europe/Berlin]", {"zoned": True}),
    "start-and-end": ("MTU", _epex, {"step": 15}),
    "start-and-clock": ("Interval", lambda t: f"{t:%Y-%m-%d %H:%M} - {t + QUARTERS:%H:%M}", {"step": 15}),
    "packed": ("time", lambda t: f"{t:%Y%m%d%H%M%S}", {}),
    "packed-with-milliseconds": ("time", lambda t: f"{t:%Y%m%d%H%M%S}{t.minute:03d}", {"milliseconds": True}),
    "log4j": ("time", lambda t: f'"{t:%Y-%m-%d %H:%M:%S},{t.minute:03d}"', {"milliseconds": True}),
    "east-asia": ("time", lambda t: f"{t.year}年{t.month}月{t.day}日 {t:%H:%M}", {}),
}


def _family(slug: str) -> Family:
    head, written, more = WAYS[slug]
    times, temps = clock(timedelta(minutes=more.get("step", 10))), values(1, 2)
    rows = [f"{written(time)},{temp}\r\n" for time, temp in zip(times, temps, strict=True)]
    truth = [
        (instant(time) + 1000 * time.minute * more.get("milliseconds", False), temp)
        for time, temp in zip(times, temps, strict=True)
    ]
    content = f"{head},Temp\r\n{''.join(rows)}".encode()
    return Family(f"time-{slug}", "log.csv", content, {"t": truth}, BERLIN, needs_zone=not more.get("zoned"))


TIME_FAMILIES = [_family(slug) for slug in WAYS]

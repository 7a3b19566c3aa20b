"""Reads zones in a field: offsets, abbreviations, names of the tz database."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from iotctl.formats.times.iso import Times
from iotctl.formats.times.typed_times import printed
from iotctl.formats.times.zones import local_offsets
from iotctl.timezones import find_zone

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 -- a local time
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000

# Minutes east of Greenwich. Those of the United States are as in mail since RFC 822, and as USGS and NOAA write them;
# AST is their Atlantic time. For CST in a file from China, the layout's zone decides, see with_zones.
_OFFSET_MINUTES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MET": 60, "MEST": 120,
    "MEZ": 60, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180, "CAT": 120, "EAT": 180, "WAT": 60, "SAST": 120,
    "NST": -210, "NDT": -150, "AST": -240, "ADT": -180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300,
    "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600, "CHST": 600,
    "PKT": 300, "WIB": 420, "HKT": 480, "SGT": 480, "AWST": 480, "JST": 540, "KST": 540, "ACST": 570, "ACDT": 630,
    "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
}  # fmt: skip
_SEVERAL = {
    "IST": "India (+05:30), Ireland (+01:00) or Israel (+02:00)",
    "BST": "Britain in summer (+01:00) or Bangladesh (+06:00)",
    "SST": "Samoa (-11:00) or Singapore (+08:00)",
    "GST": "the Gulf (+04:00) or Guam (+10:00)",
    "ECT": "Ecuador (-05:00) or the eastern Caribbean (-04:00)",
    "AMT": "the Amazon (-04:00) or Armenia (+04:00)",
}


class _Zone(Enum):
    BLANK = "blank"  # the time stays naive


_ABBREVIATION = re.compile(r"[A-Z]{1,5}", re.ASCII)
_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d|(?:[01]\d|2[0-3])(?:(:?)([0-5]\d)(?:\3([0-5]\d))?)?)", re.ASCII)


def with_zones(times: Times, zones: pa.Array, timezone: str | None = None) -> Times:
    """Naive times as UTC, each by the zone of its row. Times that are not naive stay.

    zones: (n,) texts, such as EST, CET, +01:00, UTC+2, Europe/Berlin. timezone: of the layout; its own abbreviations
    have its offsets: CST is +08:00 in Asia/Shanghai. If the zone is blank or null, the time stays naive. If the zone is
    unknown or ambiguous, or its clock shows the time twice or never, the time is odd; zone_problem says why.
    """
    texts = zones if pa.types.is_dictionary(zones.type) else printed(zones)
    if texts is None:  # of a type that cannot name zones
        return Times(times.time, times.naive, times.odd | times.naive)
    encoded = texts if pa.types.is_dictionary(texts.type) else texts.dictionary_encode()
    zone = [_zone_or_none(text, timezone) for text in encoded.dictionary.to_pylist()]
    at = encoded.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)
    at = np.where(times.naive & ~times.odd, at, -1)
    # One more entry, at -1, for times that stay as they are.
    is_blank = np.array([*(found is _Zone.BLANK for found in zone), True])[at]
    is_unknown = np.array([*(found is None for found in zone), False])[at]
    fixed = np.array([*(found if isinstance(found, int) else 0 for found in zone), 0])[at]
    found = Times(times.time - fixed, times.naive & is_blank, times.odd | is_unknown)
    for number, clock in enumerate(zone):  # few: there are 600 of them
        if isinstance(clock, ZoneInfo):
            rows = np.flatnonzero(at == number)
            local = local_offsets(times.time[rows], clock.key)
            found.time[rows] -= local.offset
            found.odd[rows] = local.change >= 0
    return found


def _zone_or_none(text: str | None, timezone: str | None) -> int | ZoneInfo | _Zone | None:
    if text is None or not str(text).strip():
        return _Zone.BLANK
    try:
        return _zone_offset(str(text), timezone)
    except ValueError:
        return None


def zone_problem(zone: str, timezone: str | None = None) -> str | None:
    """The problem of the name of a zone, for people; None if it is right. timezone: see with_zones."""
    try:
        _zone_offset(zone, timezone)
    except ValueError as error:
        return str(error)
    return None


def local_to_utc(local: int, zone: str, timezone: str | None = None) -> int:
    """A local time as UTC, both in microseconds. Raises ValueError if it is odd for with_zones."""
    found = _zone_offset(zone, timezone)
    if isinstance(found, int):
        return local - found
    moment = _EPOCH + timedelta(microseconds=local)
    early, late = (moment.replace(tzinfo=found, fold=fold).utcoffset() for fold in (0, 1))
    if early is None or early != late:
        raise ValueError(f"the clock of {zone} shows this time twice, or never")
    return local - early // _MICROSECOND


def offset_of(text: str) -> int:
    """An offset (+01, +0100, +01:00, Z, UTC, GMT) in microseconds east of Greenwich. Raises ValueError."""
    text = text.upper().replace("\u2212", "-")
    if text in ("Z", "UTC", "GMT"):
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an offset such as +01:00")
    sign, hours, _, minutes, seconds = match.groups()
    offset = (int(hours[:2]) * 60 + int(minutes or 0)) * _MINUTE + int(seconds or 0) * 1_000_000
    return -offset if sign == "-" else offset


@lru_cache(maxsize=1024)
def _zone_offset(zone: str, timezone: str | None) -> int | ZoneInfo:
    """A fixed offset in microseconds, or a zone with a clock. Raises ValueError with the reason if it is neither."""
    name = zone.strip().replace("\u2212", "-")
    if name.startswith("(") and name.endswith(")"):
        name = name[1:-1].strip()
    if _ABBREVIATION.fullmatch(upper := name.upper()):
        own = _own_abbreviations(timezone) if timezone else {}
        if len(meant := own.get(upper, set())) == 1:
            return min(meant)
        if upper in _OFFSET_MINUTES:
            return _OFFSET_MINUTES[upper] * _MINUTE
        if upper in _SEVERAL:
            raise ValueError(f"{name} can mean {_SEVERAL[upper]}")
    try:
        found = find_zone(name)
    except ValueError:
        raise ValueError(f"there is no zone {zone.strip()!r}") from None
    if isinstance(found, ZoneInfo):
        return found
    offset = found.utcoffset(None)
    assert offset is not None
    return offset // _MICROSECOND


@lru_cache(maxsize=64)
def _own_abbreviations(timezone: str) -> dict[str, set[int]]:
    """Abbreviation -> offsets of a zone, in these decades."""
    try:
        zone = find_zone(timezone)
    except ValueError:
        return {}
    found: dict[str, set[int]] = {}
    for month in range(12 * 50):
        moment = datetime(1990 + month // 12, month % 12 + 1, 15, tzinfo=zone)
        name, offset = moment.tzname(), moment.utcoffset()
        if name and offset is not None:
            found.setdefault(name.upper(), set()).add(offset // _MICROSECOND)
    return found

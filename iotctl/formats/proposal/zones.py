"""Finds the zone of the times of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.words import is_zone_name
from iotctl.formats.times.zone_names import zone_problem
from iotctl.timezones import find_zone

# Date Time, GMT+01:00; time (UTC); datetime_utc
_IN_TITLE = re.compile(r"(?:^|[^A-Za-z])(?:UTC|GMT)\s*([+-]\d{1,2}(?::?\d\d)?)?(?:$|[^A-Za-z\d])|[a-z](Utc|UTC)$")
_IN_TITLE_SMALL = re.compile(r"(?:^|[_\s(.-])(?:utc|gmt)(?:$|[_\s).-])")
_NAMED = re.compile(r"\b((?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_/+-]+)")
_IN_PREAMBLE = re.compile(r"time\s*zone\W{1,4}(\S+)|\b(?:times?|zeiten?)\b.{0,30}\b(?:in|are)\s+(UTC|GMT)\b", re.I)


def zone_in_titles(titles: Sequence[str], preamble: Sequence[str]) -> tuple[str, str] | None:
    """The zone in names of time columns or in the lines before the table, and its place; None if there is none."""
    for title in titles:
        if (match := _IN_TITLE.search(title)) or (match := _IN_TITLE_SMALL.search(title)):
            offset = match[1] if match.re is _IN_TITLE else None
            return _offset(offset), f"the column's name, {title!r}"
        if (match := _NAMED.search(title)) and _is_zone(match[1]):
            return match[1], f"the column's name, {title!r}"
    for line in preamble:
        if match := _IN_PREAMBLE.search(line):
            name = (match[1] or match[2]).strip("\"',;)")
            if _is_zone(name):
                return name, f"a line before the table, {line.strip()[:60]!r}"
    return None


def names_zone(title: str) -> bool:
    """Whether the name of a time column contains a zone."""
    return zone_in_titles([title], ()) is not None


def zone_column(table: Table, used: Sequence[str]) -> str | None:
    """The column that names the zone of each time, if there is one."""
    for column in table.others(used):
        if column.type is ColumnType.TEXT and is_zone_name(column.title) and _all_zones(column):
            return column.name
    return None


def _all_zones(column: Column) -> bool:
    return bool(column.counts) and all(zone_problem(text) is None for text in column.counts)


def _offset(text: str | None) -> str:
    """An offset for a layout: +1 becomes +01:00, no offset becomes UTC."""
    if not text or not text.strip("+-0:"):
        return "UTC"
    digits = text[1:].replace(":", "")
    hours, minutes = (digits, "00") if len(digits) <= 2 else (digits[:-2], digits[-2:])
    return f"{text[0]}{int(hours):02}:{minutes}"


def _is_zone(name: str) -> bool:
    try:
        find_zone(name)
    except ValueError:
        return False
    return True

"""The [time] part of a layout: format, zone, and the start of a counting time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from iotctl.formats.layouts.layout import TimeLayout
from iotctl.formats.proposal.file_names import as_pattern
from iotctl.formats.proposal.proposal import Doubt, Hints, Weight
from iotctl.formats.proposal.table import Table
from iotctl.formats.proposal.time_formats import TimeColumns, column_formats
from iotctl.formats.proposal.zones import zone_in_titles
from iotctl.formats.times.candidates import Candidate, TimeKind

_START = re.compile(
    r"""^[\s"'#;]*((?:[\w ]*\b)?(?:start|begin|date|time|trigger|recorded|created|datum|beginn)[\w ()]*)
    ["']?\s*([:=;,\t])\s*["']?(?P<text>[^;\t"]+)""",
    re.VERBOSE | re.IGNORECASE,
)

# Below this likelihood, the other order gives days that are years apart, or in the future.
_LIKELY_YEAR = 0.2

Found = tuple[TimeLayout, Mapping[str, str], list[Doubt]]


def time_layout(table: Table, time: TimeColumns, zone: str | None, preamble: Sequence[str], hints: Hints) -> Found:
    """The [time] part of a layout, its fields from the lines before the table, and doubts."""
    doubts: list[Doubt] = []
    best = _chosen(time, hints, doubts)
    doubts += _year_doubts(time, best, hints)
    layout = TimeLayout(time.fields, best.format, timezone_field=zone)
    fields: Mapping[str, str] = {}
    if best.kind is TimeKind.ELAPSED:
        layout, fields = _with_start(layout, preamble, doubts)
    if time.hours_from_one:
        doubts.append(
            Doubt(
                "hours are 1 to 24: they are read as the end of each hour, 24 as the midnight after", weight=Weight.NOTE
            )
        )
    if best.is_interval:
        doubts.append(
            Doubt("a time has start and end: the start counts", "interval_end = true in the layout", weight=Weight.NOTE)
        )
    is_naive = best.naive is not False and best.kind is not TimeKind.EPOCH
    if is_naive and zone is None:
        told = zone_in_titles([table[field].title for field in time.fields], preamble)
        if told is not None:
            zone_name, where = told
            layout = replace(layout, timezone=zone_name)
            if hints.timezone not in {None, zone_name}:
                text = f"the times are in {zone_name}, as {where} says, and not in {hints.timezone}"
                doubts.append(Doubt(text, "timezone in the layout", Weight.NOTE))
        elif hints.timezone is not None:
            layout = replace(layout, timezone=hints.timezone)
        else:
            doubts.append(Doubt("the times have no zone: which one is it?", "--timezone ZONE"))
    return layout, fields, doubts


def _chosen(time: TimeColumns, hints: Hints, doubts: list[Doubt]) -> Candidate:
    """The format. If the texts do not show the order of day and month, the option decides."""
    orders = {candidate.day_first for candidate in time.candidates.formats} - {None}
    if hints.day_first is not None and orders:
        told = [candidate for candidate in time.candidates.formats if candidate.day_first in {hints.day_first, None}]
        if told:
            return told[0]
        order = "month" if hints.day_first else "day"
        option = "--month-first" if hints.day_first else "--day-first"
        doubts.append(Doubt(f"the times have the {order} first, unlike the option", option, weight=Weight.NEEDED))
    elif len(orders) > 1 and time.candidates.day_first is None:
        text = "the order of day and month is not clear: both orders fit all rows"
        doubts.append(Doubt(text, "--day-first or --month-first", weight=Weight.NEEDED))
    return time.best


def _year_doubts(time: TimeColumns, best: Candidate, hints: Hints) -> list[Doubt]:
    """Whether a two-digit year may also be the first number, because all rows are of a few days.

    Between points, the year is never first. A person who gives the order of day and month has seen the year.
    """
    if hints.day_first is not None or not re.search(r"%[dm][/-]%[dm][/-]%y", best.format):
        return []
    other = next((one for one in time.candidates.formats if re.search(r"%y.%m.%d", one.format)), None)
    if other is None or other.likelihood < _LIKELY_YEAR:
        return []
    text = f"the two-digit year may be the first number of a date, or the last: {best.format} is used"
    return [Doubt(text, f"--day-first or --month-first, or format = '{other.format}' in the layout")]


def _with_start(
    layout: TimeLayout, preamble: Sequence[str], doubts: list[Doubt]
) -> tuple[TimeLayout, Mapping[str, str]]:
    """The layout with the start from the lines before the table: in one line, or date and time in two."""
    found: dict[str, tuple[str, str]] = {}
    for line in preamble:
        if match := _START.match(line):
            text = match["text"].strip()
            before = line[: match.start("text")]
            pattern = f"^{as_pattern(before)}" + r'([^;\t"\r\n]+)'
            found.setdefault(pattern, (text, match[1]))
    dates, clocks = {}, {}
    for pattern, (text, _) in found.items():
        candidates = column_formats(Counter([text]))
        if candidates.is_time_of_day:
            clocks[pattern] = text
        elif candidates.best is not None and candidates.best.kind is TimeKind.WRITTEN:
            if not candidates.best.is_date:
                fields = {"start": pattern}
                return _since(layout, fields, candidates.best), fields
            dates[pattern] = text
    if dates and clocks:
        (date, day), (clock, time) = next(iter(dates.items())), next(iter(clocks.items()))
        best = column_formats(Counter([f"{day} {time}"])).best
        if best is not None:
            fields = {"start_date": date, "start_time": clock}
            return _since(layout, fields, best), fields
    doubts.append(
        Doubt("the time counts from a start that the file does not name", "since in the layout", weight=Weight.NEEDED)
    )
    return layout, {}


def _since(layout: TimeLayout, fields: Mapping[str, str], best: Candidate) -> TimeLayout:
    return replace(layout, since=tuple(fields), since_format=best.format)

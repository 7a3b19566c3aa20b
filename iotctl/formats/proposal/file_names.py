"""Finds the name of a sensor in a file's name, and in the lines before its table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iotctl.formats.containers.suffixes import unpacked
from iotctl.formats.proposal.word_sets import word_set

_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d{2}[-_.]?\d{2}[-_.]?\d{2}|\d{2}[-_.]\d{2}[-_.]\d{2,4}|\d{8}|\d{6}|(?:19|20)\d{2}[-_]\d{2}"
    r"|(?:19|20)\d{2}[-_](?:19|20)\d{2}|(?:19|20)\d{2})(?:[T_-]?\d{2}[-:_.]?\d{2}(?:[-:_.]?\d{2})?Z?)?(?!\d)"
)
_GENERIC = word_set(
    """data log logs logger readings reading messwerte messung messungen export exports exported history historian
    sensor sensors values value test sample output out file feed feeds panel usage results result download
    report timeseries ts measurements measurement records record telemetry table csv daten werte datos
    registro registros dati mesures donnees raw all full new latest chart query trend archive backup plant
    anlage"""
)
_DEVICE = re.compile(
    r"""^[\s"';,#]*(S/?N|Serial(?:\s*(?:No\.?|Number|\#))?|Seriennummer|Serien-?Nr\.?|Device(?:\s*(?:ID|Name|Serial))?
    |Logger(?:\s*(?:ID|Name|Serial))?|Station(?:sname|\s*(?:ID|Name|Number))?|Site(?:\s*(?:ID|Name))?|Plot\ Title
    |Sensor(?:\s*(?:ID|Name))?|Instrument|Ger[aä]t|Name|Location|Unit\ ID|Tag(?:\s*Name)?)
    [\s"']*[:=;,\t]\s*"?(?P<id>[^";,\t]+)""",
    re.VERBOSE | re.IGNORECASE,
)


def as_pattern(text: str) -> str:
    """A regular expression that matches a text, without unneeded escapes."""
    return re.sub(r"\\([ \-#&~\"'/,:;%°])", r"\1", re.escape(text)).replace("\\\t", r"\t")


def name_in_path(uri: str) -> tuple[str, str | None]:
    """The part of a file's name that can name a sensor, and a regular expression that finds it in the path.

    If the name has no date, the part is the whole name, and the expression is None. If the name says nothing
    (readings.csv, 2021-08-15.csv), the part is empty.
    """
    name = unpacked(uri).stem
    match = max(_DATE.finditer(name), key=lambda found: len(found[0]), default=None)
    if match is None or _is_all_digits(name):
        return ("" if _is_generic(name) else name), None
    before, after = name[: match.start()].rstrip("-_. "), name[match.end() :].lstrip("-_. ")
    parts = [part for part in (before, after) if part and not _is_generic(part)]
    if not parts:
        return "", None
    part = max(parts, key=len)
    date = re.sub(r"\d+", lambda found: rf"\d{{{len(found[0])}}}", re.escape(match[0]))
    gap = r"[-_. ]*"
    suffix = r"\.[^/]*$" if unpacked(uri).suffix else r"(?:\.[^/]*)?$"
    begin = rf"(?:^|/){_of_any_number(before)}{gap}" if part is after else r"(?:^|/)"
    end = rf"{gap}{_of_any_number(after)}{suffix}" if part is before else suffix
    group = r"([^/]+?)"
    return part, f"{begin}{date}{gap}{group}{end}" if part is after else f"{begin}{group}{gap}{date}{end}"


def device_in_preamble(lines: Sequence[str]) -> tuple[str, str] | None:
    """The name of a device in the lines before a table, and a regular expression that finds it; or None."""
    for line in lines:
        # A line with names of several columns; the values are in the next line.
        if (match := _DEVICE.match(line)) and len([part for part in re.split(r"[;,\t]", line) if part.strip()]) <= 2:
            label = line[: match.start("id")]
            pattern = r"\s+".join(map(as_pattern, label.split()))
            begin = r"^[\s]*" if line[:1].isspace() else "^"
            gap = r"\s*" if label[-1:].isspace() else ""
            return match["id"].strip(), f'{begin}{pattern}{gap}([^";,\\t\\r\\n]+)'
    return None


def _of_any_number(text: str) -> str:
    """A regular expression for a text with numbers that differ between files: kw06, kw07."""
    return re.sub(r"\d+", r"\\d+", re.escape(text))


def _is_generic(name: str) -> bool:
    found = re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return bool(found) and all(word.lower() in _GENERIC for word in found) and not any(map(str.isdigit, name))


def _is_all_digits(name: str) -> bool:
    """Whether a name is a number and not a date, such as the number of a station."""
    return name.isdigit() and not re.fullmatch(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-3]\d)?", name)

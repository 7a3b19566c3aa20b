"""All patterns of strptime that may read a text, also unlikely ones."""

from __future__ import annotations

import re
from collections.abc import Iterator

from iotctl.formats.times.month_names import month_number
from iotctl.formats.times.patterns import BLANKS

_BLANK = "[ \u00a0\u202f]"
_NAME = r"[^\W\d_]+\.?"
_WEEKDAY = re.compile(rf"(?P<name>{_NAME})(?P<sign>,?{_BLANK}+)(?=\S)")

# The text between a date and a time of day, in any order.
_JOIN = re.compile(rf"[Tt_]|['\"]{_BLANK}+['\"]|{_BLANK}*[-|,;:@]{_BLANK}*|{_BLANK}+(?:(?:at|um|a las|à){_BLANK})?|")
_YEAR = r"(?P<year>\d{4}|\d{2})(?!\d)"
_BY_NAME = tuple(
    (re.compile(date), pattern)
    for date, pattern in (
        (rf"\d{{1,2}}(?P<sign>\. ?|[-/ ]|)(?P<name>{_NAME})(?P<sign2>[-/ ]|, |){_YEAR}", "%d{sign}%b{sign2}{year}"),
        (rf"(?P<name>{_NAME})(?P<sign>[-/]| {{1,2}})\d{{1,2}}(?P<sign2>[-/ ]|, ){_YEAR}", "%b{sign}%d{sign2}{year}"),
        (rf"{_YEAR}(?P<sign>[-/. ]|)(?P<name>{_NAME})(?P<sign2>[-/ ]|)\d{{1,2}}", "{year}{sign}%b{sign2}%d"),
        (rf"(?P<name>{_NAME})(?P<sign>[-/ ])(?P<sign2>){_YEAR}$", "%b{sign}{year}"),
    )
)
_BY_NUMBER = re.compile(r"(\d{1,4})([-/.]|\. | )(\d{1,2})\2(\d{4}|\d{1,2})(?P<end>\.(?=\D|$))?", re.ASCII)
_TWO_NUMBERS = re.compile(r"(\d{1,4})([-/. ])(\d{1,4})", re.ASCII)
_OF_EAST_ASIA = re.compile(r"\d{4}([年년] ?)\d{1,2}([月월] ?)\d{1,2}([日일])", re.ASCII)
_PACKED = re.compile(r"\d{5,8}", re.ASCII)
_PACKED_DATES = {
    8: ("%Y%m%d", "%d%m%Y", "%m%d%Y"),
    7: ("%Y%j", "%d%m%Y", "%m%d%Y"),
    6: ("%y%m%d", "%d%m%y", "%m%d%y"),
    5: ("%y%j", "%d%m%y", "%m%d%y"),
}
_CLOCK = re.compile(
    r"\d{1,2}(?P<sign>[:.h-])\d{2}(?:(?P<sign2>[:.m-])\d{2}(?:[.,]\d+|(?P<sign3>:)\d{3,6}(?!\d))?)?", re.ASCII
)
_PACKED_CLOCK = re.compile(r"(?P<digits>\d{1,6})(?P<fraction>[.,]?\d*)", re.ASCII)
_HALF = re.compile(rf"{_BLANK}*[AaPp](?:\.?{_BLANK}?[Mm]\.?)?(?!\w)")
_OFFSET = re.compile(
    rf"{_BLANK}*(?:(?:UTC|GMT)?[+\u2212-]\d{{1,2}}(?::?\d{{2}}){{0,2}}|(?:UTC|GMT|Z)\b)", re.IGNORECASE
)
_PLACE = "[A-Z][A-Za-z]*(?:/[A-Za-z_+-]+)+"
_ZONE = re.compile(rf"(?P<sign>{_BLANK}*[\[(]?)(?:{_PLACE}|[A-Z]{{2,5}})(?P<sign2>[\])]?)")
_BEHIND = re.compile(rf"(?:{_BLANK}*(?:Uhr|uhr|h|s|hrs))?[\])\"']?$")
# 10-12 and 18.30 can be anything.
_A_CLOCK = re.compile(r"%p|%[HI][:h]|%M\.%S")
# Month, day, clock, perhaps a zone, year: as ctime() and date have it.
_YEAR_LAST = re.compile(rf"(?P<name>{_NAME}) {{1,2}}\d{{1,2}} (?P<clock>.*?) (?P<year>\d{{4}})")


def text_patterns(text: str) -> list[str]:
    """Patterns that may read the text, also of a time of day without a date."""
    text = text.strip(" \t")
    begins = [("", text)]
    if text[:1] in ("[", "(", '"', "'"):
        begins = [(text[0], text[1:])]
    if (match := _WEEKDAY.match(text)) and month_number(match["name"]) is None:
        begins.append((f"%a{match['sign']}", text[match.end() :]))
    found = []
    for begin, rest in begins:
        found += [begin + pattern for pattern in _whole(rest)]
    return list(dict.fromkeys(found))


def clock_patterns(text: str) -> list[str]:
    """Patterns that may read a text that is a time of day."""
    text = text.strip(" \t")
    quote = text[0] if text[:1] in ("'", '"') else ""
    clocks = _clocks(text.removeprefix(quote))
    return [f"{quote}{pattern}{end}" for pattern, end in clocks if end == quote and _A_CLOCK.search(pattern)]


def _whole(text: str) -> Iterator[str]:
    for date, behind in _dates(text):
        if not behind:
            yield date
            continue
        join = _JOIN.match(behind)
        assert join is not None  # it may be empty
        for clock, end in _clocks(behind[join.end() :]):
            if "%f" not in clock or "%y" not in date:
                yield from (date + _literal(join[0]) + clock + zone for zone in _zones(end))
        yield from (date + zone for zone in _zones(behind) if zone)
    for clock, behind in _clocks(text):
        for zone, rest in _zone_and_rest(behind):
            join = _JOIN.match(rest)
            assert join is not None
            if join[0]:
                yield from (
                    clock + zone + _literal(join[0]) + date for date, end in _dates(rest[join.end() :]) if not end
                )
    if match := _YEAR_LAST.fullmatch(text):
        for clock, end in _clocks(match["clock"]):
            yield from (f"%b %d {clock}{zone} %Y" for zone in _zones(end))


def _dates(text: str) -> Iterator[tuple[str, str]]:
    """(pattern, text after it) of dates that the text may begin with."""
    for regex, pattern in _BY_NAME:
        if (match := regex.match(text)) and month_number(match["name"]) is not None:
            signs = {name: _literal(match[name]) for name in ("sign", "sign2")}
            # A point after the name is part of it; %b reads it.
            yield pattern.format(year="%Y" if len(match["year"]) == 4 else "%y", **signs), text[match.end() :]
    if match := _BY_NUMBER.match(text):
        first, sign, _, last = match.groups()[:4]
        for order in _orders(first, last):
            yield _literal(sign).join(order) + (match["end"] or ""), text[match.end() :]
    if match := _OF_EAST_ASIA.match(text):
        of_year, of_month, of_day = match.groups()
        yield f"%Y{of_year}%m{of_month}%d{of_day}", text[match.end() :]
    if match := _TWO_NUMBERS.match(text):
        first, sign, second = match.groups()
        if len(first) == 4:
            yield f"%Y{_literal(sign)}{'%j' if len(second) == 3 or sign == ' ' else '%m'}", text[match.end() :]
        elif len(second) == 4:
            yield f"%m{_literal(sign)}%Y", text[match.end() :]
    if match := _PACKED.match(text):
        for size, patterns in _PACKED_DATES.items():
            if size <= len(match[0]):
                yield from ((pattern, text[size:]) for pattern in patterns)


def _orders(first: str, last: str) -> tuple[tuple[str, ...], ...]:
    if len(first) == 4:
        return (("%Y", "%m", "%d"),) if len(last) <= 2 else ()
    if len(first) == 3:
        return ()
    if len(last) == 4:
        return ("%d", "%m", "%Y"), ("%m", "%d", "%Y")
    year_first = (("%y", "%m", "%d"),) if len(first) == 2 else ()
    return (("%d", "%m", "%y"), ("%m", "%d", "%y"), *year_first) if len(last) == 2 else year_first


def _clocks(text: str) -> Iterator[tuple[str, str]]:
    """(pattern, text after it) of times of day that the text may begin with."""
    if match := _CLOCK.match(text):
        sign, sign2, sign3 = (_literal(match[name]) for name in ("sign", "sign2", "sign3"))
        clock = f"%H{sign}%M" + (f"{sign2}%S" if match["sign2"] else "") + (f"{sign3}%f" if match["sign3"] else "")
        yield from _halves(clock, text[match.end() :])
    if match := _PACKED_CLOCK.match(text):
        digits, fraction, behind = len(match["digits"]), match["fraction"], text[match.end() :]
        if fraction[:1].isdigit():
            if len(fraction) in (3, 6):  # after 20210102030405
                yield "%H%M%S%f", behind
        elif fraction:
            if len(fraction) > 1 and digits >= 5:
                yield "%H%M%S", behind
        else:
            yield from _halves("%H" if digits <= 2 else "%H%M" if digits <= 4 else "%H%M%S", behind)


def _halves(clock: str, behind: str) -> Iterator[tuple[str, str]]:
    """A clock of 24 hours, or of 12 hours with AM or PM after it."""
    if match := _HALF.match(behind):
        yield clock.replace("%H", "%I") + " %p", behind[match.end() :]
    else:
        yield clock, behind


def _zones(text: str) -> Iterator[str]:
    """Patterns for the whole text after a time."""
    yield from (zone + _literal(end) for zone, end in _zone_and_rest(text) if _BEHIND.fullmatch(end))


def _zone_and_rest(text: str) -> Iterator[tuple[str, str]]:
    yield "", text
    if match := _OFFSET.match(text):
        blank = " " if match[0][0] in BLANKS else ""
        yield f"{blank}%z", text[match.end() :]
        if name := _ZONE.match(text, match.end()):
            yield f"{blank}%z{name['sign']}%Z{name['sign2']}", text[name.end() :]
    if match := _ZONE.match(text):
        yield f"{match['sign'] or ' '}%Z{match['sign2']}", text[match.end() :]


def _literal(text: str | None) -> str:
    return (text or "").replace("%", "%%")

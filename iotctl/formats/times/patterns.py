"""Takes patterns of strptime, such as "%d.%m.%Y %H:%M", apart.

They mean the same as in Python, with these differences. Numbers may lack their leading zero. If numbers have no sign
between them (%Y%m%d), only the first may; but %H%M and %H%M%S may lack all zeros in front, like whole numbers: 5 is
00:05. %b and %B are both any name of the month, short or long, in six languages, see month_names. %p is AM, am, a.m. or
a, with or without a blank before it. %S may have any number of decimals, after a point or a comma, with or without .%f
in the pattern. %H may be 24 if the rest is zero: the midnight after. %z is an offset, Z, UTC or GMT. %Z is any zone,
see zone_names. Both may have blanks before them. %a and %A are skipped. A blank means any number of blanks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

# Blanks, including no-break spaces, which browsers print before AM and PM.
BLANKS = " \t\u00a0\u202f"

_SHORTHANDS = {
    "%T": "%H:%M:%S",
    "%R": "%H:%M",
    "%D": "%m/%d/%y",
    "%F": "%Y-%m-%d",
    "%r": "%I:%M:%S %p",
    "%h": "%b",
    "%B": "%b",
    "%A": "%a",
    "%n": " ",
    "%t": " ",
    "%e": " %d",
    "%k": " %H",
    "%l": " %I",
    "%-d": "%d",
    "%-m": "%m",
    "%-H": "%H",
    "%-I": "%I",
    "%-M": "%M",
    "%-S": "%S",
    "%-y": "%y",
    "%-j": "%j",
    "%P": "%p",
}
_NOT_READ = {
    **dict.fromkeys("cxX", "its form depends on the computer: write it out"),
    **dict.fromkeys("UWVGguw", "weeks are not read"),
    "C": "write the year as %Y or %y",
    "s": 'for seconds since 1970 the format is "epoch-s"',
    "L": "decimals of seconds are %f",
    "N": "decimals of seconds are %f",
    "Q": 'for milliseconds since 1970 the format is "epoch-ms"',
}
_POSSIBLE = "possible are %Y %y %m %b %d %j %a %H %I %p %M %S %f %z %Z %T %R %D %F %%"

# The most digits of each number; %f has any number of them.
_MOST_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3, "H": 2, "I": 2, "M": 2, "S": 2}
_ALWAYS_FULL = "Yy"
_BLANK, _LETTER = f"[{BLANKS}]", "[^\\W\\d_]"
_WORDS = {
    "b": rf"{_LETTER}(?:{_LETTER}|[\u0300-\u036f])*\.?",
    "a": rf"{_LETTER}(?:{_LETTER}|[\u0300-\u036f])*\.?",
    "p": rf"[AaPp]\.?(?:{_BLANK}?[Mm]\.?)?",
    "z": "[Zz]|(?:[Uu][Tt][Cc]|[Gg][Mm][Tt])?[+\u2212-][0-9]{1,2}(?::?[0-9]{2}){0,2}|[Uu][Tt][Cc]|[Gg][Mm][Tt]",
    "Z": "[A-Za-z+\u2212-][A-Za-z0-9_+\u2212:/-]*",
}
_AFTER_BLANKS = ("p", "z", "Z")
# %S with its decimals is one part.
FRACTION = "fraction"


class PartKind(Enum):
    """The kind of a part of a text."""

    NUMBER = "number"
    FRACTION = "fraction"  # a sign and the digits after it, or nothing
    WORD = "word"
    REST = "rest"  # blanks and other signs


@dataclass(frozen=True, slots=True)
class PatternPart:
    """name: the letter of its directive; FRACTION; empty for the rest. regex: of re, with no group in it."""

    kind: PartKind
    name: str
    regex: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of strptime. parts: in their order. regex: matches a whole text, with a group for each part."""

    text: str
    parts: tuple[PatternPart, ...]
    regex: re.Pattern[str]


def compile_pattern(text: str, *, needs_date: bool = True) -> Pattern:
    """The parts of a pattern. Raises ValueError, which says what is wrong with it."""
    pieces = _pieces(text)
    _check(text, pieces, needs_date=needs_date)
    parts = [PatternPart(PartKind.REST, "", f"{_BLANK}*")]
    for at, piece in enumerate(pieces):
        parts += [_number(pieces, at)] if _is_number(piece) else _parts(piece, pieces[at + 1 : at + 2])
        if piece.startswith("%S") and pieces[at + 1 : at + 2] != ["%f"]:
            parts.append(PatternPart(PartKind.FRACTION, FRACTION, "(?:[.,][0-9]+)?"))
    parts.append(PatternPart(PartKind.REST, "", f"{_BLANK}*"))
    return Pattern(text, tuple(parts), re.compile("".join(f"({part.regex})" for part in parts)))


def _pieces(text: str) -> list[str]:
    """The directives (percent sign and letter), and the texts between them; %S.%f becomes %S."""
    found: list[str] = []
    for short in re.findall(r"%-?.|%$|[^%]+", text, re.DOTALL):
        long = _SHORTHANDS.get(short, short)
        found += re.findall(r"%.|%$|[^%]+", long, re.DOTALL)
    for at, piece in enumerate(found[1:-1], 1):
        if piece in (".", ",") and found[at - 1] == "%S" and found[at + 1] == "%f":
            found[at : at + 2] = []
            found[at - 1] = "%S."
            break
    return found


def _check(text: str, pieces: list[str], *, needs_date: bool) -> None:
    names = [piece[1:] for piece in pieces if piece.startswith("%") and piece != "%%"]
    has_fraction = "S." in names
    names = [name.removesuffix(".") for name in names]
    for name in names:
        if name not in _MOST_DIGITS and name not in _WORDS and name != "f":
            why = _NOT_READ.get(name, _POSSIBLE)
            raise ValueError(f"%{name} in {text!r} is not known: {why}")
        if names.count(name) > 1:
            raise ValueError(f"{text!r} has %{name} twice")
    if not names:
        raise ValueError(
            f"{text!r} is not a time format. Formats are iso, epoch-s, epoch-ms, epoch-us, epoch-ns, excel, matlab,"
            ' elapsed-s, elapsed-ms, and patterns such as "%d.%m.%Y %H:%M:%S"'
        )
    if wrong := _contradiction(names, has_fraction=has_fraction, needs_date=needs_date):
        raise ValueError(f"{text!r} {wrong}")


def _contradiction(names: list[str], *, has_fraction: bool, needs_date: bool) -> str:
    has = set(names)
    month, order = has & {"m", "b"}, {name: at for at, name in enumerate(names)}
    rules = (
        ({"Y", "y"} <= has, "has the year twice: %Y and %y"),
        (needs_date and not has & {"Y", "y"}, "has no year: %Y, or %y for two digits"),
        (len(month) > 1, "has the month twice: as a number and by its name"),
        ("j" in has and month | has & {"d"}, "has the day of the year (%j), and a day or month besides"),
        ("d" in has and not month, "has a day but no month: %m or %b"),
        ({"H", "I"} <= has, "has the hour twice: %H and %I"),
        ("I" in has and "p" not in has, "has the hour of a 12-hour clock (%I), but not whether it is AM or PM: %p"),
        ("p" in has and "I" not in has, "has AM or PM (%p), but no hour of a 12-hour clock: %I in place of %H"),
        ("M" in has and not has & {"H", "I"}, "has minutes but no hour: %H or %I"),
        ("S" in has and "M" not in has, "has seconds but no minutes: %M"),
        (
            "f" in has and (has_fraction or order["f"] != order.get("S", -2) + 1),
            "has decimals (%f) that do not follow its seconds (%S)",
        ),
    )
    return next((wrong for applies, wrong in rules if applies), "")


def _parts(piece: str, after: list[str]) -> list[PatternPart]:
    """The parts of a piece that is not a number."""
    if piece == "%%":
        return [PatternPart(PartKind.REST, "", "%")]
    if not piece.startswith("%"):
        takes_blanks = after and after[0][1:] in _AFTER_BLANKS
        return [PatternPart(PartKind.REST, "", _rest_regex(piece.rstrip(BLANKS) if takes_blanks else piece))]
    word = PatternPart(PartKind.WORD, piece[1], _WORDS[piece[1]])
    return [PatternPart(PartKind.REST, "", f"{_BLANK}*"), word] if word.name in _AFTER_BLANKS else [word]


def _number(pieces: list[str], at: int) -> PatternPart:
    """A number. If numbers have no sign between them, only the first may lack a zero, so the result is unique."""
    name = pieces[at][1]
    run = _run(pieces, at)
    if name == "f":
        digits = "+"
    elif len(run) > 1 and run[0] == "H" and set(run) <= set("HMS"):
        # Like whole numbers: 305 is 03:05 and 5 is 00:05, so zeros are missing in front.
        digits = "{1,2}" if name == run[-1] else "{0,2}?"
    else:
        most = _MOST_DIGITS[name]
        is_full = name in _ALWAYS_FULL or name != run[0] or _ends_in_digit(pieces[at - 1 : at]) or run[1:2] == ["f"]
        digits = f"{{{most if is_full else 1},{most}}}"
    return PatternPart(PartKind.NUMBER, name, f"[0-9]{digits}")


def _run(pieces: list[str], at: int) -> list[str]:
    """The names of the numbers around a number without a sign between them."""
    begin, end = at, at + 1
    while begin and _is_number(pieces[begin - 1]):
        begin -= 1
    while end < len(pieces) and _is_number(pieces[end]):
        end += 1
    return [piece[1] for piece in pieces[begin:end]]


def _ends_in_digit(piece: list[str]) -> bool:
    return bool(piece) and piece[0][-1:].isdigit()


def _is_number(piece: str) -> bool:
    return piece.startswith("%") and piece[1:2] in (*_MOST_DIGITS, "f")


def _rest_regex(text: str) -> str:
    """Letters in either case, any number of blanks for blanks, the rest as it is."""
    found = []
    for bit in re.findall(rf"{_BLANK}+|.", text, re.DOTALL):
        if bit[0] in BLANKS:
            found.append(f"{_BLANK}+")
        else:
            found.append(f"[{bit.lower()}{bit.upper()}]" if bit.isascii() and bit.isalpha() else re.escape(bit))
    return "".join(found)

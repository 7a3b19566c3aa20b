"""Recognises single cells: a number, a time, a text that means no value."""

from __future__ import annotations

import re
from functools import lru_cache

from iotctl.formats.proposal.word_sets import word_set

_SIGN = r"(?:[+-][ \u00a0\u202f]*|\u2212)?"
_NUMBER = rf"{_SIGN}(?:\d{{1,3}}(?:[.,'’ \u00a0\u202f]\d{{3}})+(?:[.,]\d*)?|\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_PLAIN_NUMBER = re.compile(_NUMBER)
_WHOLE = re.compile(r"[+-]?\d+")
_WITH_UNIT = re.compile(rf"({_NUMBER})\s*([^\d\s.,;:+\-][^\d;,]{{0,11}}(?:[²³23](?:/\w+)?)?)")
_BEFORE = re.compile(rf"([$€£])\s*({_NUMBER})")
_WEEKDAY = r"(?:[^\W\d]{2,10}\.?,? )"
_DATE = (
    r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?|\d{8}"
    rf"|{_WEEKDAY}?(?:\d{{1,2}}[ -][^\W\d]{{3,9}}\.?[ -]\d{{2,4}}|[^\W\d]{{3,9}}\.? \d{{1,2}},? \d{{4}}))"
)
_CLOCK = r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:[.,:]\d+)?(?:\s*[AaPp]\.?\s?[Mm]\.?)?)"
_ZONE = r"(?:\s*(?:Z|[A-Z]{3,4}|(?:UTC|GMT)?[+-]\d{1,2}:?\d{0,2}))"
# As printed by ctime() and date.
_YEAR_LAST = rf"{_WEEKDAY}?[^\W\d]{{3,9}} {{1,2}}\d{{1,2}} {_CLOCK}{_ZONE}? \d{{4}}"
_TIME = re.compile(
    rf"(?:{_DATE}(?:[T :]\s*(?:{_CLOCK}|\d{{4}}))?{_ZONE}{{0,2}}|{_YEAR_LAST}|{_CLOCK}{_ZONE}?)"
    rf"(?:\s*(?:-|–|to|/)\s*(?:{_DATE}\s+)?{_CLOCK})?"
)
_TRUE_OR_FALSE = word_set(
    """true false yes no on off ja nein wahr falsch vrai faux oui non open closed detected clear"""
)
_NULLS = word_set(
    """na n/a n.a. nan nil null none ? - -- --- ---- ----- . * ** *** **** # #n/a #na #n/v x xx m mm missing
    unavailable unknown undefined undef invalid error err fault fehler ausfall bad inf -inf +inf infinity
    -infinity 1.#qnan 1.#inf -1.#ind #div/0! #value! #wert! #nv eqp ice bkw dis ssn rat mnt zfl tst ***
    no_data nodata no-data overflow overrange ovf ol oc overload open-circuit"""
) | {
    "no data",
    "bad input",
    "i/o timeout",
    "pt created",
    "no result",
    "not available",
    "not connected",
    "no good data for calculation",
    "comm fail",
    "under range",
    "over range",
    "under-range",
    "over-range",
    "out of serv",
    "calc failed",
    "scan off",
    "scan timeout",
    "arc off-line",
    "intf shut",
    "configure",
    "keine daten",
    "kein wert",
    "sin datos",
    "sans objet",
    "nicht verfügbar",
}


@lru_cache(maxsize=200_000)
def is_number(text: str) -> bool:
    """Whether it is a number, with any usual signs between its digits."""
    return _PLAIN_NUMBER.fullmatch(text) is not None


def is_whole(text: str) -> bool:
    """Whether it has only digits, with or without a sign before them."""
    return _WHOLE.fullmatch(text) is not None


@lru_cache(maxsize=200_000)
def number_and_unit(text: str) -> tuple[str, str] | None:
    """The number and the unit of a text such as 21.5 °C; None for other texts, and without a unit."""
    if match := _WITH_UNIT.fullmatch(text):
        return match[1].strip(), match[2].strip()
    if match := _BEFORE.fullmatch(text):
        return match[2], match[1]
    return None


@lru_cache(maxsize=200_000)
def is_time(text: str) -> bool:
    """Whether it is a date, a time of day, or both, with signs between them; or eight digits."""
    return _TIME.fullmatch(text) is not None


def is_clock(text: str) -> bool:
    """Whether it is a time of day, such as 00:30."""
    return re.fullmatch(_CLOCK, text) is not None


def is_true_or_false(text: str) -> bool:
    """Whether it is one of two words, such as true and false."""
    return text.lower() in _TRUE_OR_FALSE


def is_null_word(text: str) -> bool:
    """Whether it is a usual word for no value."""
    return text.lower() in _NULLS or text.lower().strip("[]()<>") in _NULLS

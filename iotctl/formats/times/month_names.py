"""Names of months in English, German, French, Spanish, Italian and Dutch, whole and shortened."""

from __future__ import annotations

import unicodedata

# By language, in order of the year. Forms of one month are divided by a bar.
_NAMES = (
    "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug september|sep|sept october|oct"
    " november|nov december|dec",
    "januar|jänner|jan|jän februar|feb|feber märz|maerz|mrz|mär|maer april|apr mai juni|jun juli|jul"
    " august|aug september|sep|sept oktober|okt november|nov dezember|dez",
    "janvier|janv|jan février|fevrier|févr|fevr|fév|fev mars avril|avr mai juin juillet|juil août|aout"
    " septembre|sept octobre|oct novembre|nov décembre|decembre|déc|dec",
    "enero|ene febrero|feb marzo|mar abril|abr mayo|may junio|jun julio|jul agosto|ago"
    " septiembre|setiembre|sep|sept|set octubre|oct noviembre|nov diciembre|dic",
    "gennaio|gen febbraio|feb marzo|mar aprile|apr maggio|mag giugno|giu luglio|lug agosto|ago"
    " settembre|set|sett ottobre|ott novembre|nov dicembre|dic",
    "januari|jan februari|feb maart|mrt april|apr mei juni|jun juli|jul augustus|aug september|sep|sept oktober|okt"
    " november|nov december|dec",
)


def month_number(name: str) -> int | None:
    """1..12; None if the word is not the name of a month. Case and a point at the end do not matter."""
    return _MONTHS.get(unicodedata.normalize("NFC", name).removesuffix(".").casefold())


def _months() -> dict[str, int]:
    """Name -> month, for every name that means only one month in all languages."""
    found: dict[str, set[int]] = {}
    for language in _NAMES:
        for number, names in enumerate(language.split(), 1):
            for name in names.split("|"):
                found.setdefault(name.casefold(), set()).add(number)
    return {name: min(numbers) for name, numbers in found.items() if len(numbers) == 1}


_MONTHS = _months()

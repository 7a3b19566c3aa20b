"""Finds the columns that are values, their units and texts for missing values, and why others are not values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from iotctl.formats.proposal.cells import is_null_word, is_number, number_and_unit
from iotctl.formats.proposal.table import Column, ColumnType, Table
from iotctl.formats.proposal.units import is_unit
from iotctl.formats.proposal.word_sets import word_set
from iotctl.formats.proposal.words import is_height_name, is_id_name, is_value_name, why_left_out, words

_PARTS = re.compile(r"[+-]?\d+(?:\.\d+)?(?:,[\w+\-. ]*)+")
_PADDED = re.compile(r"[+-]\d{3,}|0\d{2,}")
_SENTINELS = word_set(
    """-99 -200 -999 -9999 -99999 -99.9 -999.9 -99.99 -999.99 -9999.0 -999.0 -99.0 9999 99999 999999 999.9 9999.9 99.99
    999.99 6999 7999 -7999 -6999 -32768 32767 65535 -1000 -9990 1e+20 -1.0e+34 +9999 +99999"""
)
_WEEKDAYS = word_set(
    """mo di mi do fr sa so mon tue tues wed thu thur thurs fri sat sun montag dienstag mittwoch donnerstag
    freitag samstag sonnabend sonntag monday tuesday wednesday thursday friday saturday sunday lun mar
    mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves
    viernes sábado domingo ma wo za zo"""
)
_LAST_OF_IDS = word_set(
    "id no nr number code station stn sensor device node mote tag sn serial eui imei mac nmi poste prm"
)
_MULTIPLES = frozenset(
    [
        "k",
        "K",
        "M",
        "G",
        "T",
        "P",
        "m",
        "u",
        "µ",
        "n",
        "p",
        "Ki",
        "Mi",
        "Gi",
        "Ti",
        "Mil",
        "Bil",
        "Tri",
        "Mio",
        "Mrd",
        "Tsd",
    ]
)
_ROWS_THAT_COUNT = 5
_NEARLY_ALL = 0.95
_A_FEW = 0.1


def value_columns(columns: Iterable[Column], left_out: dict[str, str]) -> list[Column]:
    """The columns that are values. For the others, left_out gets the reason."""
    found = []
    for column in columns:
        reason = _why_no_value(column)
        if reason is None:
            found.append(column)
        else:
            left_out[column.name] = reason
    return found


def composites(columns: Iterable[Column]) -> dict[str, int]:
    """Columns with several parts per cell, a number first, such as +0198,1 or 130,1,N,0046,1 -> number of parts."""
    found = {}
    for column in columns:
        texts = list(column.counts)
        if not texts or not all(_PARTS.fullmatch(text) for text in texts):
            continue
        sizes = Counter(text.count(",") + 1 for text in texts)
        parts, count = sizes.most_common(1)[0]
        # 12,5 is a number with a decimal comma; +0198,1 is a number and a mark.
        is_marked = all(_PADDED.fullmatch(text.partition(",")[0]) for text in texts)
        if count >= _NEARLY_ALL * len(texts) and (is_marked or (parts > 2 and not all(map(is_number, texts)))):
            found[column.name] = parts
    return found


def _why_no_value(column: Column) -> str | None:
    if column.label:
        return "a label of the series"
    if column.type is ColumnType.EMPTY:
        return "no values"
    if column.type is ColumnType.TIME:
        return "a time"
    if are_weekdays(column.counts):
        return "the day of the week"
    if words(column.title) == ("id",):
        return "an id"
    if (reason := why_left_out(column.title)) and not (is_height_name(column.title) and _changes(column)):
        return reason
    if column.type is ColumnType.BOOLEAN:
        return "true and false, not numbers"
    if column.type is ColumnType.TEXT:
        some = column.numbers >= _A_FEW * column.filled and is_value_name(column.title)
        return None if some else "text"
    if is_id_column(column) and column.is_constant:
        return "an id"
    if _counts_up(column) and (not column.named or _counts_rows(column)):
        return "a record number"
    return None


def _changes(column: Column) -> bool:
    """Whether a column has many different numbers, like measurements; heights of stations have few."""
    return column.type is ColumnType.NUMBER and len(column.counts) > max(2, _A_FEW * column.filled)


def are_weekdays(texts: Iterable[str]) -> bool:
    """Whether all texts are names of weekdays."""
    return all(text.lower().rstrip(".") in _WEEKDAYS for text in texts) and any(True for _ in texts)


def is_id_column(column: Column) -> bool:
    """Whether a column of whole numbers has the name of an id: site_no, device, but not sensor_1."""
    found = words(column.title)
    if not column.is_whole or not is_id_name(column.title) or (found and found[-1].isdigit()):
        return False
    return len(found) == 1 or found[-1] in _LAST_OF_IDS or found[-1].endswith("id")


def _counts_up(column: Column) -> bool:
    """Whether whole numbers rise by the same step in nearly every row. A meter may do so, too."""
    if not column.is_whole:
        return False
    numbers = [int(text) for text in column.texts if is_number(text) and text.lstrip("+-").isdigit()]
    steps = Counter(after - before for before, after in pairwise(numbers))
    if not steps:
        return False
    step, count = steps.most_common(1)[0]
    return step > 0 and count >= 0.9 * steps.total()


def _counts_rows(column: Column) -> bool:
    """Whether a column counts 1, 2, 3, ... or 0, 1, 2, ..., and its name does not say that it is a value."""
    if column.unit or is_value_name(column.title):
        return False
    numbers = [int(text) for text in column.texts if text]
    return (
        len(numbers) >= _ROWS_THAT_COUNT
        and numbers[0] in (0, 1)
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    )


def units_in_cells(column: Column) -> Counter[str]:
    """The units after the numbers of a column, and their counts."""
    return _behind_numbers(column) - marks_in_cells(column)


def marks_in_cells(column: Column) -> Counter[str]:
    """Marks after some numbers of a column, but not after others, that may change their meaning: 1.5K, 64.5*."""
    if not any(is_number(text) and as_float(text) for text in column.counts):
        return Counter()
    found = _behind_numbers(column)
    return Counter({mark: found[mark] for mark in found if mark in _MULTIPLES or not is_unit(mark)})


def _behind_numbers(column: Column) -> Counter[str]:
    found = Counter[str]()
    for text, count in column.counts.items():
        if not is_number(text) and (parts := number_and_unit(text)) is not None and not is_null_word(text):
            found[parts[1]] += count
    return found


def broken_numbers(column: Column, missing: Iterable[str]) -> Counter[str]:
    """Cells with digits that are not numbers in the layout, such as (1.22). missing: texts that mean no value."""
    known = set(missing)
    broken = {
        text: count
        for text, count in column.counts.items()
        if not is_number(text) and number_and_unit(text) is None and text not in known and _is_broken_number(text)
    }
    return Counter(broken)


def missing_words(column: Column, table: Table, key: Sequence[str]) -> list[str]:
    """Texts in a column of numbers that mean no value: well-known words, and other frequent texts.

    A text of sensors that have no numbers at all, such as online, does not count. key: the columns that name the
    sensor.
    """
    words_found = [text for text in column.counts if not is_number(text) and number_and_unit(text) is None]
    known = [text for text in words_found if is_null_word(text)]
    others = [text for text in words_found if not is_null_word(text) and column.counts[text] > 1]
    if others and key:
        numeric = _with_numbers(column, table, key)
        names = list(zip(*(table[name].texts for name in key), strict=True))
        fits = {text for text, name in zip(column.texts, names, strict=True) if name in numeric}
        others = [text for text in others if text in fits]
    usual = column.numbers >= 0.5 * column.filled
    return [*known, *(text for text in others if usual and not _is_broken_number(text))]


def _is_broken_number(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _with_numbers(column: Column, table: Table, key: Sequence[str]) -> set[tuple[str, ...]]:
    """The sensors that have numbers in a column."""
    names = zip(*(table[name].texts for name in key), strict=True)
    return {name for text, name in zip(column.texts, names, strict=True) if is_number(text)}


def likely_sentinels(column: Column, known: Iterable[str]) -> list[tuple[str, int]]:
    """Numbers such as -999 that are far from the others, with their counts."""
    if column.type is not ColumnType.NUMBER:
        return []
    numbers = {text: as_float(text) for text in column.counts if is_number(text)}
    rest = [value for text, value in numbers.items() if text not in _SENTINELS]
    marks = [text for text in numbers if text in _SENTINELS and text not in set(known)]
    if not rest or not marks:
        return []
    low, high = min(rest), max(rest)
    room = 2 * max(high - low, abs(high), abs(low), 1e-9)
    far = [text for text in marks if not low - room <= numbers[text] <= high + room]
    return [(text, column.counts[text]) for text in far]


def as_float(text: str) -> float:
    """A number with any decimal sign, for comparisons."""
    try:
        return float(text)
    except ValueError:
        digits = re.sub(r"[^\d.,eE+-]", "", text.replace("\N{MINUS SIGN}", "-"))
        sign = max(digits.rfind("."), digits.rfind(","))
        whole = re.sub(r"[.,]", "", digits[:sign]) if sign >= 0 else digits
        try:
            return float(f"{whole}.{digits[sign + 1 :]}" if sign >= 0 else whole)
        except ValueError:
            return float("nan")

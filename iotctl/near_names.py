"""The names that someone may have meant who asked for one that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from heapq import nlargest
from os.path import commonprefix

_SHOWN = 3
_NUMBER = re.compile(r"[0-9]+")

# One letter in three may be wrong, and in a long name so many.
_LETTERS_PER_ERROR, _MOST_ERRORS = 3, 4

# A name takes some 50 us to compare: of more names than this it is those that begin and end most alike.
_MOST_COMPARED = 2000


def near_names(wanted: str, names: Iterable[str], count: int = _SHOWN) -> list[str]:
    """Up to so many names that are near to the wanted one, the nearest first.

    First those with the same numbers but for leading zeros, then those that have a digit less or more, of which a
    doubled one comes first; then those in other capitals, those that contain it, and those that few changes of a
    letter make of it, in whatever capitals.
    """
    there = sorted(set(names))
    ranked = sorted((rank, name) for name in there if (rank := _rank(wanted, name)) is not None)
    found = [name for _, name in ranked[:count]]
    if len(found) < count:
        others = [name for name in there if name not in found]
        if len(others) > _MOST_COMPARED:
            others = nlargest(_MOST_COMPARED, others, key=lambda name: _ends_alike(wanted, name))
        found += _by_letters(wanted.casefold(), others, count - len(found))
    return found


def _by_letters(plain: str, names: Iterable[str], count: int) -> list[str]:
    """The names, of so many at most, that the fewest changes of a letter make of a text, in whatever capitals."""
    nearest: list[tuple[int, str]] = []
    most = min(_MOST_ERRORS, max(1, (len(plain) + 1) // _LETTERS_PER_ERROR))
    for name in names:
        distance = changes(plain, name.casefold(), most)
        if distance <= most:
            nearest = sorted([*nearest, (distance, name)])[:count]
            if len(nearest) == count:  # whoever comes later has to be nearer
                most = nearest[-1][0] - 1
    return [name for _, name in nearest]


def changes(one: str, other: str, most: int) -> int:
    """How many letters have to be put in, taken away, replaced, or swapped with the next one, to make other of one.

    That is the optimal string alignment distance (Boytsov, "Indexing methods for approximate dictionary searching",
    2011). Where there are more than most, the answer is most + 1: only that much of the table is looked at.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    too_many = most + 1
    before: list[int] = []
    row = [min(column, too_many) for column in range(len(other) + 1)]
    for number, letter in enumerate(one, 1):
        above = row
        row = [too_many] * (len(other) + 1)
        row[0] = min(number, too_many)
        for column in range(max(1, number - most), min(len(other), number + most) + 1):
            there = other[column - 1]
            best = min(above[column] + 1, row[column - 1] + 1, above[column - 1] + (letter != there))
            if number > 1 and column > 1 and letter == other[column - 2] and one[number - 2] == there:
                best = min(best, before[column - 2] + 1)
            row[column] = min(best, too_many)
        if min(row) > most:
            return too_many
        before = above
    return row[-1]


def _ends_alike(one: str, other: str) -> int:
    """How many letters two names share at their beginning and at their end."""
    pairs = [one, other], [one[::-1], other[::-1]]
    return sum(len(commonprefix(pair)) for pair in pairs)  # noqa: RUF071 -- letters are meant


def _rank(wanted: str, name: str) -> int | None:
    """How near a name is by its digits or capitals; None where it is not."""
    plain, other = wanted.casefold(), name.casefold()
    if plain == other:
        return 3
    by_digits = _rank_of_digits(plain, other)
    return 4 if by_digits is None and plain and plain in other else by_digits


def _rank_of_digits(plain: str, other: str) -> int | None:
    shorter, longer = sorted((plain, other), key=len)
    # Letters must agree; whatever else is cheap comes before the numbers are looked at.
    if len(longer) > 2 * len(shorter) + 8 or _NUMBER.sub("0", plain) != _NUMBER.sub("0", other):
        return None
    ours, theirs = _NUMBER.findall(plain), _NUMBER.findall(other)
    if [number.lstrip("0") for number in ours] == [number.lstrip("0") for number in theirs]:
        return 0
    apart = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
    if len(apart) != 1:
        return None
    less, more = sorted(apart[0], key=len)
    at = [place for place in range(len(more)) if more[:place] + more[place + 1 :] == less]
    if not at:
        return None
    is_doubled = any(more[place] in more[max(place - 1, 0) : place] + more[place + 1 : place + 2] for place in at)
    return 1 if is_doubled else 2

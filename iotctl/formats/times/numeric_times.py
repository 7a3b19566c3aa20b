"""Times written as one number: seconds since 1970 (or ms, us, ns), or the digits of a calendar time.

2016010112 is 12 o'clock on 1 January 2016, or 10:48:32 on 19 November 2033. All numbers of a column have the same form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from iotctl.model import LATEST, TimeForm


class NumericTimes(StrEnum):
    """The form of the numbers in a column of times."""

    OPEN = "open"  # not decided: there were no numbers so far
    EPOCH = "epoch"
    CALENDAR = "calendar"
    UNCLEAR = "unclear"  # they can be both, or contradict each other


# A float column of whole numbers is written with .0 after each. The patterns mean the same in re and RE2.
_NUMBER = r"^\d{8,20}(?:\.\d*)?$"

# The number of digits gives the unit: seconds (up to 11, which is the year 5138), milliseconds (12 to 14), microseconds
# (15 to 17) or nanoseconds (18 to 20). Here: the most digits, and nanoseconds in a unit.
_UNITS = ((11, 1_000_000_000), (14, 1_000_000), (17, 1_000), (20, 1))
_SHORTEST_EPOCH = 9
_IN_REACH = r"^(?:\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(?:\.\d*)?$"

# Calendar time: 8 digits for the date, 2 each for hour, minute and second, up to 6 for the fraction.
_CALENDAR = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d{0,6}))?)?)?", re.ASCII)
_WHOLE_SECONDS = 14
_DATE = r"(?:19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ON_CALENDAR = (
    rf"^(?:{_DATE}(?:(?:[01]\d|2[0-3])(?:[0-5]\d(?:[0-5]\d(?:\d{{1,6}})?)?)?|24(?:00(?:00(?:0{{1,6}})?)?)?)?(?:\.0*)?"
    rf"|{_DATE}(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\.\d+)$"
)
_TO_ISO = (
    (r"\.0*$", ""),
    (r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3"),
    (r"^(\d{4})(\d\d)(\d\d)(\d\d)$", r"\1-\2-\3 \4"),
    (r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$", r"\1-\2-\3 \4:\5"),
    (r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$", r"\1-\2-\3 \4:\5:\6"),
    (r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.?(\d{1,6})\d*$", r"\1-\2-\3 \4:\5:\6.\7"),
)

# If this many different numbers are all calendar times, they are not epochs: with an even step, at most 31 can be.
_ENOUGH = 60
# A reading is not a year later than its file, and nobody counted milliseconds before 1990.
_MOST_AHEAD = timedelta(days=366)
_FIRST_FRACTIONS = datetime(1990, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECONDS_DIGITS = 11

# The possible forms of a single number; NEITHER is a far-off epoch, or not a time.
NEITHER, EITHER, IS_EPOCH, IS_CALENDAR = 0, -1, 1, 2


def wanted_times(form: TimeForm) -> NumericTimes:
    """The form that an option sets, before the column is judged."""
    return NumericTimes.OPEN if form is TimeForm.AUTO else NumericTimes(form.value)


def are_numbers(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which of the texts are written as numbers; bool (n,)."""
    return _matches(texts, _NUMBER)


def number_kinds(texts: pa.StringArray) -> NDArray[np.int8]:
    """The possible form of each number; int8 (n,)."""
    calendar, epoch = _matches(texts, _ON_CALENDAR), _matches(texts, _IN_REACH)
    time, fraction = epochs(texts)
    # A number with a fraction that is not zero is an epoch, except 20160101123000.25.
    epoch &= np.where(fraction, ~calendar, time < LATEST)
    kind: NDArray[np.int8] = np.select([calendar & epoch, calendar, epoch], [EITHER, IS_CALENDAR, IS_EPOCH], NEITHER)
    return kind.astype(np.int8)


def number_kind(text: str) -> int | None:
    """The possible form of a text; None if it is not a number."""
    if re.fullmatch(_NUMBER, text, re.ASCII) is None:
        return None
    calendar, epoch = (re.fullmatch(pattern, text, re.ASCII) is not None for pattern in (_ON_CALENDAR, _IN_REACH))
    if epoch and text.partition(".")[2].strip("0"):
        epoch = not calendar
    elif epoch:
        epoch = epoch_microseconds(text) < LATEST
    if calendar:
        return EITHER if epoch else IS_CALENDAR
    return IS_EPOCH if epoch else NEITHER


def epoch_microseconds(text: str) -> int:
    """An epoch in microseconds since 1970; finer digits are cut off. Raises ValueError."""
    digits, _, fraction = text.partition(".")
    if len(digits) < _SHORTEST_EPOCH:
        raise ValueError("too short for an epoch")
    unit = next(unit for most, unit in _UNITS if len(digits) <= most)
    return (int(digits) * unit + int(fraction[:9].ljust(9, "0")) * unit // 1_000_000_000) // 1000


def calendar_text(text: str) -> str:
    """The digits of a calendar time as ISO 8601. Raises ValueError if they are not a calendar time."""
    digits, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    match = _CALENDAR.fullmatch(digits)
    if match is None or (fraction and len(digits) != _WHOLE_SECONDS):
        raise ValueError("the digits are not a calendar time")
    year, month, day, *clock, behind = match.groups()
    fraction = behind or fraction
    return f"{year}-{month}-{day} {':'.join(filter(None, clock)) or '00'}" + (f".{fraction}" if fraction else "")


def epochs(texts: pa.StringArray) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Epochs in microseconds since 1970, and which numbers were not read, because they have a fraction or too few
    digits; int64 and bool (n,)."""
    digits = pc.replace_substring_regex(texts, r"\.0*$", "")
    length = pc.binary_length(digits).to_numpy(zero_copy_only=False)
    left = _matches(digits, r"\.") | (length < _SHORTEST_EPOCH)
    time = np.zeros(len(texts), dtype=np.int64)
    shortest = 0
    for most, unit in _UNITS:
        at = np.flatnonzero((length > shortest) & (length <= most) & ~left)
        shortest = most
        some = digits.take(pa.array(at))
        # Nanoseconds may not fit int64, so digits finer than a microsecond are cut off.
        some = pc.utf8_slice_codeunits(some, 0, -3) if unit == 1 else some
        if len(at):
            time[at] = some.cast(pa.int64()).to_numpy() * max(1, unit // 1000)
    return time, left


def calendar_texts(texts: pa.StringArray) -> pa.StringArray:
    """The digits of calendar times as ISO 8601."""
    for pattern, replacement in _TO_ISO:
        texts = pc.replace_substring_regex(texts, pattern, replacement)
    return texts


class TimeJudge:
    """See column_forms.Judge. modified: when the file was last written; readings are at most a little later."""

    def __init__(self, modified: datetime) -> None:
        self._latest = (modified + _MOST_AHEAD - _EPOCH) // _MICROSECOND
        self._count = {IS_EPOCH: 0, IS_CALENDAR: 0}
        self._either: set[str] = set()
        self._may_be_epochs = False

    def kinds(self, texts: pa.StringArray) -> NDArray[np.int8]:
        """See Judge."""
        texts = pc.ascii_trim(texts, " \t")
        kind = np.zeros(len(texts), dtype=np.int8)
        numbers = np.flatnonzero(are_numbers(texts))
        if len(numbers):
            kind[numbers] = number_kinds(texts.take(pa.array(numbers)))
        return kind

    def add(self, kind: NDArray[np.int8], texts: pa.StringArray) -> None:
        """See Judge."""
        for number in self._count:
            self._count[number] += int(np.count_nonzero(kind == number))
        if len(self._either) < _ENOUGH and (either := np.flatnonzero(kind == EITHER)).size:
            some = pc.ascii_trim(texts.take(pa.array(either)), " \t")
            distinct = pc.unique(pc.replace_substring_regex(some, r"\.0*$", ""))
            time, _ = epochs(distinct)
            length = pc.binary_length(distinct).to_numpy(zero_copy_only=False)
            first = np.where(length > _SECONDS_DIGITS, (_FIRST_FRACTIONS - _EPOCH) // _MICROSECOND, 0)
            self._may_be_epochs |= bool(((time >= first) & (time <= self._latest)).any())
            self._either.update(distinct.slice(0, _ENOUGH).to_pylist())

    def is_certain(self) -> bool:
        """See Judge."""
        return sum(self._count.values()) > 0 or self._all_are_calendar()

    def verdict(self) -> NumericTimes:
        """See Judge."""
        epoch, calendar = self._count[IS_EPOCH], self._count[IS_CALENDAR]
        if epoch == calendar:
            return NumericTimes.CALENDAR if not epoch and self._all_are_calendar() else NumericTimes.UNCLEAR
        return NumericTimes.EPOCH if epoch > calendar else NumericTimes.CALENDAR

    def _all_are_calendar(self) -> bool:
        return bool(self._either) and (len(self._either) >= _ENOUGH or not self._may_be_epochs)


def _matches(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found

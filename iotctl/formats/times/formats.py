"""The time formats of a layout, by name or as a pattern of strptime."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from iotctl.formats.times.grammar import TimeGrammar, all_odd, parse_odd
from iotctl.formats.times.iso import Times, parse_time
from iotctl.formats.times.numeric_times import NumericTimes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {
    "epoch-s": 10**6,
    "epoch-ms": 10**3,
    "epoch-us": 1,
    "epoch-ns": Decimal("0.001"),
    "elapsed-s": 10**6,
    "elapsed-ms": 10**3,
}


def time_grammar(format: str, *, decimal: str = ".", interval_end: bool = False) -> TimeGrammar:  # noqa: A002
    """What reads times of a format, see TimeLayout.format.

    decimal: the sign before the decimals of numbers. Texts of an interval, such as "10:00 - 10:15" behind a date, are
    read as its start, or with interval_end as its end. Raises ValueError, which says what is wrong with the format.
    """
    return _Slow(format, decimal)


class _Slow:
    def __init__(self, format: str, decimal: str) -> None:  # noqa: A002
        self._format, self._decimal = format, decimal

    def read(self, column: pa.Array) -> Times:
        found = all_odd(len(column))
        parse_odd(column.cast(pa.string()), found, self.parse)
        return found

    def parse(self, text: str) -> tuple[int, bool]:
        text = text.strip()
        if self._format == "iso":
            return parse_time(text, NumericTimes.CALENDAR)
        try:
            if self._format in _UNITS:
                number = Decimal(text.replace(self._decimal, "."))
                return int(number * _UNITS[self._format]), self._format.startswith("elapsed")
            if self._format in ("excel", "matlab"):
                days = Decimal(text.replace(self._decimal, ".")) - (25569 if self._format == "excel" else 719529)
                return round(days * 86_400_000) * 1000, True
        except InvalidOperation:
            raise ValueError("not a number") from None
        moment = datetime.strptime(text, self._format)  # noqa: DTZ007
        naive = moment.tzinfo is None
        moment = moment.replace(tzinfo=UTC) if naive else moment
        return (moment - _EPOCH) // timedelta(microseconds=1), naive

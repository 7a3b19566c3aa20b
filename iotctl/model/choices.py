"""Choices for reading files, and for readings that exist already."""

from __future__ import annotations

from enum import StrEnum


class TimeForm(StrEnum):
    """The meaning of numbers in a column of times."""

    AUTO = "auto"  # decided by all numbers of the column; rejected if they leave a doubt
    EPOCH = "epoch"  # seconds, ms, us or ns since 1970
    CALENDAR = "calendar"  # 2016010112: year, month, day, hour, minute, second


class DecimalSign(StrEnum):
    """The decimal sign."""

    AUTO = "auto"  # decided by all numbers of the column
    POINT = "point"
    COMMA = "comma"


class Int96(StrEnum):
    """The zone of INT96 times of Parquet, which the file does not name."""

    UTC = "utc"  # as Spark and Impala write it
    LOCAL = "local"  # the local time of --timezone


class Ambiguous(StrEnum):
    """How to read local times in the hour that comes twice in autumn."""

    INFER = "infer"  # by order in the file: summer time until the clock of a sensor steps back
    EARLIER = "earlier"
    LATER = "later"
    REJECT = "reject"


class Nonexistent(StrEnum):
    """How to read local times in the hour that the clock skips in spring."""

    FORWARD = "forward"  # with the offset before the change, as PostgreSQL reads it
    REJECT = "reject"


class OnDuplicate(StrEnum):
    """What to do if a reading with the same sensor and time exists already."""

    SKIP = "skip"
    REPLACE = "replace"
    FAIL = "fail"

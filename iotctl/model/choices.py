"""What a person can choose for how files are read, and for readings that are there already."""

from __future__ import annotations

from enum import StrEnum


class TimeForm(StrEnum):
    """What a number is in a column of times."""

    AUTO = "auto"  # what all numbers of the column together can only be; else they are rejected
    EPOCH = "epoch"  # seconds, ms, us or ns since 1970
    CALENDAR = "calendar"  # 2016010112: year, month, day, hour, minute, second


class DecimalSign(StrEnum):
    """Which character comes before decimals."""

    AUTO = "auto"  # what the numbers of the column show together
    POINT = "point"
    COMMA = "comma"


class Int96(StrEnum):
    """What an INT96 time of a Parquet file counts in, of which the file does not say more."""

    UTC = "utc"  # as Spark and Impala write it
    LOCAL = "local"  # the local time of --timezone


class Ambiguous(StrEnum):
    """What a local time means in the hour that comes twice in autumn."""

    INFER = "infer"  # by order in the file: summer time first, winter time once a sensor's clock steps back
    EARLIER = "earlier"
    LATER = "later"
    REJECT = "reject"


class Nonexistent(StrEnum):
    """What a local time means in the hour that the clock skips in spring."""

    FORWARD = "forward"  # with the offset before the change, as PostgreSQL reads it
    REJECT = "reject"


class OnDuplicate(StrEnum):
    """What to do with a reading whose sensor and time are there already."""

    SKIP = "skip"
    REPLACE = "replace"
    FAIL = "fail"

"""A slow and obvious reader of rows, one field at a time, only with the standard library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1) // MICROSECOND

# time, sensor, value
Fields = tuple[str, str, str]
# (microseconds since 1970 UTC, sensor, value as repr) or the reason of a reject
Expected = tuple[int, str, str] | str


def read(
    rows: Sequence[Fields], zone: tzinfo, modified: datetime, *, semicolons: bool, allow_nan: bool
) -> list[Expected]:
    """The meaning of each row of a small file, without times in a doubled or skipped hour."""
    numeric = what_numbers_are([time.strip(" \t") for time, _, _ in rows], modified)
    decimal = decimal_sign([value.strip(" \t") for _, _, value in rows], semicolons=semicolons)
    return [_row(*row, numeric, decimal, zone, allow_nan=allow_nan) for row in rows]


def _row(time: str, sensor: str, value: str, numeric: str, decimal: str, zone: tzinfo, *, allow_nan: bool) -> Expected:
    uuid = sensor.strip(" \t").lower()
    uuid = uuid[1:-1] if uuid.startswith("{") and uuid.endswith("}") else uuid
    try:
        name = str(UUID(uuid))
    except ValueError:
        return "sensor"
    try:
        moment = read_time(time.strip(" \t"), numeric, zone)
    except (ValueError, InvalidOperation):
        return "time"
    if not (EARLIEST - EPOCH) // MICROSECOND <= moment < (LATEST - EPOCH) // MICROSECOND:
        return "time_range"
    try:
        number = read_number(value.strip(" \t"), decimal)
    except (ValueError, InvalidOperation):
        return "value"
    if number - number != 0 and not allow_nan:
        return "not_finite"
    return moment, name, repr(number)


# --- times


def read_time(text: str, numeric: str, zone: tzinfo) -> int:
    if is_number(text):
        can = meanings(text)
        if not can:
            if len(text.split(".")[0]) < 9:
                raise ValueError
            return as_epoch(text)
        if numeric not in can:
            raise ValueError
        return as_epoch(text) if numeric == "epoch" else as_utc(as_calendar(text), zone)
    date = text[: 10 if "-" in text[:6] else 8]
    rest = text[len(date) :]
    if rest and rest[0] not in " Tt":
        raise ValueError
    rest = rest[1:]
    date = date if "-" in date else f"{date[:4]}-{date[4:6]}-{date[6:]}"
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date, re.ASCII):
        raise ValueError
    day = datetime.fromisoformat(date)
    clock, sign, offset = split_offset(rest)
    if clock:
        hour, minute, second, fraction = split_clock(clock)
    elif len(text) > 10:
        raise ValueError
    else:
        hour = minute = second = 0
        fraction = ""
    later = 0
    if (hour, minute, second, fraction.strip("0")) == (24, 0, 0, ""):
        hour, later = 0, DAY
    local = day.replace(hour=hour, minute=minute, second=second, microsecond=int(fraction[:6].ljust(6, "0")))
    if sign is None:
        return as_utc(local, zone) + later
    return (local.replace(tzinfo=UTC) - EPOCH) // MICROSECOND - sign * offset // MICROSECOND + later


def as_utc(local: datetime, zone: tzinfo) -> int:
    return (local.replace(tzinfo=zone) - EPOCH) // MICROSECOND


def split_offset(text: str) -> tuple[str, int | None, timedelta]:
    """'12:00 UTC' -> ('12:00', 1, 0); '12:00' -> ('12:00', None, 0)."""
    for name in ("UTC", "GMT", "Z"):
        if text.upper().endswith(name):
            return text[: -len(name)].rstrip(" \t"), 1, timedelta(0)
    for sign, factor in (("+", 1), ("-", -1)):
        if sign in text:
            clock, _, offset = text.partition(sign)
            digits = offset.replace(":", "")
            if not digits.isdecimal() or len(digits) not in (1, 2, 4):
                raise ValueError
            hours, minutes = int(digits[:2]), int(digits[2:] or 0)
            if hours > 23 or minutes > 59:
                raise ValueError
            clock = clock.rstrip(" \t")
            clock = clock[:-3].rstrip(" \t") if clock.upper().endswith(("UTC", "GMT")) else clock
            return clock, factor, timedelta(hours=hours, minutes=minutes)
    return text, None, timedelta(0)


def split_clock(text: str) -> tuple[int, int, int, str]:
    match = re.fullmatch(r"(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d+))?)?)?", text, re.ASCII)
    if match is None:
        raise ValueError
    hour, minute, second, fraction = match.groups()
    return int(hour), int(minute or 0), int(second or 0), fraction or ""


def is_number(text: str) -> bool:
    return re.fullmatch(r"\d{8,20}(\.\d*)?", text, re.ASCII) is not None


def as_epoch(text: str) -> int:
    digits = len(text.split(".")[0])
    per_second = 1 if digits <= 11 else 10**3 if digits <= 14 else 10**6 if digits <= 17 else 10**9
    return int(Decimal(text) * 10**6 / per_second)


def as_calendar(text: str) -> datetime:
    digits, _, fraction = text.partition(".")
    if fraction.strip("0") and len(digits) != 14:
        raise ValueError
    padded = (digits + fraction if len(digits) == 14 else digits).ljust(20, "0")
    parts = [int(padded[a:b]) for a, b in ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14), (14, 20))]
    days = 0
    if parts[3] == 24 and not any(parts[4:]):
        days, parts[3] = 1, 0
    moment = datetime(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], parts[6])
    return moment + timedelta(days=days)


def meanings(text: str) -> set[str]:
    """The possible meanings of a single number."""
    digits, _, fraction = text.partition(".")
    whole = not fraction.strip("0")
    can = set()
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    clock = [int(digits[at : at + 2]) for at in (8, 10, 12) if len(digits) > at + 1]
    in_range = (
        1900 <= year < 2200
        and 1 <= month <= 12
        and 1 <= day <= 31
        and (not clock or clock[0] < 24 or (clock[0] == 24 and not int(digits[10:] or 0) and whole))
        and all(part < 60 for part in clock[1:])
    )
    if in_range and len(digits) in (8, 10, 12, 14, 15, 16, 17, 18, 19, 20) and (whole or len(digits) == 14):
        can.add("calendar")
    if len(digits) in (9, 10, 12, 13, 15, 16, 18, 19):
        if whole and as_epoch(text) < (LATEST - EPOCH) // MICROSECOND:
            can.add("epoch")
        if not whole and "calendar" not in can:
            can.add("epoch")
    return can


def what_numbers_are(texts: list[str], modified: datetime) -> str:
    can = [meanings(text) for text in texts if is_number(text)]
    epochs, calendars = can.count({"epoch"}), can.count({"calendar"})
    if epochs != calendars:
        return "epoch" if epochs > calendars else "calendar"
    if epochs:
        return "neither"
    either = {
        text.rstrip("0").rstrip(".") if "." in text else text for text in texts if is_number(text) and meanings(text)
    }
    latest = (modified + timedelta(days=366) - EPOCH) // MICROSECOND
    first_fractions = (datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
    plausible = [text for text in either if (first_fractions if len(text) > 11 else 0) <= as_epoch(text) <= latest]
    return "calendar" if either and (len(either) >= 60 or not plausible) else "neither"


# --- numbers


def can_be(text: str, point: str, thousands: str) -> bool:
    """Whether a text with decimals or thousands is a number with such characters for them."""
    mantissa, exponent, power = text.lower().lstrip("+-").partition("e")
    if len(text) - len(text.lstrip("+-")) > 1 or (exponent and not re.fullmatch(r"[+-]?[0-9]+", power)):
        return False
    whole, has_point, decimals = mantissa.partition(point)
    groups = whole.split(thousands)
    if len(groups) > 1:
        if exponent or not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:]):
            return False
        if len(groups) == 2 and not has_point and groups[0].startswith("0"):
            return False
    digits = "".join(groups) + decimals
    return digits != "" and re.fullmatch("[0-9]+", digits) is not None


def decimal_sign(texts: list[str], *, semicolons: bool) -> str:
    signed = [text for text in texts if "." in text or "," in text]
    by_points, by_commas = (
        any(text.count(sign) > 1 and other not in text and can_be(text, other, sign) for text in signed)
        for sign, other in ((".", ","), (",", "."))
    )
    signed = [text for text in signed if max(text.count("."), text.count(",")) == 1 or ("." in text and "," in text)]
    can = [(can_be(text, ".", ","), can_be(text, ",", ".")) for text in signed]
    points, commas = can.count((True, False)), can.count((False, True))
    either = {"." if "." in text else "," for text, both in zip(signed, can, strict=True) if both == (True, True)}
    if commas and points < 10 * commas:
        return ","
    if not points and (by_points or by_commas):
        return "" if by_points and by_commas else "," if by_points else "."
    if points or "," not in either:
        return "."
    return "," if semicolons and either == {","} else ""


def read_number(text: str, sign: str) -> float:
    if re.fullmatch(r"[+-]?(nan(\([0-9a-z_]*\))?|inf(inity)?)", text, re.IGNORECASE | re.ASCII):
        return float(text.split("(")[0])
    if not re.fullmatch(rf"[+-]?[0-9{re.escape(sign)}]+([eE][+-]?[0-9]+)?", text):
        raise ValueError
    return float(Decimal(text.replace(",", "."))) if abs(len(text)) < 400 else float(text.replace(",", "."))

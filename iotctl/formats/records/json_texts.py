"""JSON texts as Python objects: numbers stay as they are written, and repeated keys are marked."""

from __future__ import annotations

import json

from iotctl.formats.csv.split import BadRow
from iotctl.formats.records.written_values import Number
from iotctl.model import RejectReason


class Doubled(dict[str, object]):
    """An object with repeated keys. doubled: these keys."""

    doubled: frozenset[str]


def as_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object from its keys and values; Doubled if a key is repeated."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    doubled = Doubled(found)
    names = [name for name, _ in pairs]
    doubled.doubled = frozenset(name for name in found if names.count(name) > 1)
    return doubled


decoder = json.JSONDecoder(object_pairs_hook=as_object, parse_float=Number, parse_int=Number, parse_constant=Number)


def decode_line(line: bytes, of: json.JSONDecoder, most_bytes: int) -> object:
    """The JSON value of a line. Raises BadRow if the line is longer than most_bytes, or is not JSON."""
    if len(line) > most_bytes:
        raise BadRow(RejectReason.TOO_LONG)
    try:
        return of.decode(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        raise BadRow(RejectReason.ENCODING if b"\0" in line else RejectReason.FIELDS) from None


def load_json(text: bytes) -> dict[str, object]:
    """An object with its numbers as they are written. Raises ValueError if the text is not an object."""
    try:
        found, _ = decoder.raw_decode(text.decode("utf-8", "surrogateescape"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found

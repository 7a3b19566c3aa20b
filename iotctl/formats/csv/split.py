"""Splits a line into its fields, or gives the reason why it cannot."""

from __future__ import annotations

import re

from iotctl.formats.containers.blocks import MAX_LINE_BYTES
from iotctl.model import RejectReason

_QUOTED = re.compile(r' *"([^"]*(?:""[^"]*)*)" *')
_QUOTED_BETWEEN_BLANKS = re.compile(r'"([^"]*(?:""[^"]*)*)"')


class BadRow(Exception):  # noqa: N818 -- a verdict, not an error
    """The reason why a line is not a row."""

    def __init__(self, reason: RejectReason) -> None:
        self.reason = reason


def split_line(line: bytes, delimiter: str, *, text_only: bool = True) -> list[str]:
    """The fields of a line without its end. Raises BadRow if it is too long, not text, or has an unclosed quote.

    A field that begins with a quote ends with a quote; two quotes inside mean one. Elsewhere a quote is a character.
    text_only: if False, fields may contain other bytes; check those that are read with is_text.
    """
    if len(line) > MAX_LINE_BYTES:
        raise BadRow(RejectReason.TOO_LONG)
    text = line.decode("utf-8", "surrogateescape").rstrip("\r")
    if text_only and not is_text(text):
        raise BadRow(RejectReason.ENCODING)
    return text.split(delimiter) if '"' not in text else _split_quoted(text, delimiter)


def is_text(field: str) -> bool:
    """Whether a field has neither NUL nor invalid UTF-8."""
    if "\0" in field:
        return False
    try:
        field.encode()
    except UnicodeEncodeError:
        return False
    return True


def _split_quoted(text: str, delimiter: str) -> list[str]:
    fields: list[str] = []
    at = 0
    pattern = _QUOTED_BETWEEN_BLANKS if delimiter == " " else _QUOTED
    while True:
        if quoted := pattern.match(text, at):
            fields.append(quoted[1].replace('""', '"'))
            end = quoted.end()
        else:
            end = text.find(delimiter, at)
            end = len(text) if end < 0 else end
            if text[at:end].lstrip(" ").startswith('"'):
                raise BadRow(RejectReason.QUOTE)
            fields.append(text[at:end])
        if end == len(text):
            return fields
        if text[end] != delimiter:
            raise BadRow(RejectReason.QUOTE)
        at = end + 1

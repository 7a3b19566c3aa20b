"""Finds the records in a JSON document from its beginning, and the brackets that close it."""

from __future__ import annotations

import json
from dataclasses import dataclass

from iotctl.errors import FileError
from iotctl.formats.containers.text_blocks import unfinished
from iotctl.formats.options import Readable

# The text before the array is held in memory as a whole.
MOST_BEFORE_BYTES = 16 * 1024 * 1024

WHITE = b" \t\r\n"
_decoder = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class ArrayStart:
    """Where the objects of an array begin in a document. begun: bytes read from there on.

    is_object: it is an object instead of an array; begun then starts with its brace.
    """

    offset: int
    begun: bytes
    is_object: bool = False


def find_array(text: Readable, path: str, where: str, *, finished: bool) -> ArrayStart | None:
    """The array at a path, such as data.rows, in a document; None if the document is empty.

    Raises FileError if there is no array, and UnfinishedFileError if it may still come (not for a finished file).
    """
    begun, size = b"", 64 * 1024
    while True:
        data = text.read(size)
        begun += data
        size = len(begun)
        if not data and not begun.strip(WHITE):
            return None
        try:
            return _array_at(begun, path, where)
        except MoreError:
            if not data and not finished:
                raise unfinished(where) from None
            if not data:
                raise FileError(
                    "The JSON ends before the array with the records.", where=where, hint="Fetch or write it again."
                ) from None
            if len(begun) > MOST_BEFORE_BYTES:
                raise FileError(
                    f"The array with the records is not in the first {MOST_BEFORE_BYTES // 1024**2} MiB.",
                    where=where,
                    hint="records in the layout names the array, such as data.rows.",
                ) from None


class MoreError(Exception):
    """More of the text must be read."""


def _array_at(begun: bytes, path: str, where: str) -> ArrayStart:
    text = begun.decode("latin-1")  # so that each byte is a character
    at = 0
    for key in path.split(".") if path else []:
        at = _behind(text, at)
        if text[at] != "{":
            raise _no_array(path, where)
        at = _value_of(text, at + 1, key, path, where)
    at = _behind(text, at)
    if text[at] not in "[{":
        raise _no_array(path, where)
    return ArrayStart(at + (text[at] == "["), begun[at + (text[at] == "[") :], is_object=text[at] == "{")


def _value_of(text: str, at: int, wanted: str, path: str, where: str) -> int:
    """Where the value of a key begins. at: after the brace of its object."""
    while True:
        at = _behind(text, at)
        if text[at] != '"':
            raise _no_array(path, where)
        key, at = _decoded(text, at, where)
        at = _behind(text, at)
        if text[at] != ":":
            raise _no_array(path, where)
        at = _behind(text, at + 1)
        if str(key).encode("latin-1", "replace").decode("utf-8", "replace") == wanted:
            return at
        _, at = _decoded(text, at, where)
        at = _behind(text, at)
        if text[at] != ",":
            raise _no_array(path, where)
        at += 1


def _decoded(text: str, at: int, where: str) -> tuple[object, int]:
    try:
        found, end = _decoder.raw_decode(text, at)
    except json.JSONDecodeError:
        raise MoreError from None
    except RecursionError:
        raise FileError(
            "The JSON is nested too deeply.", where=where, hint="Write the records as one object per line."
        ) from None
    if end == len(text):  # a number may go on
        raise MoreError
    return found, end


def _behind(text: str, at: int) -> int:
    """The position of the next character that is not a blank."""
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    if at == len(text):
        raise MoreError
    return at


def _no_array(path: str, where: str) -> FileError:
    named = f"at {path}" if path else "at the top"
    return FileError(
        f"There is no array of objects {named} of the JSON.",
        where=where,
        hint="records in the layout names the array, such as data.rows.",
    )


def pass_ends(text: str, depth: int) -> tuple[int, bytes]:
    """Skip the ends of depth objects. Returns how many are left, and the bytes after them. Raises MoreError."""
    at = 0
    while depth:
        at = _behind(text, at)
        if text[at] == "}":
            depth, at = depth - 1, at + 1
        elif text[at] in ",:]":
            at += 1
        else:
            _, at = _decoded(text, at, "")
    return 0, text[at:].encode("latin-1")

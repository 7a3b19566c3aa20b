"""Guesses the encoding of a text from its bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass

# In order of likelihood: Windows, then DOS, which many loggers still use.
_SINGLE_BYTE = ("cp1252", "cp850")

# Usual characters of sensor files outside of ASCII: letters of western Europe, and signs of units.
_USUAL = frozenset("äöüÄÖÜßéèêëáàâãåæøçñíìîïóòôõúùûýÿÅÆØÇÑÉÈÁÀÍÓÚ°µ²³·€–±Øº½¼")
_WIDE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CUT_BYTES = 3


@dataclass(frozen=True, slots=True)
class Encoding:
    """name: as in Python. certain: whether the bytes show it; a text of only ASCII counts as UTF-8."""

    name: str
    certain: bool = True


def guess_encoding(text: bytes) -> Encoding:
    """The encoding of a part of a text; its first and last character may be cut."""
    for begin in range(_CUT_BYTES + 1):
        for end in range(_CUT_BYTES + 1):
            try:
                text[begin : len(text) - end].decode()
            except UnicodeDecodeError:
                continue
            return Encoding("utf-8")
    wide = sum(map(len, _WIDE.findall(text)))
    strange = len(text) - len(text.translate(None, bytes(range(0x80, 0x100)))) - wide
    if wide > strange:
        # A few wrong bytes in a text that is otherwise UTF-8.
        return Encoding("utf-8", certain=False)
    beyond = bytes(sorted(set(text) - set(range(0x80))))
    best, most = "latin-1", -1
    for name in _SINGLE_BYTE:
        try:
            letters = beyond.decode(name)
        except UnicodeDecodeError:
            continue
        usual = sum(text.count(byte) for byte, letter in zip(beyond, letters, strict=True) if letter in _USUAL)
        if usual > most:
            best, most = name, usual
    return Encoding(best, certain=False)


def decoded(text: bytes, encoding: str) -> str:
    """The text. Bytes that are invalid in the encoding become the replacement character."""
    return text.decode(encoding, "replace").removeprefix("\ufeff")

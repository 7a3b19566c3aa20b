"""Texts that a database can store: characters that its encoding lacks are escaped, as \\u20ac or \\udce9."""

from __future__ import annotations

import codecs
import re
import sys
from unicodedata import normalize

from psycopg import Connection
from psycopg.abc import Buffer
from psycopg.rows import TupleRow
from psycopg.types.string import StrDumperUnknown

# Encodings with another name in Python (manual, 24.3.1). SQL_ASCII stores any bytes.
_PYTHON_NAMES = {"SQL_ASCII": "utf-8", "KOI8R": "koi8_r", "KOI8U": "koi8_u"}

_ESCAPED = re.compile(r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|\\U[0-9a-f]{8}")


class TextDumper(StrDumperUnknown):
    """Sends a text so that the server can store it.

    Rejected rows and the names of files may contain anything: letters that LATIN1 does not have, bytes that are not
    UTF-8 (surrogates in Python), NUL. One of them must not end the whole load.
    """

    def dump(self, obj: str) -> Buffer | None:
        """The text in the encoding of the connection, which is UTF-8."""
        if obj.isascii():
            return obj.replace("\0", "\\x00").encode()
        encoding = _encoding(self.connection.info.parameter_status("server_encoding") if self.connection else None)
        kept = obj.replace("\0", "\\x00").encode(encoding, "backslashreplace")
        return kept if encoding == "utf-8" else kept.decode(encoding).encode()


def as_sent(conn: Connection[TupleRow], stored: str) -> str:
    """A stored text before its escaping: the name with which a file can be opened."""
    encoding = _encoding(conn.info.parameter_status("server_encoding"))

    def back(found: re.Match[str]) -> str:
        code = int(found[0][2:], 16)
        if code > sys.maxunicode:
            return found[0]
        try:
            chr(code).encode(encoding)
        except UnicodeEncodeError:
            return chr(code)
        return found[0]  # no code escapes such a text: it is the real name

    return _ESCAPED.sub(back, stored) if "\\" in stored else stored


def accent_forms(name: str | None) -> list[str] | None:
    """The equal-looking forms of a name with accents: the typed form may differ from that of the disk."""
    return None if name is None else [name, normalize("NFC", name), normalize("NFD", name)]


def _encoding(server_encoding: str | None) -> str:
    """The Python name of a server's encoding; ASCII, a part of all encodings, where Python does not have it."""
    name = server_encoding or "UTF8"
    try:
        return codecs.lookup(_PYTHON_NAMES.get(name, name.replace("WIN", "cp"))).name
    except LookupError:
        return "ascii"

"""Keys and passwords, kept out of every line that the program says."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

HIDDEN = "***"

# Shorter texts are no secrets, and hiding them would make holes in every line.
_SHORTEST = 4

# Where libpq, boto3 and others cut an address that they misread; their messages then quote one of the pieces.
_CUTS = re.compile(r"[@/?#:&=%\[\]\s'\"\\,]+")

_OPTION = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)(\s*=\s*)('(?:[^'\\]|\\.)*'?|\S+)")

_UNQUOTED = re.compile(r"(?i)\bpassword\s*=\s*(.*?)(?=\s+[a-z_]+\s*=|$)", re.DOTALL)

# A word in the path of a URL that is shorter is taken for a word.
_SHORTEST_TOKEN = 8

_known: set[str] = set()


def remember(*secrets: str | None) -> None:
    """Keep these, in any of their forms, out of what is said from now on."""
    for secret in secrets:
        if secret:
            for form in (secret, unquote(secret), unquote(unquote(secret))):
                # As it is, as it stands in a URL, and as Python and JSON quote it.
                forms = (form, quote(form), quote(form, safe=""), repr(form)[1:-1], form.replace('"', '\\"'))
                _known.update(text for text in forms if len(text) >= _SHORTEST)


def remember_address(address: str | None) -> None:
    """The same for the password, key and query in a URL or connection string, also where it cannot be read as one."""
    if not address:
        return
    _, found, rest = address.partition("://")
    if found and "@" in rest:
        user, password = _credentials(rest)
        remember(password or user, *_CUTS.split(password))
    if found and "?" in rest:
        remember(*(pair.partition("=")[2] for pair in rest.partition("?")[2].split("&")))
    for _, _, value in _OPTION.findall(address):
        remember(value.strip("'"), *_CUTS.split(value))
    # A password without quotes ends, for its user, where the next option begins.
    for value in _UNQUOTED.findall(address):
        remember(value, *_CUTS.split(value))


def remember_path(url: str) -> None:
    """The same for what follows the host of a URL that holds a token."""
    _, _, path = url.partition("://")[2].partition("/")
    remember(path, *(part for part in _CUTS.split(path) if len(part) >= _SHORTEST_TOKEN))


def hidden(text: str) -> str:
    """The text without any secret that is known."""
    if not _known:
        return text
    longest_first = "|".join(map(re.escape, sorted(_known, key=len, reverse=True)))
    return re.sub(rf"(?<![A-Za-z0-9])(?:{longest_first})(?![A-Za-z0-9])", HIDDEN, text)


def passwordless(word: str) -> str:
    """A word of a command line, without what may be a password, key or token in it; for showing it.

    An address that is no URL, as its password has an @ or a / in it, loses rather more than too little.
    """
    scheme, found, rest = word.partition("://")
    if not found:
        return _OPTION.sub(rf"\1\2{HIDDEN}", word)
    if "@" in rest:
        user, password = _credentials(rest)
        after = rest.rpartition("@")[2]
        if password:
            rest = f"{user}:{HIDDEN}@{after}"
        elif scheme.rpartition("=")[2] not in ("s3", "file"):  # the names of objects and files may have an @
            rest = f"{HIDDEN}@{after}"
    if "?" in rest and scheme.rpartition("=")[2] not in ("s3", "file"):
        rest = f"{rest.partition('?')[0]}?{HIDDEN}"
    return f"{scheme}://{rest}"


def _credentials(rest: str) -> tuple[str, str]:
    """User and password of what follows the :// of an address; the last @ ends them."""
    user, _, password = rest.rpartition("@")[0].partition(":")
    return user, password

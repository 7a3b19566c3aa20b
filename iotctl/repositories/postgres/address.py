"""Connection strings: parse them, refuse those that libpq misreads, and show them without a password."""

from __future__ import annotations

import re

import psycopg
from psycopg.conninfo import conninfo_to_dict

from iotctl.errors import ConfigurationError

_SCHEMES = ("postgresql", "postgres")
_SCHEME = re.compile(r"(jdbc:)?[a-z][a-z0-9]*(\+[a-z0-9]+)?")
_OTHER_DATABASES = ("mysql", "mariadb", "mongodb", "sqlite", "mssql", "oracle", "influxdb")
_SETTING = "IOTCTL_DATABASE_URL"
_FORM = "Its form: postgresql://USER:PASSWORD@HOST:5432/DATABASE."


def read_address(dsn: str) -> dict[str, str]:
    """The parts of a libpq connection string or URL by name. Raises ConfigurationError, which does not quote any part.

    libpq splits a URL with an @ or / in its password at the wrong place, takes the rest for a host, port or database,
    and shows it in its messages (manual, 32.1.1.2). Such a URL is refused before libpq gets it.
    """
    try:
        if _can_be_misread(dsn):
            raise ValueError
        parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
        if not all(port.isdecimal() for port in parts.get("port", "").split(",") if port):
            raise ValueError
        if "://" in parts.get("dbname", ""):
            raise ValueError
    except (psycopg.Error, ValueError):
        pass
    else:
        return parts
    # Raised outside of the handler, so that no traceback shows the message of libpq.
    raise _unusable(dsn)


def _unusable(dsn: str) -> ConfigurationError:
    scheme, found, _ = dsn.partition("://")
    if found and scheme not in _SCHEMES and _SCHEME.fullmatch(scheme):
        hint = _FORM if scheme not in _OTHER_DATABASES else f"iotctl works with PostgreSQL alone. {_FORM}"
        return ConfigurationError(f"{_SETTING} begins with {scheme}://, not with postgresql://.", hint=hint)
    if found and scheme in _SCHEMES:
        return ConfigurationError(
            f"{_SETTING} cannot be read.",
            hint=f"{_FORM} Percent-encode special characters of the password: @ is %40, / is %2F, : is %3A, ? is %3F, "
            "# is %23, % is %25. Or set PGPASSWORD.",
        )
    return ConfigurationError(f"{_SETTING} is not the address of a database.", hint=_FORM)


def shown_address(dsn: str) -> str:
    """The server as text: user, host, port and database, without the password."""
    try:
        parts = read_address(dsn)
    except ConfigurationError:
        return "(unreadable connection string)"
    host = parts.get("host") or parts.get("hostaddr") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    user = f"{parts['user']}@" if parts.get("user") else ""
    return f"{user}{host}{port}/{parts.get('dbname') or parts.get('user') or ''}"


def _can_be_misread(dsn: str) -> bool:
    scheme, found, rest = dsn.partition("://")
    if not found or scheme not in _SCHEMES:
        return False
    server, _, path = rest.partition("/")
    user = server.partition("@")[0].partition(":")[0] if "@" in server else ""
    return server.count("@") > 1 or "@" in path or any(char in user for char in "?=&")

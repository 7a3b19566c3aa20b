"""Checks the address of an S3 store: its form, and whether the server uses http or https."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from iotctl.errors import ConfigurationError

_FORM = "Write http://HOST:PORT or https://HOST:PORT, such as http://localhost:9000"
_SETTING = "IOTCTL_S3_ENDPOINT_URL"
_PROBE_SECONDS = 3.0
_SCHEME = re.compile(r"[A-Za-z0-9]+")
_REGION = re.compile(r"[A-Za-z0-9-]+")


def check_address(endpoint: str | None) -> None:
    """Raises ConfigurationError if the address of a store is wrong; it quotes no part that may be secret."""
    if endpoint is None:
        return
    if "@" in endpoint:  # boto3 quotes the address in its messages
        raise ConfigurationError(
            f"{_SETTING} holds a user or password.",
            hint="Set IOTCTL_S3_ACCESS_KEY and IOTCTL_S3_SECRET_KEY, and an address such as http://HOST:9000",
        )
    if "?" in endpoint or "#" in endpoint:
        raise ConfigurationError(f"{_SETTING} has a ? or # in it.", hint=_FORM)
    scheme, found, _ = endpoint.partition("://")
    if not found or scheme not in ("http", "https"):
        begins = f", but with {scheme}://" if found and _SCHEME.fullmatch(scheme) else ""
        raise ConfigurationError(f"{_SETTING} does not begin with http:// or https://{begins}.", hint=_FORM)
    if not _has_host_and_port(endpoint):
        raise ConfigurationError(f"{_SETTING} has no valid host and port.", where=endpoint, hint=_FORM)


def check_region(region: str | None) -> None:
    """Raises ConfigurationError if no region has this name."""
    if region is not None and not _REGION.fullmatch(region):
        raise ConfigurationError(
            f"IOTCTL_S3_REGION is not the name of a region: {region!r}.", hint="Names look like eu-central-1."
        )


def speaks_https(endpoint: str) -> bool:
    """Whether the server at an http:// address answers in TLS, so that https:// is needed."""
    parts = urlsplit(endpoint)
    if parts.scheme != "http" or parts.hostname is None:
        return False
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nothing is sent: only the answer is checked
    context.verify_mode = ssl.CERT_NONE
    with (
        suppress(OSError, ValueError),
        socket.create_connection((parts.hostname, parts.port or 80), timeout=_PROBE_SECONDS) as plain,
        context.wrap_socket(plain),
    ):
        return True
    return False


def _has_host_and_port(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", endpoint)
    except ValueError:
        return False

"""The webhook: one POST of JSON, retried with back-off; its errors do not contain the URL."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from iotctl import __version__
from iotctl.errors import IotctlError, UsageError

_TIMEOUT_SECONDS = 10.0
_WAIT_SECONDS = (0.5, 2.0, 8.0)

# Answers after which the same request may succeed; any other refusal is final.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


def check_url(url: str) -> None:
    """Raises UsageError for a URL that cannot be used. The error does not contain the URL, which may have a secret."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isascii() and url.isprintable()
        _ = parts.port
    except ValueError:
        usable = False
    if not usable or " " in url:
        raise UsageError("--notify needs an http or https URL.", hint="Such as https://hooks.example.com/T0K3N")
    if parts.username is not None:
        raise UsageError("--notify takes no user and password in the URL.", hint="Put a token into its path or query.")


def post(url: str, message: Mapping[str, object]) -> None:
    """Send a message; retries with back-off. Raises IotctlError, which has only the URL's host."""
    body = json.dumps(message, allow_nan=False).encode()
    for seconds in _waits():
        problem, final = _try_post(url, body)
        if problem is None:
            return
        if final or seconds is None:
            break
        time.sleep(seconds)
    parts = urlsplit(url)
    raise IotctlError(
        f"The events are saved, but {parts.scheme}://{parts.hostname} did not accept them: {problem}.",
        hint="The next run with --notify sends them.",
    )


def _waits() -> Iterator[float | None]:
    yield from _WAIT_SECONDS
    yield None


def _try_post(url: str, body: bytes) -> tuple[str | None, bool]:
    """What went wrong, or None; and whether another try is useless."""
    headers = {"Content-Type": "application/json", "User-Agent": f"iotctl/{__version__}"}
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 -- check_url has seen the scheme
    try:
        with build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_SECONDS):
            return None, False
    except HTTPError as error:
        error.close()
        return f"HTTP status {error.code}", error.code < HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in _PASSING
    except (URLError, OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        # Only the text of the system error: other texts may contain the URL.
        words = reason.strerror if isinstance(reason, OSError) else None
        return words or type(reason).__name__, False


class _NoRedirect(HTTPRedirectHandler):
    """Treats a redirect as a refusal: a redirected POST would become a GET somewhere else."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None

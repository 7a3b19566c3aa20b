"""Errors of an S3 store for people: what happened, at which store, and what to do next."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)
from botocore.parsers import ResponseParserError

from iotctl.errors import (
    ConfigurationError,
    FileError,
    ForbiddenError,
    IotctlError,
    NoKeysError,
    NotFoundError,
    UnreachableError,
)
from iotctl.sources.s3_address import speaks_https
from iotctl.sources.source import StoreSettings

_REFUSED = {
    "403",
    "401",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "InvalidToken",
    "AuthorizationHeaderMalformed",
    "AllAccessDisabled",
}
# OpenSSL's messages if the server answers without TLS.
_PLAIN_ANSWER = re.compile(r"(?i)wrong.version.number|record layer|http.request|unknown protocol|packet length")
_NO_CERTIFICATES = re.compile(r"(?i)no certificate or crl found|PEM lib|invalid path")


def store_error(error: ClientError | BotoCoreError, uri: str, store: StoreSettings) -> IotctlError:
    """The IotctlError that tells a user about an error of the store."""
    code = error_code(error)
    where = place(uri, store)
    match error:
        case NoCredentialsError():
            return NoKeysError(
                "No keys for the store are set.",
                where=where,
                hint="Set IOTCTL_S3_ACCESS_KEY and IOTCTL_S3_SECRET_KEY, or the usual AWS settings.",
            )
        case PartialCredentialsError():
            return half_a_key()
        case SSLError():
            return _tls_error(error, where, store)
        case HTTPClientError() if not isinstance(error, EndpointConnectionError) and _is_https(store):
            return _not_http(where)
        case EndpointConnectionError() | HTTPClientError():
            return UnreachableError(
                f"The store does not answer ({_way(error)}).",
                where=where,
                hint="Is it running? Check host and port in IOTCTL_S3_ENDPOINT_URL, or run: iotctl doctor",
            )
        case ResponseParserError():
            return not_a_store(where)
        case ClientError() if code == "500" and _is_web_page(error):  # botocore turns 200 without XML into 500
            return not_a_store(where)
        case _ if code in _REFUSED:
            return ForbiddenError(
                f"The store refused the key ({code}).",
                where=where,
                hint="Check IOTCTL_S3_ACCESS_KEY and IOTCTL_S3_SECRET_KEY, or run: iotctl doctor",
            )
        case _ if code == "NoSuchBucket":
            return NotFoundError(
                "There is no such bucket.", where=where, hint="Check its name, and the store's address."
            )
        case _ if code in {"NoSuchKey", "404"}:
            return NotFoundError("There is no such object.", where=where, hint=_key_hint(uri, store))
        case ClientError() if code == "400" and _is_https(store):
            return _not_http(where)
        case ClientError() if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:
            return UnreachableError(f"The store has an internal error ({code}).", where=where, hint="Run again later.")
        case _:
            return FileError(
                f"The store refused the request ({code or type(error).__name__}).",
                where=where,
                hint="Check the bucket's name, IOTCTL_S3_ENDPOINT_URL and IOTCTL_S3_REGION, or run: iotctl doctor",
            )


def place(uri: str, store: StoreSettings) -> str:
    """Where an error happened: the URI, and the store that was asked."""
    return f"{uri}, at {store.endpoint_url}" if store.endpoint_url else uri


def error_code(error: Exception) -> str:
    """The store's code of an error; empty if it has none."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def half_a_key() -> ConfigurationError:
    """The error for an access key without its secret key, or the reverse."""
    return ConfigurationError(
        "Only one half of the store's keys is set.", hint="Set both: IOTCTL_S3_ACCESS_KEY and IOTCTL_S3_SECRET_KEY."
    )


def not_a_store(where: str) -> UnreachableError:
    """The error for a server that is not an S3 store."""
    return UnreachableError(
        "What answers there is not an S3 store.",
        where=where,
        hint="Check the port in IOTCTL_S3_ENDPOINT_URL: MinIO answers S3 on 9000, and its web page is on 9001.",
    )


def _tls_error(error: SSLError, where: str, store: StoreSettings) -> IotctlError:
    if _PLAIN_ANSWER.search(str(error)):
        return UnreachableError(
            "The store does not speak https.",
            where=where,
            hint="Write http:// in place of https:// in IOTCTL_S3_ENDPOINT_URL.",
        )
    if store.ca_file and _NO_CERTIFICATES.search(str(error)):
        return ConfigurationError(
            "There is no certificate in the file of IOTCTL_S3_CA_FILE.", where=store.ca_file, hint="It must be PEM."
        )
    return UnreachableError(
        f"The store's certificate is not trusted: {_reason(error)}.",
        where=where,
        hint="Set IOTCTL_S3_CA_FILE to its authority's certificate (PEM), or IOTCTL_S3_VERIFY_TLS=false.",
    )


def _not_http(where: str) -> UnreachableError:
    return UnreachableError(
        "The store speaks https, not http.",
        where=where,
        hint="Write https:// in place of http:// in IOTCTL_S3_ENDPOINT_URL.",
    )


def _is_https(store: StoreSettings) -> bool:
    return store.endpoint_url is not None and speaks_https(store.endpoint_url)


def _is_web_page(error: ClientError) -> bool:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("content-type", "")).startswith("text/html")


def _way(error: Exception) -> str:
    """Why it does not answer, in a few words."""
    text = str(error) + str(getattr(error, "kwargs", {}).get("error", ""))
    if re.search(r"(?i)name or service not known|getaddrinfo|name resolution|nodename", text):
        return "there is no host of this name"
    if re.search(r"(?i)refused", text):
        return "connection refused"
    return type(error).__name__.removesuffix("Error")


def _key_hint(uri: str, store: StoreSettings) -> str:
    bucket = uri.removeprefix("s3://").partition("/")[0]
    path = urlsplit(store.endpoint_url or "").path.strip("/")
    if path and path.rpartition("/")[2] == bucket:
        return f"IOTCTL_S3_ENDPOINT_URL ends in the bucket {bucket}. Write only the server: http://HOST:PORT"
    return "Check the bucket and the key."


def _reason(error: SSLError) -> str:
    """OpenSSL's own words, without the address and the library around them."""
    return re.sub(r".*\[SSL[^\]]*\] *|\(_ssl.*", "", str(error), flags=re.DOTALL).strip() or "no TLS"

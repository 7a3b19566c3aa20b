"""Objects in S3 and in stores that speak its protocol (MinIO and others)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import boto3
import urllib3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    HTTPClientError,
    PartialCredentialsError,
)
from urllib3.exceptions import HTTPError

from iotctl.errors import ChangedFileError, ConfigurationError, NotFoundError, NothingThereError, UsageError
from iotctl.model import StoredFile
from iotctl.sources.body import ResumingBody
from iotctl.sources.names import is_hidden
from iotctl.sources.s3_address import check_address, check_region
from iotctl.sources.s3_errors import error_code, half_a_key, not_a_store, place, store_error
from iotctl.sources.s3_nearby import keys_near, missing
from iotctl.sources.source import StoreSettings

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_BUFFER_BYTES = 1024 * 1024

# Requests at once over one client: for each worker a file and its read-ahead, and the listing.
_CONNECTIONS = 64

# The exceptions of a broken, reset or silent connection, from all layers; a retry may help.
_BROKEN = (HTTPClientError, EndpointConnectionError, HTTPError, HTTPException, OSError)

# Names of access points are also allowed.
_BUCKET = re.compile(r"[A-Za-z0-9._-]+|arn:[A-Za-z0-9:._-]+")


class S3Source:
    """Objects of an S3 store; an object's version is its ETag."""

    def __init__(self, store: StoreSettings) -> None:
        self._store = store
        self._client = _client(store)

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Every object with the prefix, in order of key, in pages of 1000, without hidden ones."""
        bucket, prefix = _split(uri)
        empty = True
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                listed = _answered(page["ResponseMetadata"]["HTTPHeaders"])
                for entry in page.get("Contents", []):
                    key = entry["Key"]
                    if key.endswith("/"):  # a marker of a folder
                        continue
                    empty = False
                    if key != prefix and is_hidden(key.removeprefix(prefix)):
                        continue
                    yield StoredFile(
                        f"s3://{bucket}/{key}",
                        entry["Size"],
                        entry["ETag"].strip('"'),
                        entry["LastModified"],
                        listed,
                    )
        except (ClientError, BotoCoreError) as error:
            raise missing(error, uri, self._store, self._client) from error
        if empty:
            raise NothingThereError(
                "There are no objects under this prefix.",
                where=place(uri, self._store),
                hint=keys_near(self._client, bucket, prefix) or "Check the bucket and the prefix.",
            )

    def join(self, uri: str, name: str) -> str:
        """The prefix, a / if it does not end in one, and the name."""
        return f"{uri.rstrip('/')}/{name}"

    def below(self, uri: str, file: StoredFile) -> str:
        """The key after the prefix; the last part of the key if the prefix does not match."""
        rest = file.uri.removeprefix(uri).lstrip("/")
        return rest if rest and rest != file.uri else file.uri.rpartition("/")[2]

    def names(self, uri: str, file: StoredFile) -> bool:
        """Whether the URI is the object's own."""
        return file.uri == uri

    def stat(self, uri: str) -> StoredFile:
        """The object at uri."""
        bucket, key = _split(uri)
        if not key or key.endswith("/"):
            raise NotFoundError(
                "This is a prefix, not an object.",
                where=place(uri, self._store),
                hint=keys_near(self._client, bucket, f"{key}*") or "Name an object.",
            )
        try:
            head = self._client.head_object(Bucket=bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise missing(error, uri, self._store, self._client) from error
        if "ETag" not in head:  # a web page, for example
            raise not_a_store(place(uri, self._store))
        listed = _answered(head["ResponseMetadata"]["HTTPHeaders"])
        return StoredFile(uri, head["ContentLength"], head["ETag"].strip('"'), head["LastModified"], listed)

    def open(self, file: StoredFile, offset: int = 0) -> BinaryIO:
        """The object's bytes from offset on. After a broken connection it goes on by a range request."""
        bucket, key = _split(file.uri)

        def open_at(position: int) -> BinaryIO:
            try:
                answer = self._client.get_object(Bucket=bucket, Key=key, Range=f"bytes={position}-")
            except _BROKEN:
                raise
            except (ClientError, BotoCoreError) as error:
                if error_code(error) in {"NoSuchKey", "404", "InvalidRange", "416"}:
                    raise _changed(file) from error
                raise store_error(error, file.uri, self._store) from error
            # Without If-Match: a store that does not support it would return any version.
            if answer["ETag"].strip('"') != file.version or answer["ContentLength"] != file.size - position:
                raise _changed(file)
            return cast("BinaryIO", _Body(answer["Body"]))

        return io.BufferedReader(ResumingBody(file, offset, open_at, _BROKEN, self._store.wait_seconds), _BUFFER_BYTES)


class _Body(io.RawIOBase):
    """The bytes of a response, from the socket into the reader's buffer. botocore and urllib3 would copy them twice.

    (Measured: 45 ms of one core against 90 ms per 40 MB.) A body that ends early looks like the end of the file, so the
    reader must check the length.
    """

    def __init__(self, body: StreamingBody) -> None:
        self._answer = body._raw_stream  # type: ignore[attr-defined]  # not in the stubs
        self._socket = self._answer._fp

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed: any buffer
        return int(self._socket.readinto(buffer))

    def close(self) -> None:
        if self._socket.isclosed():
            self._answer.release_conn()  # after the last byte the connection can be used again
        else:
            self._answer.close()
        super().close()


@lru_cache(maxsize=8)
def _client(store: StoreSettings) -> S3Client:
    """One client for all threads: making one takes 0.1 s, and sharing is safe (boto3, "Clients")."""
    check_address(store.endpoint_url)
    check_region(store.region)
    config = Config(
        signature_version="s3v4",
        # Other stores than AWS seldom have a DNS entry per bucket.
        s3={"addressing_style": "path" if store.endpoint_url else "auto"},
        connect_timeout=store.connect_seconds,
        read_timeout=store.read_seconds,
        retries={"mode": "standard", "total_max_attempts": 4},
        max_pool_connections=_CONNECTIONS,
        # Older versions of MinIO reject the newer checksum headers.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    if not store.verify_tls:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # it prints a line per request
    if store.ca_file and not Path(store.ca_file).is_file():
        raise ConfigurationError(
            "There is no file with the store's authorities.", where=store.ca_file, hint="Check IOTCTL_S3_CA_FILE."
        )
    try:
        return boto3.session.Session().client(
            "s3",
            endpoint_url=store.endpoint_url,
            aws_access_key_id=store.access_key,
            aws_secret_access_key=store.secret_key,
            region_name=store.region or ("us-east-1" if store.endpoint_url else None),
            # None: AWS_CA_BUNDLE, or the certificates of botocore.
            verify=(store.ca_file or None) if store.verify_tls else False,
            config=config,
        )
    except PartialCredentialsError:
        raise half_a_key() from None
    except (ValueError, BotoCoreError):
        raise ConfigurationError(
            "The store's address cannot be used.",
            where=store.endpoint_url,
            hint="Check IOTCTL_S3_ENDPOINT_URL and IOTCTL_S3_REGION.",
        ) from None


def _answered(headers: Mapping[str, str]) -> datetime:
    """The time of a response by the clock of the store, which also dates its objects."""
    try:
        moment = parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _split(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not _BUCKET.fullmatch(bucket):
        # Not quoted: some people write keys before the bucket.
        raise UsageError(
            "There is no valid name of a bucket after s3://.",
            hint="Write s3://BUCKET/KEY; a bucket has letters, digits, dots and dashes, and no blanks.",
        )
    return bucket, key


def _changed(file: StoredFile) -> ChangedFileError:
    return ChangedFileError(
        "The object changed or vanished while it was read.", where=file.uri, hint="Run again to load its new version."
    )

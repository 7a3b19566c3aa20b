"""Hints with existing names for a bucket or key that does not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from iotctl.errors import IotctlError, NotFoundError
from iotctl.near_names import near_names
from iotctl.sources.s3_errors import error_code, store_error
from iotctl.sources.source import StoreSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SHOWN = 5


def missing(error: ClientError | BotoCoreError, uri: str, store: StoreSettings, client: S3Client) -> IotctlError:
    """The error of store_error; if something does not exist, with a hint of similar names."""
    told = store_error(error, uri, store)
    if not isinstance(told, NotFoundError):
        return told
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    try:
        hint = buckets_near(client, bucket) if error_code(error) == "NoSuchBucket" else keys_near(client, bucket, key)
    except ClientError as no_bucket:  # for a single object, the store only says that it does not exist
        return missing(no_bucket, uri, store, client)
    told.hint = hint or told.hint
    return told


def buckets_near(client: S3Client, bucket: str) -> str | None:
    """A hint with names of buckets; None if the store does not list them for this user."""
    try:
        names = [found["Name"] for found in client.list_buckets().get("Buckets", [])]
    except (ClientError, BotoCoreError):
        return None
    near = near_names(bucket, names, 1)
    if near:
        return f"Did you mean s3://{near[0]}/?"
    return f"The store has the buckets: {_listed(names)}" if names else None


def keys_near(client: S3Client, bucket: str, key: str) -> str | None:
    """A hint with the names in the nearest folder above a key or prefix that has any; None if there are none.

    Needs at most one request per folder of the key. Raises ClientError for a bucket that does not exist.
    """
    parts = key.rstrip("/").split("/")
    for depth in range(len(parts) - 1, -1, -1):
        above = "".join(f"{part}/" for part in parts[:depth])
        try:
            page = client.list_objects_v2(Bucket=bucket, Prefix=above, Delimiter="/", MaxKeys=1000)
        except ClientError as error:
            if error_code(error) == "NoSuchBucket":
                raise
            return None
        except BotoCoreError:
            return None
        names = [entry["Prefix"].removeprefix(above) for entry in page.get("CommonPrefixes", [])]
        names += [entry["Key"].removeprefix(above) for entry in page.get("Contents", []) if entry["Key"] != above]
        if names:
            near = near_names(parts[depth], [name.rstrip("/") for name in names], 1)
            place = f"s3://{bucket}/{above}"
            if near:
                folder = "/" if near[0] not in names else ""
                return f"Did you mean {place}{near[0]}{folder}?"
            return f"In {place} there {'is' if len(names) == 1 else 'are'}: {_listed(names)}"
    return f"The bucket {bucket} is empty."


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
